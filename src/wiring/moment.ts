/** TIME of --at, read on the clock of this machine, where the person who asks lives. */
import { type LocalTime, type Moment, parseMoment } from '../core/moment.js';

/** null where it was not given. Throws UsageError that points at what can't be read. */
export function readMoment(text: string | undefined): Moment | null {
  return text === undefined ? null : parseMoment(text, localTime);
}

const localTime: LocalTime = (year, month, day, hour, minute, second) =>
  new Date(year, month - 1, day, hour, minute, second).getTime();

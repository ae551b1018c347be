/** TIME of --at, read on the clock of this machine, where the person who asks lives. */
import { type Moment, parseMoment } from '../core/moment.js';

/** null where it was not given. Throws UsageError that points at what can't be read. */
export function readMoment(text: string | undefined): Moment | null {
  return text === undefined ? null : parseMoment(text, localTime);
}

function localTime(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}

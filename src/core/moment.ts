/**
 * TIME of `--at`: a date, a date-time (ISO 8601), or the number of a run. A time means the account as it
 * was then: what the last run knew that had ended by then. What the time leaves open is taken as late as it
 * can be: a date is the end of that day, a minute the end of that minute.
 */
import { UsageError } from './errors.js';
import { pointAt } from './query/query-error.js';

export type Moment =
  /** Number of a run as `history` shows it. */
  | { readonly kind: 'run'; readonly run: number }
  /** Milliseconds since 1970 UTC, inclusive. */
  | { readonly kind: 'time'; readonly time: number };

/** Milliseconds since 1970 UTC of a time on the clock of the user's zone; month 1 to 12. */
export type LocalTime = (
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
) => number;

const RUN = /^\d{1,9}$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](.*))?$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(.*)$/;
const ZONE = /^(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/;

const DAY = 86_400_000;
const MINUTE = 60_000;
const SECOND = 1000;

/** Throws UsageError that points at what can't be read. */
export function parseMoment(text: string, localTime: LocalTime): Moment {
  if (RUN.test(text)) return { kind: 'run', run: Number(text) };
  const fail = (reason: string, part: string): never => {
    const start = text.length - part.length;
    throw new UsageError(`${reason}\n${pointAt(text, start, text.length)}`, EXAMPLES);
  };
  const date = DATE.exec(text);
  if (date === null) return fail('expected a date, a date and time, or the number of a run', text);
  const [year, month, day] = [Number(date[1]), Number(date[2]), Number(date[3])];
  if (!isDay(year, month, day)) return fail('this is no day of the calendar', text);
  const clock = date[4];
  if (clock === undefined) {
    const next = new Date(Date.UTC(year, month - 1, day + 1));
    const end = localTime(next.getUTCFullYear(), next.getUTCMonth() + 1, next.getUTCDate(), 0, 0, 0);
    return { kind: 'time', time: end - 1 };
  }
  const time = TIME.exec(clock);
  if (time === null) return fail('expected a time such as 14:30 or 14:30:59', clock);
  const [hour, minute, second] = [Number(time[1]), Number(time[2]), Number(time[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return fail('this is no time of the day', clock);
  const zone = time[5]!;
  const offset = zone === '' ? null : zoneOffset(zone);
  if (Number.isNaN(offset)) return fail('expected a zone such as Z or +02:00', zone);
  const start =
    offset === null
      ? localTime(year, month, day, hour, minute, second)
      : Date.UTC(year, month - 1, day, hour, minute, second) - offset;
  return { kind: 'time', time: start + restOf(time[3], time[4]) };
}

const EXAMPLES = 'examples: 2026-03-31, 2026-03-31T14:30, 2026-03-31T12:30:00Z, or 12 for run 12';

/** What is left of the smallest unit that was written. */
function restOf(second: string | undefined, fraction: string | undefined): number {
  if (second === undefined) return MINUTE - 1;
  if (fraction === undefined) return SECOND - 1;
  const digits = fraction.slice(0, 3);
  return Number(digits.padEnd(3, '0')) + 10 ** (3 - digits.length) - 1;
}

/** Milliseconds east of UTC; NaN for what is no zone. */
function zoneOffset(zone: string): number {
  const match = ZONE.exec(zone);
  if (match === null || Number(match[2] ?? 0) > 23 || Number(match[3] ?? 0) > 59) return Number.NaN;
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
  return (match[1] === '-' ? -minutes : minutes) * MINUTE;
}

/** Years below 1900 are older than mail, and mean other years to many a clock. */
function isDay(year: number, month: number, day: number): boolean {
  if (year < 1900 || month < 1 || month > 12 || day < 1) return false;
  return new Date(Date.UTC(year, month - 1, 1) + (day - 1) * DAY).getUTCMonth() === month - 1;
}

/**
 * INTERNALDATE both ways (RFC 9051 section 9, `date-time`). The zone is kept beside the instant, because a
 * restore has to write back the text that was there; a JavaScript Date would lose it.
 */
import { COLON, isDigit, PLUS, SPACE, skipSpaces, ZERO } from './bytes.js';

export interface InternalDate {
  /** Seconds since 1970-01-01T00:00:00Z, may be negative. */
  readonly epochSeconds: number;
  /** Minutes east of UTC. */
  readonly zoneMinutes: number;
}

const MINUS = 45;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Reads `dd-Mon-yyyy hh:mm:ss +zzzz` in [start, end). The day may be ` 1`, `01` or (some servers) `1`.
 * Null for anything that is no real date: Icewarp and others send placeholders.
 */
export function parseInternalDate(bytes: Buffer, start: number, end: number): InternalDate | null {
  let at = skipSpaces(bytes, start, end);
  const dayLength = isDigit(bytes[at + 1]) ? 2 : 1;
  const day = number(bytes, at, dayLength);
  at += dayLength;
  if (end - at !== 24 || bytes[at] !== MINUS || bytes[at + 4] !== MINUS || bytes[at + 9] !== SPACE)
    return null;
  if (bytes[at + 12] !== COLON || bytes[at + 15] !== COLON || bytes[at + 18] !== SPACE) return null;
  const month = monthAt(bytes, at + 1);
  const year = number(bytes, at + 5, 4);
  const hour = number(bytes, at + 10, 2);
  const minute = number(bytes, at + 13, 2);
  const second = number(bytes, at + 16, 2);
  const sign = bytes[at + 19] === PLUS ? 1 : bytes[at + 19] === MINUS ? -1 : 0;
  const zoneHours = number(bytes, at + 20, 2);
  const zoneRest = number(bytes, at + 22, 2);
  if (month < 0 || sign === 0 || year < 1 || day < 1 || day > daysIn(year, month)) return null;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return null;
  if (zoneHours < 0 || zoneHours > 23 || zoneRest < 0 || zoneRest > 59) return null;
  const zoneMinutes = sign * (zoneHours * 60 + zoneRest);
  const epochSeconds = daysSinceEpoch(year, month + 1, day) * 86_400 + hour * 3600 + minute * 60 + second;
  return { epochSeconds: epochSeconds - zoneMinutes * 60, zoneMinutes: zoneMinutes === 0 ? 0 : zoneMinutes };
}

/**
 * The text that APPEND wants, day padded with a space, without the quotes. Throws RangeError for a date
 * that has no such text (a year outside 1..9999, a zone of a day or more).
 */
export function formatInternalDate(date: InternalDate): string {
  const { epochSeconds, zoneMinutes } = date;
  const local = new Date((epochSeconds + zoneMinutes * 60) * 1000);
  const year = local.getUTCFullYear();
  if (!(year >= 1 && year <= 9999) || Math.abs(zoneMinutes) >= 1440 || !Number.isInteger(zoneMinutes)) {
    throw new RangeError(`no INTERNALDATE text for ${epochSeconds} at zone ${zoneMinutes}`);
  }
  const two = (value: number) => `${value}`.padStart(2, '0');
  const day = `${local.getUTCDate()}`.padStart(2, ' ');
  const zone = Math.abs(zoneMinutes);
  const sign = zoneMinutes < 0 ? '-' : '+';
  return (
    `${day}-${MONTHS[local.getUTCMonth()]}-${`${year}`.padStart(4, '0')} ` +
    `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())} ` +
    `${sign}${two(Math.trunc(zone / 60))}${two(zone % 60)}`
  );
}

/** The number in exactly `length` digits, -1 where they are not digits. */
function number(bytes: Buffer, at: number, length: number): number {
  let value = 0;
  for (let index = at; index < at + length; index += 1) {
    if (!isDigit(bytes[index])) return -1;
    value = value * 10 + bytes[index]! - ZERO;
  }
  return value;
}

function monthAt(bytes: Buffer, at: number): number {
  const first = bytes[at]! | 32;
  const second = bytes[at + 1]! | 32;
  const third = bytes[at + 2]! | 32;
  for (let month = 0; month < 12; month += 1) {
    const name = MONTHS[month]!;
    if (
      (name.charCodeAt(0) | 32) === first &&
      name.charCodeAt(1) === second &&
      name.charCodeAt(2) === third
    ) {
      return month;
    }
  }
  return -1;
}

function daysIn(year: number, month: number): number {
  if (month === 1) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar, years counted from March (months 1..12). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

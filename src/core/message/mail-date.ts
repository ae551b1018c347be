/**
 * The date of a header field. Only what has the shape of RFC 5322 3.3 (old two-digit years and zone names included) is a
 * date: JavaScript's own parser finds a year in any text with a number, in whatever zone it runs.
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 5322 4.3; hours from UTC. Any other name says nothing and counts as UTC. */
const ZONES: Readonly<Record<string, number>> = {
  EDT: -4,
  EST: -5,
  CDT: -5,
  CST: -6,
  MDT: -6,
  MST: -7,
  PDT: -7,
  PST: -8,
};

const SHAPE =
  /(?:^|[\s,])(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?[\s-]+(\d{2,4})\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?\s*(?:([+-]\d{2}):?(\d{2})|([a-z]{1,5}))?/i;

/** What some newsreaders wrote; without a zone it counts as UTC. */
const ISO_SHAPE = /^\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?\s*$/;

/** Milliseconds since 1970 UTC; null if the text is no date. */
export function parseDateField(text: string): number | null {
  const iso = ISO_SHAPE.exec(text.slice(0, 200));
  if (iso) {
    const day = Date.parse(`${iso[1]}T00:00Z`);
    const time = Date.parse(`${iso[1]}T${iso[2]}${iso[3] ?? 'Z'}`);
    // 31 February would be 3 March.
    if (Number.isNaN(time) || new Date(day).toISOString().slice(0, 10) !== iso[1]) return null;
    return time;
  }
  const match = SHAPE.exec(text.slice(0, 200));
  if (!match) return null;
  const month = MONTHS.indexOf(match[2]!.toLowerCase());
  const [day, hour, minute] = [Number(match[1]), Number(match[4]), Number(match[5])];
  // 60 is a leap second.
  const second = Number(match[6] ?? 0);
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(fullYear(match[3]!), month, day);
  if (date.getUTCDate() !== day) return null;
  return date.setUTCHours(hour, minute, second) - zoneOffset(match) * 60_000;
}

function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

/** Minutes east of UTC. */
function zoneOffset(match: RegExpExecArray): number {
  if (match[7] !== undefined) {
    const minutes = Math.abs(Number(match[7])) * 60 + Number(match[8]);
    return match[7].startsWith('-') ? -minutes : minutes;
  }
  return (ZONES[(match[9] ?? '').toUpperCase()] ?? 0) * 60;
}

/**
 * Is this a cron expression of five or six fields that comes due at some time? Standard syntax only:
 * `*`, numbers, ranges, lists, steps and the English names of months and weekdays. Every expression
 * accepted here is one that the scheduler accepts; "31 February" and its like never come due and are
 * refused, since a backup that never runs must not look configured.
 */

interface Field {
  readonly first: number;
  readonly last: number;
  readonly names: readonly string[];
}

const SECOND: Field = { first: 0, last: 59, names: [] };
const MINUTE: Field = SECOND;
const HOUR: Field = { first: 0, last: 23, names: [] };
const DAY: Field = { first: 1, last: 31, names: [] };
const MONTH: Field = {
  first: 1,
  last: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
/** 7 is Sunday again. */
const WEEKDAY: Field = { first: 0, last: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function isCronExpression(text: string): boolean {
  const parts = text.trim().split(/[ \t]+/);
  if (parts.length !== 5 && parts.length !== 6) return false;
  const fields = [SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY].slice(6 - parts.length);
  const values = fields.map((field, index) => expand(parts[index]!, field));
  const [days, months] = values.slice(-3);
  if (values.includes(null) || !days || !months) return false;
  return [...months].some((month) => Math.min(...days) <= LONGEST_MONTHS[month - 1]!);
}

/** The values a field stands for, or null where it is not a field. */
function expand(text: string, field: Field): Set<number> | null {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(item);
    if (!match) return null;
    const [, star, low, high, stepText] = match;
    // A step needs something to step through.
    if (stepText !== undefined && star === undefined && high === undefined) return null;
    const first = star ? field.first : numberOf(low!, field);
    const last = star ? field.last : high === undefined ? first : numberOf(high, field);
    const step = stepText === undefined ? 1 : Number(stepText);
    if (first === null || last === null || first > last || step < 1) return null;
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function numberOf(text: string, field: Field): number | null {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0) return named + field.first;
  if (!/^\d{1,2}$/.test(text)) return null;
  const value = Number(text);
  return value >= field.first && value <= field.last ? value : null;
}

/**
 * The fields of the query language and what their values mean. A DATE is a day in the local zone (`7d` is
 * the day seven days ago), so `after:` begins with that day and `before:` ends ahead of it. A SIZE is in
 * octets, K, M and G are 1024 to the power of 1, 2 and 3.
 */
import { closestWord } from '../text/closest-word.js';

export interface QueryContext {
  /** Milliseconds since 1970 UTC. */
  readonly now: number;
  /** When a day begins in the user's zone, milliseconds since 1970 UTC; month 1 to 12. */
  startOfLocalDay(year: number, month: number, day: number): number;
}

export type TextField = 'from' | 'to' | 'cc' | 'subject' | 'filename';

export type MessageState = 'seen' | 'unseen' | 'flagged' | 'removed';

export type FieldValue =
  /** A path or glob for mailbox-glob.ts, compared without case. */
  | { readonly kind: 'in'; readonly mailbox: string }
  /** At or after this time, milliseconds since 1970 UTC. */
  | { readonly kind: 'after'; readonly time: number }
  /** Before this time. */
  | { readonly kind: 'before'; readonly time: number }
  /** More octets than this. */
  | { readonly kind: 'larger'; readonly size: number }
  /** Fewer octets than this. */
  | { readonly kind: 'smaller'; readonly size: number }
  | { readonly kind: 'has-attachment' }
  | { readonly kind: 'is'; readonly state: MessageState }
  /** Message-ID without its angle brackets. */
  | { readonly kind: 'id'; readonly messageId: string };

/** What each field expects. */
export const FIELD_NAMES = {
  from: 'a name or an address',
  to: 'a name or an address',
  cc: 'a name or an address',
  subject: 'a word or a "phrase"',
  filename: 'a word or a "phrase"',
  in: 'a mailbox',
  after: 'a date',
  before: 'a date',
  larger: 'a size',
  smaller: 'a size',
  has: '"attachment"',
  is: '"seen", "unseen", "flagged" or "removed"',
  id: 'a Message-ID',
} as const;

export type FieldName = keyof typeof FIELD_NAMES;

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELD_NAMES, name);
}

type Fail = (reason: string) => never;

const STATES: readonly MessageState[] = ['seen', 'unseen', 'flagged', 'removed'];

/** What other programs call our states. */
const OTHER_STATES: Readonly<Record<string, MessageState>> = {
  read: 'seen',
  unread: 'unseen',
  new: 'unseen',
  starred: 'flagged',
  important: 'flagged',
  deleted: 'removed',
};

/** `fail` throws; the value is not empty. */
export function parseField(
  name: FieldName,
  value: string,
  context: QueryContext,
  fail: Fail,
): FieldValue | { readonly kind: 'text'; readonly field: TextField } {
  switch (name) {
    case 'from':
    case 'to':
    case 'cc':
    case 'subject':
    case 'filename':
      return { kind: 'text', field: name };
    case 'in':
      return { kind: 'in', mailbox: value };
    case 'after':
    case 'before':
      return { kind: name, time: dateOf(value, context, fail) };
    case 'larger':
    case 'smaller':
      return { kind: name, size: sizeOf(value, fail) };
    case 'has':
      if (value.toLowerCase() !== 'attachment') fail('expected "attachment" after has:');
      return { kind: 'has-attachment' };
    case 'is':
      return { kind: 'is', state: stateOf(value.toLowerCase(), fail) };
    case 'id':
      return { kind: 'id', messageId: bareMessageId(value) };
  }
}

/** Message-IDs are compared without the angle brackets, which people leave out. */
export function bareMessageId(messageId: string): string {
  return messageId.trim().replace(/^<(.*)>$/s, '$1');
}

function stateOf(value: string, fail: Fail): MessageState {
  const state = STATES.find((known) => known === value);
  if (state !== undefined) return state;
  const meant = Object.hasOwn(OTHER_STATES, value) ? OTHER_STATES[value] : closestWord(value, STATES);
  return fail(`expected ${FIELD_NAMES.is} after is:${meant ? `; did you mean "is:${meant}"?` : ''}`);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

function sizeOf(value: string, fail: Fail): number {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([KMG]?)$/i.exec(value);
  const unit = match && UNITS[match[2]!.toUpperCase()];
  if (!match || unit === undefined || unit === null) {
    return fail('expected a size such as 200K, 5M or 1.5G (a number alone is octets)');
  }
  return Math.round(Number(match[1]) * unit);
}

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Mail is younger; and years below 100 mean other years to many a clock. */
const FIRST_YEAR = 1900;

function dateOf(value: string, context: QueryContext, fail: Fail): number {
  const absolute = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  const ago = /^(\d{1,5})([dwmy])$/i.exec(value);
  if (!absolute && !ago) return fail('expected a date such as 2026-03-31, or 7d, 3w, 2m, 1y ago');
  const wanted = absolute
    ? { year: Number(absolute[1]), month: Number(absolute[2]), day: Number(absolute[3]) }
    : dayAgo(today(context), Number(ago![1]), ago![2]!.toLowerCase());
  if (wanted.year < FIRST_YEAR) return fail(`expected a date from ${FIRST_YEAR} on`);
  if (wanted.month < 1 || wanted.month > 12 || wanted.day < 1 || wanted.day > daysIn(wanted)) {
    return fail(`${value} is no day of the calendar`);
  }
  return context.startOfLocalDay(wanted.year, wanted.month, wanted.day);
}

/** The local day that holds `now`: zones reach at most a day from UTC. */
function today({ now, startOfLocalDay }: QueryContext): Day {
  for (let offset = 1; offset > -1; offset--) {
    const day = shifted(dayOf(now), offset);
    if (startOfLocalDay(day.year, day.month, day.day) <= now) return day;
  }
  return shifted(dayOf(now), -1);
}

function dayAgo(from: Day, count: number, unit: string): Day {
  if (unit === 'd') return shifted(from, -count);
  if (unit === 'w') return shifted(from, -7 * count);
  const months = from.year * 12 + from.month - 1 - count * (unit === 'y' ? 12 : 1);
  const year = Math.floor(months / 12);
  const month = (((months % 12) + 12) % 12) + 1;
  // A month before 31 March is the last day of February.
  return { year, month, day: Math.min(from.day, daysIn({ year, month })) };
}

function shifted({ year, month, day }: Day, days: number): Day {
  return dayOf(Date.UTC(year, month - 1, day + days));
}

function dayOf(time: number): Day {
  const date = new Date(time);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function daysIn({ year, month }: { year: number; month: number }): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

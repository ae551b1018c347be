// Sequence sets (RFC 9051 9, "sequence-set"): parsed from a command, resolved against the ascending UIDs a
// session can see, and written back in their shortest form. `*` is kept as infinity until the mailbox is
// known, because `n:*` means "at least the last message", also when n is beyond it.

import { bad } from './command-error.js';

export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

export type SequenceSet = readonly NumberRange[];

const LARGEST = 4_294_967_295;

export function parseSequenceSet(text: string): SequenceSet {
  return text.split(',').map((part) => {
    const ends = part.split(':').map(parseEnd);
    const [first, last = first] = ends;
    if (first === undefined || last === undefined || ends.length > 2) throw bad('Invalid messageset');
    return { from: Math.min(first, last), to: Math.max(first, last) };
  });
}

function parseEnd(text: string): number {
  if (text === '*') return Number.POSITIVE_INFINITY;
  const number = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > LARGEST) throw bad('Invalid messageset');
  return number;
}

export function includes(set: SequenceSet, number: number): boolean {
  return set.some((range) => range.from <= number && number <= range.to);
}

/** Half-open index ranges, ascending and apart, of the UIDs (first `count` of `uids`) that a set names. */
export function indexesOf(
  set: SequenceSet,
  uids: readonly number[],
  count: number,
  byUid: boolean,
): NumberRange[] {
  const largest = byUid ? (uids[count - 1] ?? 0) : count;
  const found: NumberRange[] = [];
  for (const range of set) {
    const from = range.from === Number.POSITIVE_INFINITY ? largest : range.from;
    const to = range.to === Number.POSITIVE_INFINITY ? largest : range.to;
    const [low, high] = from <= to ? [from, to] : [to, from];
    if (!byUid && (low < 1 || high > count)) throw bad('Invalid messageset');
    found.push(
      byUid
        ? { from: lowerBound(uids, count, low), to: lowerBound(uids, count, high + 1) }
        : { from: low - 1, to: high },
    );
  }
  return merged(found);
}

function merged(ranges: NumberRange[]): NumberRange[] {
  const sorted = ranges.filter((range) => range.from < range.to).sort((a, b) => a.from - b.from);
  const result: NumberRange[] = [];
  for (const range of sorted) {
    const last = result.at(-1);
    if (last !== undefined && range.from <= last.to) {
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else {
      result.push(range);
    }
  }
  return result;
}

/** The first index among the first `count` UIDs whose UID is at least `uid`. */
export function lowerBound(uids: readonly number[], count: number, uid: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uids[middle]! < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ascending numbers as a set: `[1, 2, 3, 7]` is `1:3,7`. */
export function formatSequenceSet(numbers: readonly number[]): string {
  const parts: string[] = [];
  let start = 0;
  for (let at = 1; at <= numbers.length; at++) {
    if (at < numbers.length && numbers[at] === numbers[at - 1]! + 1) continue;
    const [first, last] = [numbers[start]!, numbers[at - 1]!];
    parts.push(first === last ? String(first) : `${first}:${last}`);
    start = at;
  }
  return parts.join(',');
}

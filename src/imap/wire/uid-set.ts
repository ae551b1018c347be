/**
 * A set of 32-bit UIDs kept as ascending, disjoint, non-adjacent ranges, so that `1:4294967295` costs as
 * much as `1`. UIDs added in ascending order, the normal case, cost nothing; others wait in a small side
 * set and are merged in bulk, so that a server that sends them shuffled cannot make adding quadratic.
 */
import { COLON, COMMA, isDigit, MAX_NUMBER_32, ZERO } from './bytes.js';

/** More ranges than this in one answer is not a mailbox but an attack. */
const MAX_RANGES = 8_000_000;
const SIDE_SET_MINIMUM = 1024;

export class UidSet {
  #firsts: number[] = [];
  #lasts: number[] = [];
  #strays = new Set<number>();
  #strayRanges: [first: number, last: number][] = [];

  /** Throws RangeError for a UID outside 1..4294967295. */
  static of(...uids: readonly number[]): UidSet {
    return UidSet.from(uids);
  }

  /** Throws RangeError for a UID outside 1..4294967295. */
  static from(uids: Iterable<number>): UidSet {
    const set = new UidSet();
    for (const uid of uids) set.add(uid);
    return set;
  }

  /** All UIDs from `first` to `last`, both included. Empty where `last` < `first`. */
  static range(first: number, last: number): UidSet {
    const set = new UidSet();
    if (first <= last) set.addRange(first, last);
    return set;
  }

  /**
   * Reads RFC 9051 `uid-set` without `*`, as it stands in VANISHED, ESEARCH and APPENDUID. Ranges may be
   * reversed, unordered and overlapping. Returns null where the bytes are anything else.
   */
  static parse(bytes: Buffer, start = 0, end: number = bytes.length): UidSet | null {
    const set = new UidSet();
    let at = start;
    let ranges = 0;
    while (at < end) {
      const first = readUid(bytes, at, end);
      if (first === 0) return null;
      at += digits(bytes, at, end);
      let last = first;
      if (at < end && bytes[at] === COLON) {
        at += 1;
        last = readUid(bytes, at, end);
        if (last === 0) return null;
        at += digits(bytes, at, end);
      }
      ranges += 1;
      if (ranges > MAX_RANGES) return null;
      set.addRange(Math.min(first, last), Math.max(first, last));
      if (at === end) return set;
      if (bytes[at] !== COMMA) return null;
      at += 1;
    }
    return null;
  }

  get size(): number {
    this.#settle();
    let size = 0;
    for (let index = 0; index < this.#firsts.length; index += 1) {
      size += this.#lasts[index]! - this.#firsts[index]! + 1;
    }
    return size;
  }

  get isEmpty(): boolean {
    return this.#firsts.length === 0;
  }

  /** The smallest UID, null where there is none. */
  get first(): number | null {
    this.#settle();
    return this.#firsts[0] ?? null;
  }

  /** The largest UID, null where there is none. */
  get last(): number | null {
    this.#settle();
    return this.#lasts.at(-1) ?? null;
  }

  has(uid: number): boolean {
    if (this.#strayRanges.length > 0) this.#settle();
    const index = this.#rangeAtOrBefore(uid);
    if (index >= 0 && uid <= this.#lasts[index]!) return true;
    return this.#strays.has(uid);
  }

  /** Throws RangeError for a UID outside 1..4294967295. */
  add(uid: number): this {
    checkUid(uid);
    const lasts = this.#lasts;
    const top = lasts.length - 1;
    const last = top < 0 ? -1 : lasts[top]!;
    if (uid === last + 1 && top >= 0) lasts[top] = uid;
    else if (uid > last) {
      this.#firsts.push(uid);
      lasts.push(uid);
    } else if (!this.has(uid)) {
      this.#strays.add(uid);
      if (this.#strays.size > SIDE_SET_MINIMUM + lasts.length / 2) this.#settle();
    }
    return this;
  }

  /** Adds `first` to `last`, both included. Throws RangeError where they are not two ascending UIDs. */
  addRange(first: number, last: number): this {
    checkUid(first);
    checkUid(last);
    if (first > last) throw new RangeError(`UID range ${first}:${last} is not ascending`);
    if (first === last) return this.add(first);
    const top = this.#lasts.length - 1;
    const highest = top < 0 ? -1 : this.#lasts[top]!;
    if (first === highest + 1 && top >= 0) this.#lasts[top] = last;
    else if (first > highest) {
      this.#firsts.push(first);
      this.#lasts.push(last);
    } else this.#strayRanges.push([first, last]);
    return this;
  }

  /** Adds all of another set: what comes in pieces is added to one set, not united piece by piece. */
  addAll(other: UidSet): void {
    for (const [first, last] of other.ranges()) this.addRange(first, last);
  }

  /** Each range as `[first, last]`, ascending. */
  *ranges(): Generator<readonly [first: number, last: number]> {
    this.#settle();
    for (let index = 0; index < this.#firsts.length; index += 1) {
      yield [this.#firsts[index]!, this.#lasts[index]!];
    }
  }

  /** Each UID, ascending. On a set that a server chose, look at `size` first. */
  *[Symbol.iterator](): Generator<number> {
    for (const [first, last] of this.ranges()) {
      for (let uid = first; uid <= last; uid += 1) yield uid;
    }
  }

  union(other: UidSet): UidSet {
    this.#settle();
    other.#settle();
    const result = new UidSet();
    let i = 0;
    let j = 0;
    while (i < this.#firsts.length || j < other.#firsts.length) {
      const mine = this.#firsts[i] ?? Number.POSITIVE_INFINITY;
      const theirs = other.#firsts[j] ?? Number.POSITIVE_INFINITY;
      if (mine <= theirs) result.#append(mine, this.#lasts[i++]!);
      else result.#append(theirs, other.#lasts[j++]!);
    }
    return result;
  }

  /** The UIDs of this set that are not in `other`. */
  subtract(other: UidSet): UidSet {
    this.#settle();
    other.#settle();
    const result = new UidSet();
    let j = 0;
    for (let i = 0; i < this.#firsts.length; i += 1) {
      let first = this.#firsts[i]!;
      const last = this.#lasts[i]!;
      while (j < other.#firsts.length && other.#lasts[j]! < first) j += 1;
      let k = j;
      while (first <= last && k < other.#firsts.length && other.#firsts[k]! <= last) {
        if (other.#firsts[k]! > first) result.#append(first, other.#firsts[k]! - 1);
        first = other.#lasts[k]! + 1;
        k += 1;
      }
      if (first <= last) result.#append(first, last);
    }
    return result;
  }

  /** IMAP's own notation, `1:5,9`. Empty text for an empty set, which no command accepts. */
  toString(): string {
    const parts: string[] = [];
    for (const [first, last] of this.ranges()) parts.push(first === last ? `${first}` : `${first}:${last}`);
    return parts.join(',');
  }

  /**
   * Cuts the set into consecutive sets whose text has at most `maxOctets` octets each: RFC 7162 section 4
   * advises 8,192 for a whole command line, and Exchange refuses lines over about 10,000.
   */
  slices(maxOctets = 8000): UidSet[] {
    const slices: UidSet[] = [];
    let slice = new UidSet();
    let octets = 0;
    for (const [first, last] of this.ranges()) {
      const length = 1 + `${first}`.length + (first === last ? 0 : 1 + `${last}`.length);
      if (octets > 0 && octets + length > maxOctets + 1) {
        slices.push(slice);
        slice = new UidSet();
        octets = 0;
      }
      slice.#append(first, last);
      octets += length;
    }
    if (octets > 0) slices.push(slice);
    return slices;
  }

  /** Appends a range whose first UID is not below any range's first; joins what overlaps or touches. */
  #append(first: number, last: number): void {
    const top = this.#lasts.length - 1;
    if (top >= 0 && first <= this.#lasts[top]! + 1) {
      if (last > this.#lasts[top]!) this.#lasts[top] = last;
    } else {
      this.#firsts.push(first);
      this.#lasts.push(last);
    }
  }

  #rangeAtOrBefore(uid: number): number {
    let low = 0;
    let high = this.#firsts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (this.#firsts[middle]! <= uid) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }

  #settle(): void {
    if (this.#strays.size === 0 && this.#strayRanges.length === 0) return;
    const singles = Uint32Array.from(this.#strays).sort();
    const ranges = this.#strayRanges.sort((left, right) => left[0] - right[0]);
    this.#strays = new Set();
    this.#strayRanges = [];
    const strays = new UidSet();
    for (const uid of singles) strays.#append(uid, uid);
    const more = new UidSet();
    for (const [first, last] of ranges) more.#append(first, last);
    const merged = this.union(strays.union(more));
    this.#firsts = merged.#firsts;
    this.#lasts = merged.#lasts;
  }
}

function checkUid(uid: number): void {
  if (!Number.isInteger(uid) || uid < 1 || uid > MAX_NUMBER_32) throw new RangeError(`${uid} is not a UID`);
}

/** The UID at `at`, 0 where there is none. */
function readUid(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  let cursor = at;
  for (; cursor < end && cursor - at < 11 && isDigit(bytes[cursor]); cursor += 1) {
    value = value * 10 + bytes[cursor]! - ZERO;
  }
  return value > MAX_NUMBER_32 ? 0 : value;
}

function digits(bytes: Buffer, at: number, end: number): number {
  let cursor = at;
  while (cursor < end && isDigit(bytes[cursor])) cursor += 1;
  return cursor - at;
}

/**
 * Sets of UIDs as text, in the form of an IMAP sequence set (RFC 9051) without `*`: `1:500,502`. The order is
 * kept: two sets may tell of pairs.
 */

/** Shortest for ascending UIDs; '' for none. */
export function uidRanges(uids: Iterable<number>): string {
  const ranges = new UidRanges();
  for (const uid of uids) ranges.add(uid);
  return ranges.toString();
}

/** The same, one UID after the other. */
export class UidRanges {
  readonly #closed: string[] = [];
  #first = 0;
  #last = 0;

  add(uid: number): void {
    if (this.#first !== 0 && uid === this.#last + 1) this.#last = uid;
    else {
      this.#close();
      this.#first = uid;
      this.#last = uid;
    }
  }

  toString(): string {
    this.#close();
    this.#first = 0;
    return this.#closed.join(',');
  }

  #close(): void {
    if (this.#first === 0) return;
    this.#closed.push(this.#first === this.#last ? String(this.#first) : `${this.#first}:${this.#last}`);
  }
}

/** Throws RangeError for what is no set of UIDs. */
export function* uidsOf(ranges: string): Generator<number> {
  if (ranges === '') return;
  for (const range of ranges.split(',')) {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(range);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!(first >= 1 && last >= first && last <= MAX_UID))
      throw new RangeError(`${range} is no range of UIDs`);
    for (let uid = first; uid <= last; uid++) yield uid;
  }
}

const MAX_UID = 0xffff_ffff;

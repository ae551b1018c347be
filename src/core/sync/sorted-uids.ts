/** A set of UIDs as a sorted array: four octets a UID, membership by bisection. */
import type { KnownUids } from '../ports/source.js';

export class SortedUids implements KnownUids {
  readonly #uids: Uint32Array;

  private constructor(uids: Uint32Array) {
    this.#uids = uids;
  }

  /** Any order, duplicates dropped. */
  static from(uids: Iterable<number>): SortedUids {
    // Straight from one typed array to another where it is one: going through an iterator costs four times the memory.
    const sorted = (uids instanceof Uint32Array ? new Uint32Array(uids) : Uint32Array.from(uids)).sort();
    let kept = 0;
    for (let at = 0; at < sorted.length; at++) {
      if (at === 0 || sorted[at] !== sorted[at - 1]) sorted[kept++] = sorted[at]!;
    }
    return new SortedUids(sorted.subarray(0, kept));
  }

  /** The array must be ascending without duplicates; it is not copied. */
  static over(ascending: Uint32Array): SortedUids {
    return new SortedUids(ascending);
  }

  get size(): number {
    return this.#uids.length;
  }

  has(uid: number): boolean {
    return this.indexOf(uid) >= 0;
  }

  /** Position in ascending order, or -1. */
  indexOf(uid: number): number {
    let low = 0;
    let high = this.#uids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return this.#uids[low] === uid ? low : -1;
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#uids[Symbol.iterator]();
  }
}

/**
 * What is to be said against the bodies of one UID FETCH, each of which kept every rule: the kinds of doubt are
 * told in body-sink.ts.
 */
import type { Doubt } from '../body-sink.js';
import type { FetchRow } from '../fetch-row.js';
import { SwallowWatch } from '../swallow-watch.js';
import { UidSet } from '../uid-set.js';
import { AskedItems } from './asked-items.js';

export class BodyDoubts {
  /** The delivered UIDs under each doubt; filled by the collector, once a body's sink has taken it. */
  readonly found: Readonly<Record<Doubt, UidSet>> = {
    size: new UidSet(),
    swallowed: new UidSet(),
    shape: new UidSet(),
    order: new UidSet(),
  };
  readonly #asked: AskedItems;
  readonly #whole: boolean;
  readonly #watch: SwallowWatch;
  /** The body row before this one, for the doubt `order`. */
  #previous: { sequence: number; uid: number } | null = null;
  /** The row without a body just before this one: perhaps the first half of a row split in two. */
  #firstHalf: FetchRow | null = null;

  /** `items` were asked for beside the body; `whole`: all of each message was, so its size is known. */
  constructor(items: readonly string[], whole: boolean, tagPrefix: string) {
    this.#asked = new AskedItems(items);
    this.#whole = whole;
    this.#watch = new SwallowWatch(tagPrefix);
  }

  /** A body begins; its pieces come to `see`. */
  begin(): void {
    this.#watch.begin();
  }

  see(piece: Buffer): void {
    this.#watch.see(piece);
  }

  rowWithoutBody(row: FetchRow): void {
    this.#firstHalf = row;
  }

  /** Messages were expunged: sequence numbers before and after can't be compared. */
  renumbered(): void {
    this.#previous = null;
  }

  /** The doubts about the body that is complete, with its row. */
  finish(row: FetchRow, uid: number, octets: number): readonly Doubt[] {
    const doubts: Doubt[] = [];
    if (this.#whole && row.size !== null && row.size !== octets) doubts.push('size');
    if (this.#watch.found) doubts.push('swallowed');
    const previous = this.#previous;
    if (previous !== null && Math.sign(row.sequence - previous.sequence) !== Math.sign(uid - previous.uid)) {
      doubts.push('order');
    }
    const half = this.#firstHalf?.uid === uid ? this.#firstHalf : null;
    if (!this.#asked.allIn(row, half)) doubts.push('shape');
    this.#previous = { sequence: row.sequence, uid };
    this.#firstHalf = null;
    return doubts;
  }
}

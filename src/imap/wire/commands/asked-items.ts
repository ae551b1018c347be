/**
 * Which of the items asked for a FETCH row can be expected to hold: those that every server has an answer to.
 * Tells an answer from a row that nobody asked for, and a whole row from one whose end was swallowed.
 */
import type { FetchRow } from '../fetch-row.js';

const FIELDS: Readonly<Record<string, keyof FetchRow>> = {
  FLAGS: 'flags',
  MODSEQ: 'modseq',
  INTERNALDATE: 'internalDate',
  'RFC822.SIZE': 'size',
};

export class AskedItems {
  readonly #fields: readonly (keyof FetchRow)[];

  constructor(items: readonly string[]) {
    this.#fields = items.flatMap((item) => FIELDS[item.toUpperCase()] ?? []);
  }

  /** Whether the row, or the first half of it that came just before, has all of them. */
  allIn(row: FetchRow, firstHalf: FetchRow | null = null): boolean {
    for (const field of this.#fields) {
      if (row[field] === null && (firstHalf === null || firstHalf[field] === null)) return false;
    }
    return true;
  }
}

/**
 * Servers that answer for so many messages a command and no more (RFC 9738 MESSAGELIMIT), those with the highest
 * UIDs. A list that is as long as the limit goes on below its lowest UID. What such a server says of changes and
 * of UIDs found may be cut off without a trace in the numbers, so there every message is listed in every run.
 */
import type { Enabled } from './enabled.js';
import type { RowQuery } from './reader.js';

/** null for a server that has no such limit. */
export function messageLimitOf(capabilities: Iterable<string>): number | null {
  for (const capability of capabilities) {
    const limit = /^MESSAGELIMIT=([1-9]\d{0,8})$/i.exec(capability)?.[1];
    if (limit !== undefined) return Number(limit);
  }
  return null;
}

export function tierWithin(limit: number | null, enabled: Enabled): Enabled['tier'] {
  return limit === null ? enabled.tier : 'plain';
}

/** Counts the answer to a query, to tell what is still to be asked. */
export class RowCount {
  readonly #query: RowQuery;
  readonly #limit: number | null;
  readonly #uids = new Set<number>();
  #lowest = Number.POSITIVE_INFINITY;

  constructor(query: RowQuery, limit: number | null) {
    this.#query = query;
    this.#limit = limit;
  }

  add(uid: number): void {
    if (this.#limit === null) return;
    this.#uids.add(uid);
    this.#lowest = Math.min(this.#lowest, uid);
  }

  /** What the server may have left out, or null. */
  get rest(): RowQuery | null {
    if (this.#limit === null || this.#uids.size < this.#limit || this.#lowest <= this.#query.first)
      return null;
    return { ...this.#query, last: this.#lowest - 1 };
  }
}

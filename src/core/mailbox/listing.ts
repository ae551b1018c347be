/**
 * What a server listed of a mailbox, in columns: a million messages cost tens of megabytes and not
 * hundreds. Rows may come in any order. A UID may come twice, since servers split rows and tell of changes
 * in between: the last flags count, with whatever else any of its rows told.
 */

/** Size or date that the server wasn't asked for, because the message is known already. */
export const NOT_ASKED = -1;

export interface ListedMessage {
  readonly uid: number;
  /** Canonical flags, see flags.ts. */
  readonly flags: string;
  /** RFC822.SIZE in octets as the server says (some servers estimate), or NOT_ASKED. */
  readonly size: number;
  /** INTERNALDATE in seconds since 1970 UTC, or null where not asked or not parsable. */
  readonly receivedAt: number | null;
  /** The server's own identity of the immutable content (EMAILID, X-GM-MSGID), or null. */
  readonly emailId: string | null;
  /** Canonical labels, see labels.ts; null where the server doesn't tell any. */
  readonly labels: string | null;
}

export class Listing {
  #uids = new Uint32Array(FIRST_ROWS);
  #sizes = new Float64Array(FIRST_ROWS);
  /** NaN for null. */
  #dates = new Float64Array(FIRST_ROWS);
  readonly #flags = new Column();
  readonly #labels = new Column();
  /** A row each from the first that has one; most servers have none. */
  #emailIds: (string | null)[] | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** In the order they came; not a copy, and only good until the next row. */
  get uids(): Uint32Array {
    return this.#uids.subarray(0, this.#length);
  }

  get distinctFlags(): Iterable<string> {
    return this.#flags.distinct;
  }

  get distinctLabels(): Iterable<string> {
    return this.#labels.distinct;
  }

  get hasEmailIds(): boolean {
    return this.#emailIds !== null;
  }

  add(row: ListedMessage): void {
    if (this.#length === this.#uids.length) this.#grow();
    const at = this.#length;
    this.#length += 1;
    this.#uids[at] = row.uid;
    this.#sizes[at] = row.size;
    this.#dates[at] = row.receivedAt ?? Number.NaN;
    this.#flags.set(at, row.flags);
    if (row.labels !== null) this.#labels.set(at, row.labels);
    if (row.emailId !== null) this.#emailIds ??= new Array<string | null>(at).fill(null);
    this.#emailIds?.push(row.emailId);
  }

  at(row: number): ListedMessage {
    return {
      uid: this.uid(row),
      flags: this.flags(row),
      size: this.size(row),
      receivedAt: this.receivedAt(row),
      emailId: this.emailId(row),
      labels: this.labels(row),
    };
  }

  uid(row: number): number {
    return this.#uids[row]!;
  }

  flags(row: number): string {
    return this.#flags.get(row)!;
  }

  size(row: number): number {
    return this.#sizes[row]!;
  }

  receivedAt(row: number): number | null {
    const date = this.#dates[row]!;
    return Number.isNaN(date) ? null : date;
  }

  emailId(row: number): string | null {
    return this.#emailIds?.[row] ?? null;
  }

  labels(row: number): string | null {
    return this.#labels.get(row);
  }

  /** Row numbers in ascending UID order, one for each UID. */
  order(): Uint32Array {
    const { uids } = this;
    const rows = new Uint32Array(uids.length);
    for (let row = 0; row < rows.length; row++) rows[row] = row;
    for (let row = 1; row < uids.length; row++) {
      if (uids[row]! <= uids[row - 1]!) {
        rows.sort((a, b) => uids[a]! - uids[b]! || a - b);
        return rows.filter((r, i) => !this.#isRepeated(r, rows[i + 1]));
      }
    }
    return rows;
  }

  /** Whether the next row is about the same UID; it then takes over what it lacks. */
  #isRepeated(row: number, next: number | undefined): boolean {
    if (next === undefined || this.uid(next) !== this.uid(row)) return false;
    if (this.size(next) === NOT_ASKED) this.#sizes[next] = this.size(row);
    if (Number.isNaN(this.#dates[next])) this.#dates[next] = this.#dates[row]!;
    if (this.#emailIds !== null) this.#emailIds[next] ??= this.#emailIds[row]!;
    const labels = this.labels(row);
    if (labels !== null && this.labels(next) === null) this.#labels.set(next, labels);
    return true;
  }

  #grow(): void {
    const rows = this.#uids.length * 2;
    const [uids, sizes, dates] = [this.#uids, this.#sizes, this.#dates];
    this.#uids = new Uint32Array(rows);
    this.#sizes = new Float64Array(rows);
    this.#dates = new Float64Array(rows);
    this.#uids.set(uids);
    this.#sizes.set(sizes);
    this.#dates.set(dates);
  }
}

const FIRST_ROWS = 16;

/** Texts of which few are distinct: a number for each row, 0 where there is none. */
class Column {
  #numbers = new Uint32Array();
  readonly #texts: string[] = [];
  readonly #numberOf = new Map<string, number>();

  get distinct(): readonly string[] {
    return this.#texts;
  }

  set(row: number, text: string): void {
    if (row >= this.#numbers.length) {
      const numbers = new Uint32Array(Math.max(FIRST_ROWS, 2 ** Math.ceil(Math.log2(row + 1))));
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    let number = this.#numberOf.get(text);
    if (number === undefined) {
      number = this.#texts.push(text);
      this.#numberOf.set(text, number);
    }
    this.#numbers[row] = number;
  }

  get(row: number): string | null {
    return this.#texts[(this.#numbers[row] ?? 0) - 1] ?? null;
  }
}

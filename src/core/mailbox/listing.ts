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
  readonly uids: number[] = [];
  readonly flags: string[] = [];
  readonly sizes: number[] = [];
  readonly receivedAt: (number | null)[] = [];
  readonly emailIds: (string | null)[] = [];
  readonly labels: (string | null)[] = [];

  get length(): number {
    return this.uids.length;
  }

  add(row: ListedMessage): void {
    this.uids.push(row.uid);
    this.flags.push(row.flags);
    this.sizes.push(row.size);
    this.receivedAt.push(row.receivedAt);
    this.emailIds.push(row.emailId);
    this.labels.push(row.labels);
  }

  at(index: number): ListedMessage {
    return {
      uid: this.uids[index]!,
      flags: this.flags[index]!,
      size: this.sizes[index]!,
      receivedAt: this.receivedAt[index]!,
      emailId: this.emailIds[index]!,
      labels: this.labels[index]!,
    };
  }

  /** Row numbers in ascending UID order, one for each UID. */
  order(): number[] {
    const { uids } = this;
    const rows = uids.map((_, row) => row);
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
    if (next === undefined || this.uids[next] !== this.uids[row]) return false;
    if (this.sizes[next] === NOT_ASKED) this.sizes[next] = this.sizes[row]!;
    this.receivedAt[next] ??= this.receivedAt[row]!;
    this.emailIds[next] ??= this.emailIds[row]!;
    this.labels[next] ??= this.labels[row]!;
    return true;
  }
}

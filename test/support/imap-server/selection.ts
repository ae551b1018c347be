// The mailbox a session has selected, as that session knows it. Sequence numbers only move when the client
// has been told (RFC 9051 5.2), so the session keeps its own view and brings it up to date at the moments
// when the protocol lets a server say so.

import type { Mailbox, MailboxListener } from './mailbox.js';
import type { Message } from './message.js';
import type { Reply } from './reply.js';
import type { FetchRow } from './responses.js';
import { formatSequenceSet, lowerBound } from './sequence-set.js';

export interface Announcing {
  /** False while answering FETCH, STORE and SEARCH, which may not be interrupted by EXPUNGE. */
  readonly expunges: boolean;
  readonly condstore: boolean;
  readonly qresync: boolean;
}

export class Selection implements MailboxListener {
  readonly mailbox: Mailbox;
  readonly readOnly: boolean;
  /** Why the session cannot go on, once it cannot. */
  brokenBecause: string | undefined;
  /** UIDs whose flags changed since the client last heard of them. */
  readonly pending = new Set<number>();
  #uids: readonly number[];
  #count: number;
  readonly #wake: () => void;

  /** `wake` is called whenever there is something to announce. */
  constructor(mailbox: Mailbox, readOnly: boolean, wake: () => void) {
    this.mailbox = mailbox;
    this.readOnly = readOnly;
    this.#uids = mailbox.uids;
    this.#count = mailbox.size;
    this.#wake = wake;
    mailbox.listeners.add(this);
  }

  close(): void {
    this.mailbox.listeners.delete(this);
  }

  /** Ascending; only the first `count` belong to the view. */
  get uids(): readonly number[] {
    return this.#uids;
  }

  get count(): number {
    return this.#count;
  }

  /** The message at an index of the view; undefined when it was expunged behind the client's back. */
  message(index: number): Message | undefined {
    return this.mailbox.get(this.#uids[index]!);
  }

  reflagged(uids: readonly number[]): void {
    for (const uid of uids) this.pending.add(uid);
    this.#wake();
  }

  resized(): void {
    this.#wake();
  }

  broken(reason: string): void {
    this.brokenBecause = reason;
    this.#wake();
  }

  announce(reply: Reply, how: Announcing): void {
    if (how.expunges) this.#announceExpunged(reply, how.qresync);
    if (this.mailbox.uids === this.#uids && this.mailbox.size > this.#count) {
      this.#count = this.mailbox.size;
      const exists = reply.number('EXISTS', this.mailbox.name, this.#count);
      if (exists !== undefined) reply.line(`* ${exists} EXISTS`);
    }
    for (const uid of this.pending) {
      const index = lowerBound(this.#uids, this.#count, uid);
      const message = this.#uids[index] === uid && index < this.#count ? this.message(index) : undefined;
      if (message !== undefined) reply.row(flagsRow(index + 1, message, how));
    }
    this.pending.clear();
  }

  #announceExpunged(reply: Reply, qresync: boolean): void {
    const current = this.mailbox.uids;
    if (current === this.#uids) return;
    const gone: number[] = [];
    for (let index = 0, kept = 0; index < this.#count; index++) {
      if (this.#uids[index] === current[kept]) kept++;
      else gone.push(index);
    }
    const vanished = gone.map((index) => this.#uids[index]!);
    // From the end, so that each number is still right when the client reads it.
    if (!qresync) for (const index of gone.reverse()) reply.line(`* ${index + 1} EXPUNGE`);
    else if (gone.length > 0) reply.line(`* VANISHED ${formatSequenceSet(vanished)}`);
    this.#count -= gone.length;
    this.#uids = current;
  }
}

/** The row a server sends unasked when flags changed. QRESYNC promises the UID in it (RFC 7162 3.2.3). */
export function flagsRow(
  sequence: number,
  message: Message,
  how: { condstore: boolean; qresync: boolean },
): FetchRow {
  return {
    sequence,
    uid: message.uid,
    items: [
      ...(how.qresync ? [{ name: 'UID', value: String(message.uid) }] : []),
      { name: 'FLAGS', value: `(${message.flags.join(' ')})` },
      ...(how.condstore ? [{ name: 'MODSEQ', value: `(${message.modseq})` }] : []),
    ],
  };
}

/**
 * What a target did not keep of dates and flags. Neither is worth a message: flags that are lacking are set once
 * more, each by itself, since a server that refuses a message over one of its keywords took it without any; what
 * is lacking then is a remark.
 */
import { MailboxError } from '../core/errors.js';
import { flagList } from '../core/mailbox/flags.js';
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { ReadBackRow, RestoreTarget } from '../core/ports/restore.js';

export class RestoreChanges {
  #dates = 0;
  /** Flag to the UIDs that lack it. */
  #lacking = new Map<string, number[]>();

  /** `sent`: the flags that the message was to have. */
  compare(placement: SelectedPlacement, row: ReadBackRow, sent: readonly string[]): void {
    if (row.receivedAt !== null && row.receivedAt !== placement.receivedAt) this.#dates += 1;
    const kept = keys(row);
    for (const flag of sent) {
      if (kept.has(flag.toLowerCase())) continue;
      const uids = this.#lacking.get(flag) ?? [];
      this.#lacking.set(flag, uids);
      uids.push(row.uid);
    }
  }

  /** Throws where the connection is lost. */
  async setLacking(target: Pick<RestoreTarget, 'addFlag' | 'readBack'>, wireName: string): Promise<void> {
    if (this.#lacking.size === 0) return;
    for (const [flag, uids] of this.#lacking) {
      await target.addFlag(wireName, uids, flag).catch((error: unknown) => {
        if (!(error instanceof MailboxError)) throw error;
      });
    }
    const rows = await target.readBack(wireName, [...new Set([...this.#lacking.values()].flat())]);
    const kept = new Map(rows.map((row) => [row.uid, keys(row)]));
    for (const [flag, uids] of this.#lacking) {
      const still = uids.filter((uid) => kept.get(uid)?.has(flag.toLowerCase()) !== true);
      if (still.length > 0) this.#lacking.set(flag, still);
      else this.#lacking.delete(flag);
    }
  }

  *remarks(): Generator<string> {
    if (this.#dates > 0) yield `the target gave ${messages(this.#dates)} another date`;
    for (const [flag, { length }] of this.#lacking)
      yield `the target did not keep ${flag} on ${messages(length)}`;
  }
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

function keys(row: ReadBackRow): ReadonlySet<string> {
  return new Set(flagList(row.flags).map((flag) => flag.toLowerCase()));
}

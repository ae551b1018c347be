/**
 * The spine: which placements exist, with which flags, as the server said. One observation is one
 * transaction, rows and cursor together. What the spine changes is unsettled until its file follows.
 */
import type { SpineChange } from '../core/archive-ports.js';
import { type Listing, NOT_ASKED } from '../core/listing.js';
import type { BasePlacements } from '../core/plan-sync.js';
import type { Database } from './database.js';
import type { LabelRows } from './label-rows.js';
import type { MailboxRows } from './mailbox-rows.js';

export class SpineRows {
  readonly #database: Database;
  readonly #mailboxes: MailboxRows;
  readonly #labels: LabelRows;
  /** Few distinct flag sets exist; looking each up once keeps the spine at memory speed. */
  readonly #flagSets = new Map<string, number>();

  constructor(database: Database, mailboxes: MailboxRows, labels: LabelRows) {
    this.#database = database;
    this.#mailboxes = mailboxes;
    this.#labels = labels;
  }

  base(mailbox: number): BasePlacements {
    const count = this.#database
      .prepare<[number], { count: number }>(
        `SELECT count(*) AS count FROM placement p JOIN mailbox m ON m.id = p.mailbox WHERE ${PRESENT}`,
      )
      .get(mailbox)!.count;
    const uids = new Uint32Array(count);
    const flags: string[] = new Array(count);
    const interned = new Map<number, string>();
    const rows = this.#database
      .prepare<[number], [number, number]>(
        `SELECT p.uid, p.flag_set FROM placement p JOIN mailbox m ON m.id = p.mailbox WHERE ${PRESENT} ORDER BY p.uid`,
      )
      .raw()
      .iterate(mailbox) as IterableIterator<[number, number]>;
    let at = 0;
    for (const [uid, flagSet] of rows) {
      uids[at] = uid;
      let text = interned.get(flagSet);
      if (text === undefined) {
        text = this.#flagsOf(flagSet);
        interned.set(flagSet, text);
      }
      flags[at++] = text;
    }
    return { uids, flags };
  }

  /** One of INTERNALDATE and size alone may be a server's whim; together, or EMAILID, they are the message. */
  reusesUids(mailbox: number, listing: Listing): boolean {
    const known = this.#database.prepare<
      [number, number],
      { receivedAt: number; size: number; emailId: string | null }
    >(
      `SELECT p.received_at AS receivedAt, p.server_size AS size, p.email_id AS emailId FROM placement p JOIN mailbox m ON m.id = p.mailbox
       WHERE p.mailbox = ? AND p.uid = ? AND p.generation = m.generation`,
    );
    return listing.order().some((row) => {
      const { uid, size, receivedAt, emailId } = listing.at(row);
      if (size === NOT_ASKED || receivedAt === null) return false;
      const old = known.get(mailbox, uid);
      if (old === undefined) return false;
      if (emailId !== null && old.emailId !== null) return emailId !== old.emailId;
      return receivedAt !== old.receivedAt && size !== old.size;
    });
  }

  holdsSameMessages(mailbox: number, listing: Listing): boolean {
    const rowOf = new Map(listing.uids.map((uid, row) => [uid, row]));
    const known = this.#database
      .prepare<[number], { uid: number; receivedAt: number; size: number }>(
        `SELECT p.uid, p.received_at AS receivedAt, p.server_size AS size FROM placement p JOIN mailbox m ON m.id = p.mailbox
         WHERE ${PRESENT}`,
      )
      .all(mailbox);
    let same = 0;
    for (const { uid, receivedAt, size } of known) {
      const row = rowOf.get(uid);
      if (row === undefined) continue;
      if (listing.sizes[row] !== size || (listing.receivedAt[row] ?? 0) !== receivedAt) return false;
      same += 1;
    }
    return same > 0 && same * 2 >= known.length;
  }

  apply(changes: readonly SpineChange[]): void {
    for (const { listing } of changes) {
      this.#internFlags(listing.flags);
      this.#labels.intern(listing.labels);
    }
    this.#database.transaction(() => {
      for (const change of changes) {
        if (change.newGeneration) this.#leaveAll(change.mailbox, change.run);
        this.#mailboxes.setCursor(change.mailbox, change);
        this.#appear(change);
        this.#reflag(change);
        this.#labels.set(change.run, change.mailbox, toldLabels(change));
        this.#vanish(change);
      }
    })();
  }

  mailboxGone(run: number, mailbox: number): void {
    this.#database.transaction(() => {
      this.#leaveAll(mailbox, run);
      this.#mailboxes.setUnlisted(mailbox, run);
    })();
  }

  #appear({ run, mailbox, plan, listing }: SpineChange): void {
    // A UID that left and is back (a server that lied) keeps its content; settling brings its file back.
    const { generation } = this.#database
      .prepare<[number], { generation: number }>('SELECT generation FROM mailbox WHERE id = ?')
      .get(mailbox)!;
    const insert = this.#database.prepare(
      `INSERT INTO placement (mailbox, generation, flags_run, first_run, uid, flag_set, received_at, server_size, email_id,
         letters, settled, adopted, attempts, next_attempt_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, 0)
       ON CONFLICT (mailbox, generation, uid) DO UPDATE SET gone_run = NULL, last_run = NULL, settled = 0,
         flag_set = excluded.flag_set, flags_run = excluded.flags_run`,
    );
    for (const row of plan.appeared) {
      const { uid, flags, receivedAt, size, emailId } = listing.at(row);
      const flagSet = this.#flagSets.get(flags);
      insert.run(mailbox, generation, run, run, uid, flagSet, receivedAt ?? 0, Math.max(0, size), emailId);
    }
  }

  #reflag({ run, mailbox, plan, listing }: SpineChange): void {
    const where = `mailbox = @mailbox AND uid = @uid AND generation = (SELECT generation FROM mailbox WHERE id = @mailbox)`;
    const keep = this.#database.prepare(
      `INSERT INTO past_flags (placement, flag_set, first_run, last_run)
       SELECT id, flag_set, flags_run, @run FROM placement WHERE ${where} AND flags_run < @run`,
    );
    const update = this.#database.prepare(
      `UPDATE placement SET flag_set = @flagSet, flags_run = @run, settled = 0 WHERE ${where}`,
    );
    for (const row of plan.reflagged) {
      const uid = listing.uids[row]!;
      keep.run({ mailbox, uid, run });
      update.run({ mailbox, uid, run, flagSet: this.#flagSets.get(listing.flags[row]!) });
    }
  }

  #vanish({ run, mailbox, plan }: SpineChange): void {
    const update = this.#database.prepare(
      `UPDATE placement SET gone_run = @run WHERE mailbox = @mailbox AND uid = @uid AND gone_run IS NULL
         AND generation = (SELECT generation FROM mailbox WHERE id = @mailbox)`,
    );
    for (const uid of plan.vanished) update.run({ mailbox, uid, run });
  }

  #leaveAll(mailbox: number, run: number): void {
    this.#database
      .prepare('UPDATE placement SET gone_run = ? WHERE mailbox = ? AND gone_run IS NULL')
      .run(run, mailbox);
  }

  /** Committed before the spine's own transaction, so that a roll-back can't leave an id that is nowhere. */
  #internFlags(flags: Iterable<string>): void {
    const unknown = new Set<string>();
    for (const text of flags) if (!this.#flagSets.has(text)) unknown.add(text);
    if (unknown.size === 0) return;
    const insert = this.#database.prepare('INSERT INTO flag_set (flags) VALUES (?) ON CONFLICT DO NOTHING');
    const select = this.#database.prepare<[string], { id: number }>(
      'SELECT id FROM flag_set WHERE flags = ?',
    );
    this.#database.transaction(() => {
      for (const text of unknown) insert.run(text);
    })();
    for (const text of unknown) this.#flagSets.set(text, select.get(text)!.id);
  }

  #flagsOf(flagSet: number): string {
    return this.#database
      .prepare<[number], { flags: string }>('SELECT flags FROM flag_set WHERE id = ?')
      .get(flagSet)!.flags;
  }
}

function* toldLabels({ plan, listing }: SpineChange): Generator<readonly [number, string]> {
  for (const rows of [plan.appeared, plan.relabelled]) {
    for (const row of rows) {
      const labels = listing.labels[row]!;
      if (labels !== null) yield [listing.uids[row]!, labels];
    }
  }
}

/** One parameter, the mailbox: what the server holds of it in the current generation, as far as we know. */
const PRESENT = 'm.id = ? AND p.generation = m.generation AND p.gone_run IS NULL';

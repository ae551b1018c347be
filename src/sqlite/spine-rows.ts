/**
 * The spine: which placements exist, with which flags, as the server said. One observation is one
 * transaction, rows and cursor together. What the spine changes is unsettled until its file follows.
 */

import type { UidsByFlags } from '../core/journal.js';
import { type Listing, NOT_ASKED } from '../core/mailbox/listing.js';
import type { SpineChange } from '../core/ports/sync-index.js';
import type { BasePlacements } from '../core/sync/base-placements.js';
import { UidRanges, uidRanges } from '../core/sync/uid-ranges.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';
import { KeptRows, NOT_KEPT_HERE } from './kept-rows.js';
import { byLabels, type LabelRows } from './label-rows.js';
import type { MailboxRows } from './mailbox-rows.js';
import { PresentPlacements } from './present-placements.js';

export class SpineRows {
  readonly #database: Database;
  readonly #mailboxes: MailboxRows;
  readonly #labels: LabelRows;
  readonly #journal: JournalRows;
  readonly #kept: KeptRows;
  /** Few distinct flag sets exist; looking each up once keeps the spine at memory speed. */
  readonly #flagSets = new Map<string, number>();

  constructor(database: Database, mailboxes: MailboxRows, labels: LabelRows) {
    this.#database = database;
    this.#mailboxes = mailboxes;
    this.#labels = labels;
    this.#journal = new JournalRows(database);
    this.#kept = new KeptRows(database);
  }

  base(mailbox: number): BasePlacements {
    return new PresentPlacements(this.#database, mailbox, this.#kept.uids(mailbox));
  }

  highestUid(mailbox: number): number {
    return this.#database
      .prepare<[number], { uid: number }>(
        'SELECT coalesce(max(uid), 0) AS uid FROM placement WHERE mailbox = ?',
      )
      .get(mailbox)!.uid;
  }

  /** One of INTERNALDATE and size alone may be a server's whim; together, or EMAILID, they are the message. */
  reusesUids(mailbox: number, listing: Listing): boolean {
    const isNew =
      this.#database.prepare('SELECT 1 FROM placement WHERE mailbox = ? LIMIT 1').get(mailbox) === undefined;
    if (isNew) return false;
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

  apply(changes: readonly SpineChange[]): void {
    for (const { listing } of changes) {
      this.#internFlags(listing.distinctFlags);
      this.#labels.intern(listing.distinctLabels);
    }
    this.#database.transaction(() => {
      for (const change of changes) {
        if (change.newGeneration) this.#leaveAll(change.mailbox, change.run);
        const isFirst = this.#mailboxes.setCursor(change.mailbox, change);
        this.#appear(change);
        this.#reflag(change);
        this.#labels.set(change.run, change.mailbox, toldLabels(change));
        this.#vanish(change);
        this.#identify(change);
        this.#note({ ...change, isFirst });
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
      `INSERT INTO placement (mailbox, generation, flags_run, first_run, uid, flag_set, received_at, received_derived, server_size, email_id,
         letters, settled, adopted, attempts, next_attempt_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, 0)
       ON CONFLICT (mailbox, generation, uid) DO UPDATE SET gone_run = NULL, last_run = NULL, settled = 0,
         first_run = iif(last_run IS NULL, first_run, excluded.first_run), received_at = iif(message IS NULL, excluded.received_at, received_at),
         server_size = iif(message IS NULL, excluded.server_size, server_size), flag_set = excluded.flag_set, flags_run = excluded.flags_run`,
    );
    const returns = this.#returning(mailbox, generation, run);
    for (const row of plan.appeared) {
      const { uid, flags, receivedAt, size, emailId } = listing.at(row);
      const flagSet = this.#flagSets.get(flags);
      returns(uid);
      const date = [receivedAt ?? 0, receivedAt === null ? 1 : 0];
      insert.run(mailbox, generation, run, run, uid, flagSet, ...date, Math.max(0, size), emailId);
    }
  }

  /** Keeps the history of placements that are about to come back under their old UID. */
  #returning(mailbox: number, generation: number, run: number): (uid: number) => void {
    const isNew =
      this.#database
        .prepare('SELECT 1 FROM placement WHERE mailbox = ? AND generation = ? LIMIT 1')
        .get(mailbox, generation) === undefined;
    if (isNew) return () => undefined;
    const before = this.#database.prepare<
      unknown[],
      { id: number; firstRun: number; lastRun: number | null }
    >(
      'SELECT id, first_run AS firstRun, last_run AS lastRun FROM placement WHERE mailbox = ? AND generation = ? AND uid = ?',
    );
    const keepFlags = this.#database.prepare(
      `INSERT INTO past_flags (placement, flag_set, first_run, last_run)
       SELECT id, flag_set, flags_run, @run FROM placement WHERE id = @id AND flags_run < @run`,
    );
    const keepLife = this.#database.prepare(
      'INSERT INTO past_life (placement, first_run, last_run) VALUES (@id, @firstRun, @lastRun)',
    );
    return (uid) => {
      const row = before.get(mailbox, generation, uid);
      if (row === undefined) return;
      keepFlags.run({ id: row.id, run });
      if (row.lastRun !== null && row.firstRun < row.lastRun) keepLife.run(row);
    };
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
      const uid = listing.uid(row);
      keep.run({ mailbox, uid, run });
      update.run({ mailbox, uid, run, flagSet: this.#flagSets.get(listing.flags(row)) });
    }
  }

  #vanish({ run, mailbox, plan }: SpineChange): void {
    const update = this.#database.prepare(
      `UPDATE placement SET gone_run = @run WHERE mailbox = @mailbox AND uid = @uid AND gone_run IS NULL
         AND generation = (SELECT generation FROM mailbox WHERE id = @mailbox)`,
    );
    for (const uid of plan.vanished) update.run({ mailbox, uid, run });
  }

  /** The server's identities of messages are in no file: an index that was made anew learns them here. */
  #identify({ mailbox, plan, listing }: SpineChange): void {
    if (plan.appeared.length === listing.length || !listing.hasEmailIds) return;
    const lacks = `mailbox = @mailbox AND generation = (SELECT generation FROM mailbox WHERE id = @mailbox) AND email_id IS NULL`;
    const isLacking =
      this.#database.prepare(`SELECT 1 FROM placement WHERE ${lacks} LIMIT 1`).get({ mailbox }) !== undefined;
    if (!isLacking) return;
    const update = this.#database.prepare(
      `UPDATE placement SET email_id = @emailId WHERE uid = @uid AND ${lacks}`,
    );
    for (const row of listing.order()) {
      const { uid, emailId } = listing.at(row);
      if (emailId !== null) update.run({ mailbox, uid, emailId });
    }
  }

  /** What a visit found unchanged is no change; a new UIDVALIDITY is one, even of an empty mailbox. */
  #note({
    mailbox,
    newGeneration,
    plan,
    listing,
    uidValidity,
    isFirst,
  }: SpineChange & { isFirst: boolean }): void {
    const { appeared, reflagged, relabelled, vanished } = plan;
    const changes = appeared.length + reflagged.length + relabelled.length + vanished.length;
    if (!newGeneration && !isFirst && changes === 0) return;
    const labels = byLabels(toldLabels({ plan, listing }));
    const { generation, path } = this.#database
      .prepare<[number], { generation: number; path: string }>(
        'SELECT generation, path FROM mailbox WHERE id = ?',
      )
      .get(mailbox)!;
    this.#journal.add({
      do: 'see',
      mailbox,
      path,
      generation,
      uid_validity: uidValidity,
      ...(appeared.some((row) => listing.receivedAt(row) === null) && { dates: 'derived' as const }),
      ...(appeared.length > 0 && { appeared: byFlags(appeared, listing) }),
      ...(reflagged.length > 0 && { flags: byFlags(reflagged, listing) }),
      ...(labels !== null && { labels }),
      ...(vanished.length > 0 && { left: uidRanges(vanished) }),
    });
  }

  #leaveAll(mailbox: number, run: number): void {
    this.#database
      .prepare(
        `UPDATE placement SET gone_run = ? WHERE mailbox = ? AND gone_run IS NULL AND ${NOT_KEPT_HERE}`,
      )
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
}

function* toldLabels({
  plan,
  listing,
}: Pick<SpineChange, 'plan' | 'listing'>): Generator<readonly [number, string]> {
  for (const rows of [plan.appeared, plan.relabelled]) {
    for (const row of rows) {
      const labels = listing.labels(row);
      if (labels !== null) yield [listing.uid(row), labels];
    }
  }
}

/** `rows` of the listing, ascending by UID. */
function byFlags(rows: readonly number[], listing: Listing): UidsByFlags {
  const groups = new Map<string, UidRanges>();
  for (const row of rows) {
    const flags = listing.flags(row);
    const group = groups.get(flags) ?? new UidRanges();
    groups.set(flags, group);
    group.add(listing.uid(row));
  }
  return Object.fromEntries([...groups].map(([flags, ranges]) => [flags, ranges.toString()]));
}

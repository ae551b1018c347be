/**
 * The index as check reads it: which files there should be, and what SQLite says of itself. Reads only, and
 * each answer is a snapshot of its own, so a sync may go on beside it.
 */

import { describeError } from '../core/errors.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { AwaitedFile, IndexedName, KnownFile, ProofIndex } from '../core/ports/proof.js';
import type { Tree } from '../core/ports/store.js';
import { type Database, guarded, openIndex } from './database.js';
import { placeOf } from './file-place.js';
import { openIndexForReading } from './index-copy.js';
import { MailboxRows } from './mailbox-rows.js';
import { State } from './state.js';

const PAGE = 1000;

/** SQLite stops looking after so many errors; one is enough to know. */
const MAX_ERRORS = 20;

export class ProofRows implements ProofIndex {
  protected readonly path: string;
  protected readonly database: Database;
  protected readonly mailboxRows: MailboxRows;
  protected readonly state: State;

  /** `forReading`: nothing is ever written through it. Throws ArchiveError `no_archive` where there is none. */
  constructor(file: string, { forReading = false } = {}) {
    this.path = file;
    this.database = forReading ? openIndexForReading(file) : openIndex(file, { create: false });
    this.mailboxRows = new MailboxRows(this.database);
    this.state = new State(this.database);
  }

  mailboxes(): IndexedMailbox[] {
    return guarded(this.path, () => this.mailboxRows.all());
  }

  /** In pages: the rows of a large mailbox are never all in memory. */
  *files(mailbox: IndexedMailbox, tree: Tree): Generator<KnownFile> {
    let after = { generation: -1, uid: 0 };
    for (;;) {
      const page = this.filesOf(
        'p.mailbox = ? AND p.tree = ? AND (p.generation, p.uid) > (?, ?) ORDER BY p.generation, p.uid LIMIT ?',
        ...[mailbox.id, tree, after.generation, after.uid, PAGE],
      );
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last;
    }
  }

  file(placement: number): KnownFile | null {
    return this.filesOf('p.id = ?', placement)[0] ?? null;
  }

  /** Files of other placements with this content. */
  copies(sha256: string, except: number): KnownFile[] {
    return this.filesOf('g.sha256 = unhex(?) AND p.id <> ? ORDER BY p.settled DESC, p.id', sha256, except);
  }

  protected filesOf(condition: string, ...values: (string | number)[]): KnownFile[] {
    return guarded(this.path, () =>
      this.database
        .prepare<unknown[], KnownRow>(`${KNOWN} AND ${condition}`)
        .all(...values)
        .map(known),
    );
  }

  lookUp(folder: string, generation: number, uid: number): IndexedName | null {
    const row = guarded(this.path, () =>
      this.database
        .prepare<
          [string, number, number],
          Omit<IndexedName, 'present' | 'hasFile'> & { present: number; hasFile: number }
        >(
          `SELECT p.id AS placement, lower(hex(g.sha256)) AS sha256, p.received_at AS receivedAt, p.gone_run IS NULL AS present,
             p.tree IS NOT NULL AS hasFile
           FROM placement p JOIN mailbox m ON m.id = p.mailbox LEFT JOIN message g ON g.id = p.message
           WHERE m.folder = ? AND p.generation = ? AND p.uid = ?`,
        )
        .get(folder, generation, uid),
    );
    if (row === undefined) return null;
    // SQLite makes an empty text of what is NULL.
    return { ...row, sha256: row.sha256 || null, present: row.present === 1, hasFile: row.hasFile === 1 };
  }

  awaited(): AwaitedFile[] {
    return guarded(this.path, () =>
      this.database
        .prepare<[], Omit<AwaitedFile, 'accepted'> & { accepted: number }>(AWAITED)
        .all()
        .map((row) => ({ ...row, accepted: row.accepted === 1 })),
    );
  }

  /** What the server held of a mailbox when it was last seen, by UID. */
  held(mailbox: number): Map<number, { size: number; stored: boolean }> {
    const held = new Map<number, { size: number; stored: boolean }>();
    guarded(this.path, () => {
      const rows = this.database
        .prepare<[number], { uid: number; size: number; stored: number }>(
          `SELECT p.uid, p.server_size AS size, p.message IS NOT NULL AS stored FROM placement p JOIN mailbox m ON m.id = p.mailbox
           WHERE p.mailbox = ? AND p.generation = m.generation AND p.gone_run IS NULL
             AND NOT EXISTS (SELECT 1 FROM server_copy k WHERE k.placement = p.id AND k.deleted_run IS NOT NULL) ORDER BY p.uid`,
        )
        .iterate(mailbox);
      for (const { uid, size, stored } of rows) held.set(uid, { size, stored: stored === 1 });
    });
    return held;
  }

  keywords(mailbox: number): string[] {
    return guarded(this.path, () => this.mailboxRows.keywords(mailbox));
  }

  movingFolder(): { from: string; to: string } | null {
    return guarded(
      this.path,
      () => JSON.parse(this.state.get('moving_folder') ?? 'null') as { from: string; to: string } | null,
    );
  }

  totals(): { files: number; bytes: number } {
    return guarded(
      this.path,
      () =>
        this.database
          .prepare<[], { files: number; bytes: number }>(
            `SELECT count(*) AS files, coalesce(sum(g.size), 0) AS bytes FROM placement p JOIN message g ON g.id = p.message
             WHERE p.tree IS NOT NULL`,
          )
          .get()!,
    );
  }

  /** A page that can't even be read is an answer too. */
  integrity(): string[] {
    try {
      const lines = this.database.pragma(`integrity_check(${MAX_ERRORS})`) as { integrity_check: string }[];
      const errors = lines.map((line) => line.integrity_check).filter((line) => line !== 'ok');
      if (errors.length > 0) return errors;
      const orphans = this.database.pragma('foreign_key_check') as { table: string; parent: string }[];
      const kinds = new Map<string, number>();
      for (const { table, parent } of orphans) {
        const kind = `${table} refers to ${parent}`;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      const missing = [...kinds].map(([kind, count]) => `${count} rows of ${kind} rows that do not exist`);
      return [...missing, ...this.#miscounted().map((path) => `the mail of ${path} is counted wrongly`)];
    } catch (error) {
      return [describeError(error)];
    }
  }

  /** Mailboxes whose counts are not those of their rows; see mail_count in migrations.ts. */
  #miscounted(): string[] {
    return this.database
      .prepare<[], string>(
        `SELECT m.path FROM mailbox m LEFT JOIN mail_count c ON c.mailbox = m.id LEFT JOIN (
           SELECT p.mailbox, count(*) FILTER (WHERE p.last_run IS NULL) AS messages,
             coalesce(sum(g.size) FILTER (WHERE p.last_run IS NULL), 0) AS bytes, count(*) FILTER (WHERE p.tree = 'removed') AS removed
           FROM placement p JOIN message g ON g.id = p.message GROUP BY p.mailbox) n ON n.mailbox = m.id
         WHERE (c.messages, c.bytes, c.removed) IS NOT (coalesce(n.messages, 0), coalesce(n.bytes, 0), coalesce(n.removed, 0))
         ORDER BY m.path`,
      )
      .pluck()
      .all();
  }

  close(): void {
    this.database.close();
  }
}

interface KnownRow {
  placement: number;
  message: number;
  mailbox: number;
  path: string;
  folder: string;
  tree: Tree;
  generation: number;
  uid: number;
  receivedAt: number;
  letters: string;
  sha256: string;
  size: number;
  inFlux: number;
  hasCopies: number;
  pruning: number;
}

const KNOWN = `
  SELECT p.id AS placement, p.message, p.mailbox, m.path, m.folder, p.tree, p.generation, p.uid, p.received_at AS receivedAt,
    p.letters, lower(hex(g.sha256)) AS sha256, g.size,
    p.settled = 0 OR (p.gone_run IS NOT NULL AND p.last_run IS NULL) AS inFlux,
    EXISTS (SELECT 1 FROM placement q WHERE q.message = p.message AND q.id <> p.id AND q.tree IS NOT NULL) AS hasCopies,
    EXISTS (SELECT 1 FROM pruned u WHERE u.placement = p.id AND u.done = 0) AS pruning
  FROM placement p JOIN message g ON g.id = p.message JOIN mailbox m ON m.id = p.mailbox
  WHERE p.tree IS NOT NULL`;

/** Written out: a row for each file of the archive goes through here. */
function known(row: KnownRow): KnownFile {
  return {
    placement: row.placement,
    message: row.message,
    mailbox: row.mailbox,
    path: row.path,
    generation: row.generation,
    uid: row.uid,
    sha256: row.sha256,
    size: row.size,
    receivedAt: row.receivedAt,
    place: placeOf(row),
    inFlux: row.inFlux === 1,
    hasCopies: row.hasCopies === 1,
    pruning: row.pruning === 1,
  };
}

const AWAITED = `
  SELECT a.placement, p.mailbox, m.path, m.folder, p.generation, p.uid, p.received_at AS receivedAt, f.flags,
    lower(hex(g.sha256)) AS sha256, g.size, a.accepted,
    CASE WHEN p.message = a.message AND p.tree IS NOT NULL THEN 'back'
         WHEN p.message IS NOT NULL AND p.message <> a.message THEN 'changed'
         WHEN p.gone_run IS NULL AND p.generation = m.generation AND m.last_run IS NULL THEN 'waiting'
         ELSE 'left' END AS state
  FROM awaited a JOIN placement p ON p.id = a.placement JOIN mailbox m ON m.id = p.mailbox
  JOIN message g ON g.id = a.message JOIN flag_set f ON f.id = p.flag_set ORDER BY a.placement`;

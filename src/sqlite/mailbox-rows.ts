/**
 * Mailboxes as the server lists them. The wire name is the identity while a mailbox is listed; one that
 * comes back under its old name takes its old row and folder again.
 */

import { displayPath } from '../core/mailbox/mailbox-path.js';
import type { MailboxStatus } from '../core/ports/archive.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { PolledMailbox } from '../core/ports/source.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';
import { keepMailbox, mailboxesAt } from './past-mailboxes.js';

interface MailboxRow {
  id: number;
  wireName: string;
  path: string;
  folder: string;
  generation: number;
  checkpoint: string | null;
  uidValidity: string | null;
  specialUse: string | null;
  components: string;
  subscribed: number;
  lastRun: number | null;
  sinceRun: number;
}

const COLUMNS = `id, wire_name AS wireName, path, folder, generation, checkpoint, uid_validity AS uidValidity,
  special_use AS specialUse, components, subscribed, last_run AS lastRun, since_run AS sinceRun`;

export class MailboxRows {
  readonly #database: Database;
  readonly #journal: JournalRows;

  constructor(database: Database) {
    this.#database = database;
    this.#journal = new JournalRows(database);
  }

  all(): IndexedMailbox[] {
    return this.#rows().map(({ sinceRun: _, ...mailbox }) => mailbox);
  }

  /** As they were at the end of a run. Files still lie in the folders that the mailboxes have now. */
  at(run: number): IndexedMailbox[] {
    return mailboxesAt(this.#database, this.#rows(), run);
  }

  #rows(): (IndexedMailbox & { sinceRun: number })[] {
    const rows = this.#database.prepare<[], MailboxRow>(`SELECT ${COLUMNS} FROM mailbox ORDER BY id`).all();
    return rows.map((row) => ({
      id: row.id,
      wireName: row.wireName,
      path: row.path,
      components: JSON.parse(row.components) as string[],
      folder: row.folder,
      generation: row.generation,
      checkpoint: row.checkpoint,
      uidValidity: row.uidValidity,
      specialUse: row.specialUse,
      subscribed: row.subscribed === 1,
      listed: row.lastRun === null,
      sinceRun: row.sinceRun,
    }));
  }

  /**
   * A mailbox that is listed already is known by its wire name and keeps its folder, whatever its path has
   * become. A new one takes over the folder of one that is gone; a folder in use gets a number behind it.
   */
  note(run: number, polled: readonly PolledMailbox[], folderOf: (mailbox: PolledMailbox) => string): void {
    const byFolder = new Map(this.all().map((mailbox) => [mailbox.folder, mailbox]));
    const byWireName = new Map(
      [...byFolder.values()].filter(({ listed }) => listed).map((mailbox) => [mailbox.wireName, mailbox]),
    );
    const named = new Set(polled.map((mailbox) => mailbox.wireName));
    const taken = new Set(
      [...byWireName.values()].filter(({ wireName }) => named.has(wireName)).map(({ folder }) => folder),
    );
    const insert = this.#database.prepare(
      `INSERT INTO mailbox (wire_name, path, components, folder, special_use, subscribed, generation, on_server, first_run, since_run)
       VALUES (@wireName, @path, @components, @folder, @specialUse, @subscribed, 1, 0, @run, @run)`,
    );
    const update = this.#database.prepare(
      `UPDATE mailbox SET wire_name = @wireName, path = @path, components = @components, special_use = @specialUse,
         subscribed = @subscribed, last_run = NULL WHERE id = @id`,
    );
    this.#database.transaction(() => {
      for (const mailbox of polled) {
        if (!named.delete(mailbox.wireName)) continue;
        const same = byWireName.get(mailbox.wireName);
        const folder = same?.folder ?? freeFolder(folderOf(mailbox), taken);
        taken.add(folder);
        const path = displayPath(mailbox.path);
        const components = JSON.stringify(mailbox.path.components.map((component) => component.text));
        const specialUse = mailbox.specialUse;
        const subscribed = mailbox.subscribed ? 1 : 0;
        const old = same ?? byFolder.get(folder);
        const row = { wireName: mailbox.wireName, path, components, specialUse, subscribed };
        if (old === undefined) {
          const { lastInsertRowid } = insert.run({ ...row, folder, run });
          this.#noteListed(Number(lastInsertRowid));
        } else if (!old.listed || !isSame(old, mailbox, path)) {
          if (!old.listed || !isSame(old, { ...mailbox, subscribed: old.subscribed }, path))
            keepMailbox(this.#database, old.id, run);
          update.run({ ...row, id: old.id });
          this.#noteListed(old.id);
        }
      }
    })();
  }

  #noteListed(mailbox: number): void {
    this.#journal.add({ do: 'list', ...this.#journal.namesOf(mailbox) });
  }

  /**
   * Called inside the spine's transaction: the cursor moves with the rows it covers. An incomplete answer has
   * none, and keeps the old one as long as its id space lives. Returns whether the UIDVALIDITY is new.
   */
  setCursor(
    mailbox: number,
    cursor: {
      run: number;
      checkpoint: string | null;
      uidValidity: string;
      mailboxId: string | null;
      exists: number;
      syncedAt: number;
      newGeneration: boolean;
    },
  ): boolean {
    const { uidValidity } = this.#database
      .prepare<[number], { uidValidity: string | null }>(
        'SELECT uid_validity AS uidValidity FROM mailbox WHERE id = ?',
      )
      .get(mailbox)!;
    if (cursor.newGeneration || cursor.uidValidity !== uidValidity)
      keepMailbox(this.#database, mailbox, cursor.run);
    this.#database
      .prepare(
        `UPDATE mailbox SET checkpoint = iif(@step = 1, @checkpoint, coalesce(@checkpoint, checkpoint)), uid_validity = @uidValidity,
           mailbox_id = coalesce(@mailboxId, mailbox_id), on_server = @exists,
           last_synced_at = @syncedAt, generation = generation + @step WHERE id = @mailbox`,
      )
      .run({
        mailbox,
        checkpoint: cursor.checkpoint,
        uidValidity: cursor.uidValidity,
        mailboxId: cursor.mailboxId,
        exists: cursor.exists,
        syncedAt: cursor.syncedAt,
        step: cursor.newGeneration ? 1 : 0,
      });
    return cursor.uidValidity !== uidValidity;
  }

  withMailboxId(mailboxId: string): number[] {
    return this.#database
      .prepare<[string], number>(
        'SELECT id FROM mailbox WHERE mailbox_id = ? AND last_run IS NULL ORDER BY id',
      )
      .pluck()
      .all(mailboxId);
  }

  touch(mailboxes: readonly number[], syncedAt: number): void {
    const update = this.#database.prepare('UPDATE mailbox SET last_synced_at = ? WHERE id = ?');
    this.#database.transaction(() => {
      for (const mailbox of mailboxes) update.run(syncedAt, mailbox);
    })();
  }

  setUnlisted(mailbox: number, run: number): void {
    keepMailbox(this.#database, mailbox, run);
    this.#database
      .prepare(
        'UPDATE mailbox SET last_run = ?, checkpoint = NULL, on_server = 0, generation = generation + 1 WHERE id = ?',
      )
      .run(run, mailbox);
    const { path } = this.#journal.namesOf(mailbox);
    this.#journal.add({ do: 'unlist', mailbox, path });
  }

  /** Called inside a transaction. Returns the folders that the files have to be moved from and to. */
  rename(run: number, mailbox: number, successor: number): { from: string; to: string } {
    keepMailbox(this.#database, mailbox, run);
    const select = this.#database.prepare<[number], Record<string, unknown> & { folder: string }>(
      'SELECT wire_name, path, components, folder, special_use, subscribed FROM mailbox WHERE id = ?',
    );
    const former = select.get(mailbox)!;
    const next = select.get(successor)!;
    this.#database.prepare('DELETE FROM past_mailbox WHERE mailbox = ?').run(successor);
    this.#database.prepare('DELETE FROM mailbox WHERE id = ?').run(successor);
    this.#database
      .prepare(
        `UPDATE mailbox SET wire_name = @wire_name, path = @path, components = @components, folder = @folder,
           special_use = @special_use, subscribed = @subscribed WHERE id = @mailbox`,
      )
      .run({ ...next, mailbox });
    this.#journal.add({ do: 'rename', successor, ...this.#journal.namesOf(mailbox) });
    return { from: former.folder, to: next.folder };
  }

  keywords(mailbox: number): string[] {
    return this.#database
      .prepare<[number], { name: string }>('SELECT name FROM keyword WHERE mailbox = ? ORDER BY position')
      .all(mailbox)
      .map((row) => row.name);
  }

  addKeywords(mailbox: number, keywords: readonly string[]): void {
    const insert = this.#database.prepare('INSERT INTO keyword (mailbox, position, name) VALUES (?, ?, ?)');
    this.#database.transaction(() => {
      let position = this.keywords(mailbox).length;
      for (const keyword of keywords) insert.run(mailbox, position++, keyword);
    })();
  }

  status(): MailboxStatus[] {
    return this.#database
      .prepare<[], MailboxStatus>(
        `SELECT m.path, m.uid_validity AS uidValidity, m.on_server AS onServer,
                c.messages AS stored,
                count(p.id) FILTER (WHERE p.attempts = 0) AS pending,
                count(p.id) FILTER (WHERE p.attempts > 0) AS failed,
                m.last_synced_at AS lastSyncedAt
         FROM mailbox m JOIN mail_count c ON c.mailbox = m.id
         LEFT JOIN placement p ON p.mailbox = m.id AND p.settled = 0 AND p.message IS NULL AND p.last_run IS NULL
         WHERE m.last_run IS NULL GROUP BY m.id ORDER BY m.path`,
      )
      .all();
  }
}

function isSame(old: IndexedMailbox, mailbox: PolledMailbox, path: string): boolean {
  return (
    old.wireName === mailbox.wireName &&
    old.path === path &&
    old.specialUse === mailbox.specialUse &&
    old.subscribed === mailbox.subscribed
  );
}

function freeFolder(folder: string, taken: ReadonlySet<string>): string {
  let free = folder;
  for (let number = 2; taken.has(free); number++) free = `${folder}%${number}`;
  return free;
}

/**
 * An index in the making, in a file of its own beside index.db. Only when it is whole and durable does it
 * take the name; the old one is set aside. A rebuild that was stopped leaves nothing that counts.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JournalLine } from '../core/journal.js';
import { canonicalFlags } from '../core/mailbox/flags.js';
import { flagsOfLetters, maildirLetters } from '../core/mailbox/maildir-name.js';
import type { FoundContent, FoundFile, RebuildTarget } from '../core/ports/rebuild.js';
import { type Database, guarded, openIndex } from './database.js';
import { flagSetOf } from './flag-set.js';
import { settleImported } from './imported.js';
import { MailboxRows } from './mailbox-rows.js';
import { RebuildHistory } from './rebuild-history.js';
import { noteUntold } from './rebuild-untold.js';
import { State } from './state.js';

/** `setAside` names the old index among the files set aside, e.g. by the time. The caller holds the account's lock. */
export function openRebuild(file: string, setAside: string): RebuildTarget {
  const fresh = `${file}.new`;
  removeDatabase(fresh);
  try {
    return new Rebuild(file, fresh, setAside, openIndex(fresh, { create: true, anew: true }));
  } catch (error) {
    removeDatabase(fresh);
    throw error;
  }
}

class Rebuild implements RebuildTarget {
  readonly #file: string;
  readonly #fresh: string;
  readonly #setAside: string;
  readonly #database: Database;
  readonly #mailboxes: MailboxRows;
  readonly #history: RebuildHistory;
  readonly #keywords = new Map<number, readonly string[]>();

  constructor(file: string, fresh: string, setAside: string, database: Database) {
    this.#file = file;
    this.#fresh = fresh;
    this.#setAside = setAside;
    this.#database = database;
    this.#mailboxes = new MailboxRows(database);
    database.exec('BEGIN IMMEDIATE');
    this.#history = new RebuildHistory(database);
  }

  apply(line: JournalLine): number {
    return guarded(this.#fresh, () => this.#history.apply(line));
  }

  mailboxes() {
    return guarded(this.#fresh, () => this.#mailboxes.all());
  }

  /** Its name on the server is not known: the next list takes the row over by its folder. */
  addMailbox(folder: string, generation: number): number {
    return guarded(this.#fresh, () => {
      const row = { folder, generation, run: this.#next(), components: JSON.stringify(folder.split('/')) };
      const { lastInsertRowid } = this.#database
        .prepare(
          `INSERT INTO mailbox (wire_name, path, components, folder, subscribed, generation, on_server, first_run, since_run)
           VALUES (@folder, @folder, @components, @folder, 0, @generation, 0, @run, @run)`,
        )
        .run(row);
      return Number(lastInsertRowid);
    });
  }

  setKeywords(mailbox: number, keywords: readonly string[]): void {
    guarded(this.#fresh, () => {
      // removed/ carries the same letters, and perhaps fewer.
      const known = this.#mailboxes.keywords(mailbox).length;
      this.#mailboxes.addKeywords(mailbox, keywords.slice(known));
      this.#keywords.set(mailbox, this.#mailboxes.keywords(mailbox));
    });
  }

  knows(sha256: string): boolean {
    return guarded(
      this.#fresh,
      () =>
        this.#database
          .prepare('SELECT 1 FROM message WHERE sha256 = unhex(?) AND length(header_sha256) > 0')
          .get(sha256) !== undefined,
    );
  }

  addContent(content: FoundContent): void {
    guarded(this.#fresh, () =>
      this.#database
        .prepare(
          `INSERT INTO message (sha256, size, header_sha256, message_id) VALUES (unhex(@sha256), @size, unhex(@headerSha256), @messageId)
           ON CONFLICT DO UPDATE SET header_sha256 = excluded.header_sha256, message_id = excluded.message_id`,
        )
        .run(content),
    );
  }

  attach(mailbox: number, file: FoundFile): boolean {
    return guarded(this.#fresh, () => {
      const found = this.#placement(mailbox, file);
      if (found.tree !== null) return false;
      const isThere = found.goneRun === null;
      const { letters } = file.name;
      const isRight =
        file.tree === 'mail' && letters === maildirLetters(found.flags, this.#keywords.get(mailbox) ?? []);
      this.#database
        .prepare(
          `UPDATE placement SET message = (SELECT id FROM message WHERE sha256 = unhex(@sha256)), received_at = @receivedAt,
             server_size = @size, tree = @tree, letters = @letters, settled = @settled, last_run = @lastRun WHERE id = @id`,
        )
        .run({
          ...file.name,
          id: found.id,
          tree: file.tree,
          letters,
          settled: isThere && !isRight ? 0 : 1,
          // A file in mail/ of a message that is said to be retired: it is still to be.
          lastRun: file.tree === 'mail' ? null : found.lastRun,
        });
      // Its octets are here, whatever was said of them before.
      this.#database.prepare('DELETE FROM pruned WHERE placement = ?').run(found.id);
      this.#database
        .prepare(
          'DELETE FROM awaited WHERE placement = @id AND message = (SELECT message FROM placement WHERE id = @id)',
        )
        .run({ id: found.id });
      return true;
    });
  }

  finish(): void {
    guarded(this.#fresh, () => {
      this.#resolveMoves();
      this.#giveUpMissing();
      this.#count();
      settleImported(this.#database);
      noteUntold(this.#database, this.#next());
      // Nobody knows how the last run ended: the next one sweeps up behind it.
      new State(this.#database).set('unfinished_run', String(this.#history.run));
      this.#database.exec('COMMIT; DROP TABLE temp.moved');
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
      // Without WAL all of it is in one file, which can be renamed.
      this.#database.pragma('journal_mode = DELETE');
      this.#database.close();
    });
    this.#swap();
  }

  discard(): void {
    if (this.#database.open) this.#database.close();
    removeDatabase(this.#fresh);
  }

  #placement(mailbox: number, { name }: FoundFile): PlacementRow {
    const select = this.#database.prepare<[number, number, number], PlacementRow>(
      `SELECT p.id, p.gone_run AS goneRun, p.last_run AS lastRun, p.tree, f.flags FROM placement p JOIN flag_set f ON f.id = p.flag_set
       WHERE p.mailbox = ? AND p.generation = ? AND p.uid = ?`,
    );
    const known = select.get(mailbox, name.generation, name.uid);
    if (known !== undefined) return known;
    return this.#addUnknown(mailbox, name);
  }

  /** A file that the journal doesn't tell of: there since the next run, with the flags of its name. */
  #addUnknown(mailbox: number, name: FoundFile['name']): PlacementRow {
    const flags = canonicalFlags(flagsOfLetters(name.letters, this.#keywords.get(mailbox) ?? []));
    const { generation } = this.#database
      .prepare<[number], { generation: number }>('SELECT generation FROM mailbox WHERE id = ?')
      .get(mailbox)!;
    const next = this.#next();
    const goneRun = name.generation === generation ? null : next;
    const { lastInsertRowid } = this.#database
      .prepare(
        `INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, letters, settled, adopted, first_run, gone_run, attempts, next_attempt_at)
         VALUES (@mailbox, @generation, @uid, @flagSet, @next, @receivedAt, @size, '', 0, 0, @next, @goneRun, 0, 0)`,
      )
      .run({ ...name, mailbox, flagSet: flagSetOf(this.#database, flags), next, goneRun });
    return { id: Number(lastInsertRowid), goneRun, lastRun: null, tree: null, flags };
  }

  /** Content of a message that moved is that of the place it moved to, which may have moved on. */
  #resolveMoves(): void {
    const step = this.#database.prepare(
      `UPDATE placement SET message = q.message, received_at = q.received_at, server_size = q.server_size
       FROM temp.moved v JOIN placement q ON q.mailbox = v.to_mailbox AND q.generation = v.to_generation AND q.uid = v.to_uid
       WHERE v.mailbox = placement.mailbox AND v.generation = placement.generation AND v.uid = placement.uid
         AND placement.message IS NULL AND q.message IS NOT NULL`,
    );
    while (step.run().changes > 0);
  }

  /**
   * What never arrived, or whose file is lost, is not here any more: the next list of the server shows it
   * again, with the date and size that only the server knows. What is awaited is known by its name.
   */
  #giveUpMissing(): void {
    const next = this.#next();
    this.#database
      .prepare(
        'UPDATE placement SET gone_run = @next, last_run = @next, settled = 1 WHERE message IS NULL AND gone_run IS NULL AND id NOT IN (SELECT placement FROM awaited)',
      )
      .run({ next });
  }

  /** What the journal doesn't tell of and lies in removed/ has left; what the server held is what was there. */
  #count(): void {
    this.#database
      .prepare(
        `UPDATE placement SET gone_run = @next, last_run = @next WHERE tree = 'removed' AND first_run = @next`,
      )
      .run({ next: this.#next() });
    this.#database
      .prepare(
        `UPDATE mailbox SET on_server = iif(last_run IS NULL, (SELECT count(*) FROM placement p WHERE p.mailbox = mailbox.id
           AND p.generation = mailbox.generation AND p.gone_run IS NULL
           AND NOT EXISTS (SELECT 1 FROM server_copy k WHERE k.placement = p.id AND k.deleted_run IS NOT NULL)), 0),
           last_synced_at = (SELECT max(started_at + duration_ms) FROM run)`,
      )
      .run();
  }

  /** The run that comes next takes this number too. */
  #next(): number {
    return this.#history.run + 1;
  }

  /** Stopped in between there is no index.db, which every command recognises and sends here again. */
  #swap(): void {
    const folder = dirname(this.#file);
    syncFile(this.#fresh);
    if (existsSync(this.#file)) {
      const quarantine = join(folder, 'quarantine');
      mkdirSync(quarantine, { recursive: true, mode: 0o700 });
      for (const suffix of SUFFIXES) {
        if (existsSync(this.#file + suffix))
          renameSync(this.#file + suffix, join(quarantine, `index-${this.#setAside}.db${suffix}`));
      }
      syncFile(quarantine);
    }
    // The WAL of another database would be played into this one.
    for (const suffix of SUFFIXES.slice(1)) rmSync(this.#file + suffix, { force: true });
    renameSync(this.#fresh, this.#file);
    syncFile(folder);
  }
}

interface PlacementRow {
  id: number;
  goneRun: number | null;
  lastRun: number | null;
  tree: string | null;
  flags: string;
}

const SUFFIXES = ['', '-wal', '-shm', '-journal'];

function removeDatabase(file: string): void {
  for (const suffix of SUFFIXES) rmSync(file + suffix, { force: true });
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

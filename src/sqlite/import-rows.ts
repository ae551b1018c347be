/** The index as an import sees it: rows of messages that no server has told of, each after its file is durable. */

import type { MailboxNames } from '../core/journal.js';
import type { ImportedMessage, ImportIndex, ImportMailbox, ImportNames } from '../core/ports/import.js';
import type { FilePlace, Tree } from '../core/ports/store.js';
import { uidRanges } from '../core/sync/uid-ranges.js';
import { type Database, guarded, openIndex } from './database.js';
import { placeOf } from './file-place.js';
import { flagSetOf } from './flag-set.js';
import { addImported, noteImportMailbox } from './imported.js';
import { JournalRows } from './journal-rows.js';
import { RunRows } from './run-rows.js';
import { State } from './state.js';

interface FolderRow {
  mailbox: number;
  generation: number;
  listed: number;
}

interface TwinRow {
  generation: number;
  uid: number;
  receivedAt: number;
  size: number;
  letters: string;
  tree: Tree;
  folder: string;
}

export class ImportRows implements ImportIndex {
  readonly #file: string;
  readonly #database: Database;
  readonly #runs: RunRows;
  readonly #state: State;
  readonly #journal: JournalRows;
  /** What stood there before `begin`: a run that was cut short is still to be swept up behind. */
  #unfinished: string | null = null;

  /** The caller holds the account's lock. */
  constructor(file: string) {
    this.#file = file;
    this.#database = openIndex(file, { create: true });
    this.#runs = new RunRows(this.#database);
    this.#state = new State(this.#database);
    this.#journal = new JournalRows(this.#database);
  }

  begin(): number {
    return this.#write(() => {
      this.#unfinished = this.#state.get('unfinished_run');
      const run = this.#runs.newest() + 1;
      this.#state.set('next_run', String(run + 1));
      this.#state.set('unfinished_run', this.#unfinished ?? String(run));
      return run;
    });
  }

  end(): void {
    this.#write(() => this.#state.set('unfinished_run', this.#unfinished));
  }

  find(names: ImportNames): { mailbox: number; folder: string } | null {
    return guarded(this.#file, () => {
      const { row, folder } = this.#folder(names);
      return row === undefined ? null : { mailbox: row.mailbox, folder };
    });
  }

  open(run: number, names: ImportNames): ImportMailbox {
    return this.#write(() => {
      const { row, folder } = this.#folder(names);
      const mailbox = row?.mailbox ?? this.#nextMailbox();
      const generation = row?.generation ?? 1;
      noteImportMailbox(this.#database, { ...namesOf(mailbox, { ...names, folder }), run, generation });
      const target = { mailbox, folder, generation };
      this.#note(run, target, []);
      return target;
    });
  }

  has(sha256: string, mailbox: number | null): boolean {
    return guarded(
      this.#file,
      () =>
        this.#database
          .prepare(
            `SELECT 1 FROM message g JOIN placement p ON p.message = g.id
             WHERE g.sha256 = unhex(@sha256) AND p.tree IS NOT NULL
               AND (p.mailbox = @mailbox OR NOT EXISTS (SELECT 1 FROM imported i WHERE i.placement = p.id)) LIMIT 1`,
          )
          .get({ sha256, mailbox }) !== undefined,
    );
  }

  twin(sha256: string, receivedAt: number): FilePlace | null {
    const row = guarded(this.#file, () =>
      this.#database
        .prepare<{ sha256: string; receivedAt: number }, TwinRow>(
          `SELECT p.generation, p.uid, p.received_at AS receivedAt, g.size, p.letters, p.tree, m.folder
           FROM message g JOIN placement p ON p.message = g.id JOIN mailbox m ON m.id = p.mailbox
           WHERE g.sha256 = unhex(@sha256) AND p.received_at = @receivedAt AND p.tree IS NOT NULL ORDER BY p.id LIMIT 1`,
        )
        .get({ sha256, receivedAt }),
    );
    if (row === undefined) return null;
    return placeOf({ ...row, sha256 });
  }

  isKnown(mailbox: number, generation: number, uid: number): boolean {
    return guarded(
      this.#file,
      () =>
        this.#database
          .prepare('SELECT 1 FROM placement WHERE mailbox = ? AND generation = ? AND uid = ?')
          .get(mailbox, generation, uid) !== undefined,
    );
  }

  record(run: number, into: ImportMailbox, messages: readonly ImportedMessage[]): void {
    const content = this.#database.prepare(
      `INSERT INTO message (sha256, size, header_sha256, message_id) VALUES (unhex(@sha256), @size, unhex(@headerSha256), @messageId)
       ON CONFLICT DO UPDATE SET header_sha256 = excluded.header_sha256, message_id = excluded.message_id`,
    );
    const attach = this.#database.prepare(
      `UPDATE placement SET message = (SELECT id FROM message WHERE sha256 = unhex(@sha256)), received_at = @receivedAt,
         server_size = @size, tree = 'removed', letters = @letters WHERE id = @placement`,
    );
    const measure = this.#database.prepare('UPDATE imported SET size = @size WHERE placement = @placement');
    this.#write(() => {
      for (const { uid, receivedAt, flags, letters, body, messageId } of messages) {
        const { sha256, size, headerSha256 } = body;
        content.run({ sha256, size, headerSha256, messageId });
        const placement = addImported(this.#database, {
          run,
          ...into,
          uid,
          flagSet: flagSetOf(this.#database, flags),
        });
        attach.run({ placement, sha256, size, receivedAt, letters });
        measure.run({ placement, size });
      }
      this.#note(run, into, messages);
    });
  }

  close(): void {
    this.#database.close();
  }

  #note(run: number, { mailbox, generation }: ImportMailbox, messages: readonly ImportedMessage[]): void {
    const byFlags: Record<string, string> = {};
    for (const flags of new Set(messages.map((message) => message.flags)))
      byFlags[flags] = uidRanges(messages.filter((message) => message.flags === flags).map(({ uid }) => uid));
    this.#journal.add({
      do: 'import',
      run,
      generation,
      messages: byFlags,
      ...this.#journal.namesOf(mailbox),
    });
  }

  /** A folder that a mailbox of the server has by now is left to it. */
  #folder({ folder }: ImportNames): { row: FolderRow | undefined; folder: string } {
    const select = this.#database.prepare<[string], FolderRow>(
      'SELECT id AS mailbox, generation, last_run IS NULL AS listed FROM mailbox WHERE folder = ?',
    );
    let free = folder;
    for (let number = 2; ; number++) {
      const row = select.get(free);
      if (row?.listed !== 1) return { row, folder: free };
      free = `${folder}%${number}`;
    }
  }

  #nextMailbox(): number {
    return this.#database.prepare<[], number>('SELECT coalesce(max(id), 0) + 1 FROM mailbox').pluck().get()!;
  }

  #write<T>(work: () => T): T {
    return guarded(this.#file, () => this.#database.transaction(work)());
  }
}

/** No server has named it: its wire name is its path as UTF-8, a char an octet. */
function namesOf(mailbox: number, { path, components, folder }: ImportNames): MailboxNames {
  const wire_name = Buffer.from(path, 'utf8').toString('latin1');
  return { mailbox, path, wire_name, components, folder, special_use: null, subscribed: false };
}

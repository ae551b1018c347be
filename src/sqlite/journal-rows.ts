/**
 * What is still to be written to the journal. Every change of rows that history is made of leaves its entry
 * here in the same transaction; the run that ends next writes them into its line, also those that a killed
 * run left.
 */
import type { JournalChange, MailboxNames } from '../core/journal.js';
import type { Database } from './database.js';
import { State } from './state.js';

export class JournalRows {
  readonly #database: Database;
  readonly #state: State;

  constructor(database: Database) {
    this.#database = database;
    this.#state = new State(database);
  }

  /** Called inside the transaction of the change. */
  add(change: JournalChange): void {
    this.#database
      .prepare('INSERT INTO journal_entry (id, change) VALUES (?, ?)')
      .run(this.#seq() + 1, JSON.stringify(change));
  }

  /** In the order in which they happened; the line that takes them has a higher `seq`. */
  entries(): { seq: number; changes: JournalChange[] } {
    const rows = this.#database
      .prepare<[], { change: string }>('SELECT change FROM journal_entry ORDER BY id')
      .all();
    return { seq: this.#seq(), changes: rows.map(({ change }) => JSON.parse(change) as JournalChange) };
  }

  count(): number {
    return this.#database.prepare<[], { count: number }>('SELECT count(*) AS count FROM journal_entry').get()!
      .count;
  }

  /** The `seq` of the last line that the index knows of. */
  journaled(): number {
    return Number(this.#state.get('journaled') ?? '0');
  }

  /** Called inside a transaction: everything up to `seq` stands in the journal. */
  written(seq: number): void {
    this.#database.prepare('DELETE FROM journal_entry WHERE id <= ?').run(seq);
    this.#state.set('journaled', String(seq));
  }

  #seq(): number {
    const { last } = this.#database
      .prepare<[], { last: number | null }>('SELECT max(id) AS last FROM journal_entry')
      .get()!;
    return Math.max(last ?? 0, this.journaled());
  }

  namesOf(mailbox: number): MailboxNames {
    const row = this.#database
      .prepare<
        [number],
        Omit<MailboxNames, 'components' | 'subscribed'> & { components: string; subscribed: number }
      >(
        `SELECT id AS mailbox, path, wire_name, components, folder, special_use, subscribed FROM mailbox WHERE id = ?`,
      )
      .get(mailbox)!;
    return { ...row, components: JSON.parse(row.components) as string[], subscribed: row.subscribed === 1 };
  }
}

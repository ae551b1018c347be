/**
 * What is still to be written to the journal. Every change of rows that history is made of leaves its entry
 * here in the same transaction; the run that ends next writes them into its line, also those that a killed
 * run left.
 */
import type { JournalChange, MailboxNames } from '../core/journal.js';
import type { Database } from './database.js';

export class JournalRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Called inside the transaction of the change. */
  add(change: JournalChange): void {
    this.#database.prepare('INSERT INTO journal_entry (change) VALUES (?)').run(JSON.stringify(change));
  }

  /** In the order in which they happened. */
  all(): JournalChange[] {
    return this.#database
      .prepare<[], { change: string }>('SELECT change FROM journal_entry ORDER BY id')
      .all()
      .map(({ change }) => JSON.parse(change) as JournalChange);
  }

  count(): number {
    return this.#database.prepare<[], { count: number }>('SELECT count(*) AS count FROM journal_entry').get()!
      .count;
  }

  clear(): void {
    this.#database.prepare('DELETE FROM journal_entry').run();
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

/**
 * Content that placements had and whose octets are not in the archive any more. Each step leaves its entry for
 * the journal in the same transaction: what is lost must still be named by an index that is made anew.
 */
import type { AwaitState } from '../core/journal.js';
import { maildirFileName, uniquePart } from '../core/mailbox/maildir-name.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';

interface NamedRow {
  mailbox: number;
  path: string;
  generation: number;
  uid: number;
  receivedAt: number;
  sha256: string;
  size: number;
}

export class AwaitedRows {
  readonly #database: Database;

  /** Every method is called inside a transaction. */
  constructor(database: Database) {
    this.#database = database;
  }

  /** Before the placements forget their content. */
  begin(placements: readonly number[]): void {
    const remember = this.#database.prepare(
      `INSERT INTO awaited (placement, message, accepted) SELECT id, message, 0 FROM placement WHERE id = ? AND message IS NOT NULL
       ON CONFLICT DO NOTHING`,
    );
    this.#tell(
      'begun',
      placements.filter((placement) => remember.run(placement).changes > 0),
    );
  }

  end(placements: readonly number[]): void {
    this.#tell('over', placements);
    const remove = this.#database.prepare('DELETE FROM awaited WHERE placement = ?');
    for (const placement of placements) remove.run(placement);
  }

  /** A person knows that it is lost. */
  accept(placements: readonly number[]): void {
    const update = this.#database.prepare(
      'UPDATE awaited SET accepted = 1 WHERE placement = ? AND accepted = 0',
    );
    this.#tell(
      'accepted',
      placements.filter((placement) => update.run(placement).changes > 0),
    );
  }

  #tell(state: AwaitState, placements: readonly number[]): void {
    const find = this.#database.prepare<[number], NamedRow>(
      `SELECT p.mailbox, m.path, p.generation, p.uid, p.received_at AS receivedAt, lower(hex(g.sha256)) AS sha256, g.size
       FROM awaited a JOIN placement p ON p.id = a.placement JOIN mailbox m ON m.id = p.mailbox JOIN message g ON g.id = a.message
       WHERE a.placement = ?`,
    );
    const journal = new JournalRows(this.#database);
    const rows = placements.flatMap((placement) => find.get(placement) ?? []);
    for (const mailbox of new Set(rows.map((row) => row.mailbox))) {
      const own = rows.filter((row) => row.mailbox === mailbox);
      const files = own.map((row) => uniquePart(maildirFileName(row, '')));
      journal.add({ do: 'await', state, mailbox, path: own[0]!.path, files });
    }
  }
}

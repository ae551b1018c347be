/**
 * How far the headers of index.db are entered in search.db: up to which message everything is. It makes the
 * question whether anything is missing cheap; a mark that points at nothing that index.db has means that
 * nothing is taken for entered.
 */
import type { Database } from './database.js';

export interface Mark {
  readonly id: number;
  readonly sha256: string;
}

export class SearchMark {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(): Mark | null {
    const row = this.#database
      .prepare<[], { value: string }>(`SELECT value FROM state WHERE key = 'entered'`)
      .get();
    if (row === undefined) return null;
    const mark = JSON.parse(row.value) as Mark;
    const found = this.#database
      .prepare('SELECT 1 FROM archive.message WHERE id = ? AND sha256 = unhex(?)')
      .get(mark.id, mark.sha256);
    return found === undefined ? null : mark;
  }

  set(mark: Mark | null): void {
    if (mark === null) this.#database.prepare(`DELETE FROM state WHERE key = 'entered'`).run();
    else
      this.#database
        .prepare(
          `INSERT INTO state (key, value) VALUES ('entered', ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
        )
        .run(JSON.stringify({ id: mark.id, sha256: mark.sha256 }));
  }

  /** The newest message of index.db. */
  newest(): Mark | null {
    return (
      this.#database
        .prepare<[], Mark>(
          'SELECT id, lower(hex(sha256)) AS sha256 FROM archive.message ORDER BY id DESC LIMIT 1',
        )
        .get() ?? null
    );
  }

  /** Whether everything up to this message is entered. */
  isWhole({ id }: Mark): boolean {
    const mark = this.get();
    if (mark !== null) return id > mark.id;
    return (
      this.#database
        .prepare(
          `SELECT 1 FROM archive.message g WHERE g.id <= ?
             AND NOT EXISTS (SELECT 1 FROM message s WHERE s.id = g.id AND s.sha256 = g.sha256) LIMIT 1`,
        )
        .get(id) === undefined
    );
  }
}

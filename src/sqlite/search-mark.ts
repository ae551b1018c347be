/**
 * How far the headers of index.db are entered in search.db: up to which message everything is. It makes the
 * question whether anything is missing cheap; a mark that points at nothing that index.db has means that
 * nothing is taken for entered.
 */
import type { Database } from './database.js';
import { State } from './state.js';

export interface Mark {
  readonly id: number;
  readonly sha256: string;
}

export class SearchMark {
  readonly #database: Database;
  readonly #state: State;

  constructor(database: Database) {
    this.#database = database;
    this.#state = new State(database);
  }

  get(): Mark | null {
    const text = this.#state.get('entered');
    if (text === null) return null;
    const mark = JSON.parse(text) as Mark;
    const found = this.#database
      .prepare('SELECT 1 FROM archive.message WHERE id = ? AND sha256 = unhex(?)')
      .get(mark.id, mark.sha256);
    return found === undefined ? null : mark;
  }

  set(mark: Mark | null): void {
    const text = mark === null ? null : JSON.stringify({ id: mark.id, sha256: mark.sha256 });
    this.#state.set('entered', text);
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

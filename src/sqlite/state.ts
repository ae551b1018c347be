/** Single facts under a name, the table `state` of either database. */
import type { Database } from './database.js';

export class State {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(key: string): string | null {
    const row = this.#database
      .prepare<[string], { value: string }>('SELECT value FROM state WHERE key = ?')
      .get(key);
    return row?.value ?? null;
  }

  set(key: string, value: string | null): void {
    if (value === null) this.#database.prepare('DELETE FROM state WHERE key = ?').run(key);
    else
      this.#database
        .prepare(
          'INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
        )
        .run(key, value);
  }
}

/** The flags of many placements are the same: each set of them stands once in the table `flag_set`. */
import type { Database } from './database.js';

/** Called inside a transaction. */
export function flagSetOf(database: Database, flags: string): number {
  database.prepare('INSERT INTO flag_set (flags) VALUES (?) ON CONFLICT DO NOTHING').run(flags);
  return database.prepare<[string], { id: number }>('SELECT id FROM flag_set WHERE flags = ?').get(flags)!.id;
}

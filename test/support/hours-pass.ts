// Time for a rate limit, without waiting for it.

import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Mailkeep } from './mailkeep.js';

/** As if what was read had been read so many hours earlier. */
export function letHoursPass(mailkeep: Mailkeep, hours: number): void {
  const database = new Database(join(mailkeep.root, 'index.db'));
  const row = database.prepare<[], { value: string }>("SELECT value FROM state WHERE key = 'spent'").get();
  const spent = (JSON.parse(row!.value) as { at: number; bytes: number }[]).map(({ at, bytes }) => ({
    at: at - hours * 3_600_000,
    bytes,
  }));
  database.prepare("UPDATE state SET value = ? WHERE key = 'spent'").run(JSON.stringify(spent));
  database.close();
}

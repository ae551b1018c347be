// Makes an archive older than it is: what retention counts from are the times of the runs, in the index and in the
// journal alike. Nothing of the product's code.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** No mailkeep may be working on it. */
export function ageArchive(root: string, days: number): void {
  const ms = days * 86_400_000;
  const database = new Database(join(root, 'index.db'));
  database.prepare('UPDATE run SET started_at = started_at - ?').run(ms);
  database.close();
  const file = join(root, 'journal.jsonl');
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const aged = lines.map((text) => {
    const line = JSON.parse(text) as { started_at: string };
    return JSON.stringify({ ...line, started_at: new Date(Date.parse(line.started_at) - ms).toISOString() });
  });
  writeFileSync(file, `${aged.join('\n')}\n`);
}

/** As a prune leaves it that was killed when it had said what it would delete, and before it had told of it. */
export function leaveIntents(root: string): number {
  const database = new Database(join(root, 'index.db'));
  const { changes } = database
    .prepare(
      `INSERT INTO pruned (placement, pruned_at, done) SELECT id, ?, 0 FROM placement WHERE tree = 'removed'`,
    )
    .run(Date.now());
  database.close();
  return changes;
}

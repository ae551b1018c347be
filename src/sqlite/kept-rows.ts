/**
 * Messages that mailkeep deletes from the server once they were stored long enough: since when they are known
 * to be durable, and which ones it had deleted. The latter stay present for good: they left by our own doing.
 */

import type { DurablePlacement } from '../core/ports/placements.js';
import { uidRanges } from '../core/sync/uid-ranges.js';
import type { Database } from './database.js';
import { placeOf } from './file-place.js';
import { JournalRows } from './journal-rows.js';

/** Condition on a row of `placement`. */
export const NOT_KEPT_HERE =
  'NOT EXISTS (SELECT 1 FROM server_copy k WHERE k.placement = placement.id AND k.deleted_run IS NOT NULL)';

export class KeptRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Of the current generation. */
  uids(mailbox: number): Set<number> {
    const rows = this.#database
      .prepare<[number], { uid: number }>(
        `SELECT p.uid FROM server_copy k JOIN placement p ON p.id = k.placement JOIN mailbox m ON m.id = p.mailbox
         WHERE m.id = ? AND p.generation = m.generation AND k.deleted_run IS NOT NULL ORDER BY p.uid`,
      )
      .all(mailbox);
    return new Set(rows.map(({ uid }) => uid));
  }

  storedSince(mailbox: number, now: number): DurablePlacement[] {
    this.#database
      .prepare(
        `INSERT INTO server_copy (placement, since) SELECT p.id, @now ${DURABLE}
           AND NOT EXISTS (SELECT 1 FROM server_copy k WHERE k.placement = p.id)`,
      )
      .run({ mailbox, now });
    // Content that was lost and fetched again has to prove itself anew.
    this.#database
      .prepare(
        `DELETE FROM server_copy WHERE deleted_run IS NULL AND placement IN
           (SELECT p.id FROM placement p WHERE p.mailbox = ? AND (p.settled = 0 OR p.message IS NULL))`,
      )
      .run(mailbox);
    return this.#database
      .prepare<{ mailbox: number }, StoredRow>(
        `SELECT p.uid, p.generation, p.received_at AS receivedAt, p.letters, m.folder, lower(hex(g.sha256)) AS sha256, g.size,
           (SELECT k.since FROM server_copy k WHERE k.placement = p.id) AS since ${DURABLE} ORDER BY p.uid`,
      )
      .all({ mailbox })
      .map((row) => ({
        uid: row.uid,
        sha256: row.sha256,
        since: row.since,
        place: placeOf({ ...row, tree: 'mail' }),
      }));
  }

  record(run: number, mailbox: number, uids: readonly number[]): void {
    if (uids.length === 0) return;
    this.#database.transaction(() => {
      const { generation, path } = this.#database
        .prepare<[number], { generation: number; path: string }>(
          'SELECT generation, path FROM mailbox WHERE id = ?',
        )
        .get(mailbox)!;
      this.keep(run, mailbox, generation, uids);
      const ranges = uidRanges([...uids].sort((a, b) => a - b));
      new JournalRows(this.#database).add({ do: 'keep', mailbox, path, generation, uids: ranges });
    })();
  }

  /** May be told again. */
  keep(run: number, mailbox: number, generation: number, uids: Iterable<number>): void {
    const insert = this.#database.prepare(
      `INSERT INTO server_copy (placement, since, deleted_run)
       SELECT id, 0, @run FROM placement WHERE mailbox = @mailbox AND generation = @generation AND uid = @uid
       ON CONFLICT DO UPDATE SET deleted_run = excluded.deleted_run`,
    );
    for (const uid of uids) insert.run({ run, mailbox, generation, uid });
  }
}

/** Placements of @mailbox whose file is durable in mail/. */
const DURABLE = `FROM placement p JOIN mailbox m ON m.id = p.mailbox JOIN message g ON g.id = p.message
  WHERE m.id = @mailbox AND p.generation = m.generation AND p.settled = 1 AND p.tree = 'mail' AND p.gone_run IS NULL`;

interface StoredRow {
  uid: number;
  generation: number;
  receivedAt: number;
  letters: string;
  folder: string;
  sha256: string;
  size: number;
  since: number;
}

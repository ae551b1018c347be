/**
 * Placements that the server holds no more. They stay as they are until the run has seen every mailbox;
 * only then are they retired, and only if the guard agrees.
 */

import type { JournalChange } from '../core/journal.js';
import type { LeavingMailbox, LeavingPlacement } from '../core/ports/placements.js';
import type { Tree } from '../core/ports/store.js';
import { uidRanges } from '../core/sync/uid-ranges.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';

const SINCE_RETIRED = `(SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM state WHERE key = 'retired_run')`;

/**
 * Each leaving placement with `moved`: as many of a message's leaving placements as were adopted elsewhere
 * since departures were last retired. Runs that were cut short in between count as one with this run, or a
 * move whose two halves were seen by two runs would look like a loss; a message that moved twice meanwhile
 * was adopted twice. A placement that was dropped in the meantime has used up its adoption.
 * And with `renumbered`: of those, what lives on in the same mailbox under another UID.
 */
const LEAVING = `
  SELECT l.*, (l.moved AND EXISTS (SELECT 1 FROM placement q INDEXED BY placement_message WHERE q.message = l.message AND q.mailbox = l.mailbox
      AND q.generation > l.generation AND q.received_at = l.received_at AND q.tree = 'mail' AND q.settled = 1 AND q.gone_run IS NULL)) AS renumbered
  FROM (SELECT p.id, p.mailbox, p.generation, p.uid, p.received_at, p.message, p.tree, p.letters, p.first_run, p.gone_run,
      (p.message IS NOT NULL AND row_number() OVER (PARTITION BY p.message ORDER BY p.id) <=
        (SELECT count(*) FROM placement q WHERE q.message = p.message AND q.adopted > ${SINCE_RETIRED})
        - (SELECT count(*) FROM placement q WHERE q.message = p.message AND q.tree IS NULL AND q.last_run > ${SINCE_RETIRED})) AS moved
    FROM placement p WHERE p.gone_run IS NOT NULL AND p.last_run IS NULL) l`;

export class LeavingRows {
  readonly #database: Database;
  readonly #journal: JournalRows;

  constructor(database: Database) {
    this.#database = database;
    this.#journal = new JournalRows(database);
  }

  /**
   * What never had its octets here can't be lost, and what was there twice, moved by an earlier run, counts
   * once. Also fixes which placements count as moved: retiring them one by one must not change the others.
   */
  mailboxes(): LeavingMailbox[] {
    this.#database.exec(`DROP TABLE IF EXISTS temp.leaving; CREATE TEMP TABLE leaving AS ${LEAVING}`);
    const run = this.#database
      .prepare<[], { run: number | null }>('SELECT max(gone_run) AS run FROM temp.leaving')
      .get()!.run;
    if (run === null) return [];
    return this.#database
      .prepare<{ run: number }, LeavingMailbox>(
        `SELECT m.id AS mailbox, m.path, coalesce(l.leaving, 0) AS leaving, coalesce(l.moved, 0) AS moved,
           (SELECT count(*) FROM placement c WHERE c.mailbox = m.id AND c.last_run IS NULL AND c.first_run < @run
              AND c.message IS NOT NULL) - coalesce(l.twice, 0) AS present
         FROM mailbox m LEFT JOIN (
             SELECT mailbox, count(message) AS leaving, sum(moved) AS moved,
               count(*) FILTER (WHERE moved AND gone_run < @run AND first_run < @run) AS twice
             FROM temp.leaving GROUP BY mailbox) l ON l.mailbox = m.id
         WHERE m.last_run IS NULL OR l.mailbox IS NOT NULL ORDER BY m.id`,
      )
      .all({ run });
  }

  placements(after: number, limit: number, which: { readonly renumbered: boolean }): LeavingPlacement[] {
    const rows = this.#database
      .prepare<
        { after: number; limit: number; least: number },
        Omit<LeavingPlacement, 'moved'> & { moved: number }
      >(
        `SELECT l.id AS placement, l.mailbox, l.generation, l.uid, l.received_at AS receivedAt, lower(hex(g.sha256)) AS sha256,
           coalesce(g.size, 0) AS size, l.tree, l.letters, l.moved
         FROM temp.leaving l LEFT JOIN message g ON g.id = l.message WHERE l.id > @after AND l.renumbered >= @least
         ORDER BY l.id LIMIT @limit`,
      )
      .all({ after, limit, least: which.renumbered ? 1 : 0 });
    return rows.map((row) => ({ ...row, moved: row.moved === 1 }));
  }

  retired(run: number, retired: readonly { placement: number; tree: Tree | null }[]): void {
    const update = this.#database.prepare(
      'UPDATE placement SET last_run = ?, tree = ?, settled = 1 WHERE id = ?',
    );
    this.#database.transaction(() => {
      for (const { placement, tree } of retired) update.run(run, tree, placement);
      for (const change of this.#changes(retired)) this.#journal.add(change);
    })();
  }

  /** Neighbours with the same fate share an entry. A moved one lives on where its link was dropped for. */
  #changes(retired: readonly { placement: number; tree: Tree | null }[]): JournalChange[] {
    const find = this.#database.prepare<[number], RetiredRow>(
      `SELECT p.mailbox, m.path, p.generation, p.uid, q.mailbox AS toMailbox, q.generation AS toGeneration, q.uid AS toUid
       FROM placement p JOIN mailbox m ON m.id = p.mailbox LEFT JOIN placement q ON p.tree IS NULL AND q.id = (
         SELECT k.id FROM placement k WHERE k.message = p.message AND k.received_at = p.received_at AND k.tree IS NOT NULL
         ORDER BY k.gone_run IS NULL DESC, k.id DESC LIMIT 1)
       WHERE p.id = ?`,
    );
    const groups = new Map<string, { row: RetiredRow; uids: number[]; toUids: number[] }>();
    for (const { placement } of retired) {
      const row = find.get(placement)!;
      const key = [row.mailbox, row.generation, row.toMailbox, row.toGeneration].join();
      const group = groups.get(key) ?? { row, uids: [], toUids: [] };
      groups.set(key, group);
      group.uids.push(row.uid);
      if (row.toUid !== null) group.toUids.push(row.toUid);
    }
    return [...groups.values()].map(({ row, uids, toUids }) => {
      const { mailbox, path, generation, toMailbox, toGeneration } = row;
      const from = { mailbox, path, generation, uids: uidRanges(uids) };
      if (toMailbox === null || toGeneration === null) return { do: 'retire', ...from };
      return {
        do: 'move',
        ...from,
        to: { mailbox: toMailbox, generation: toGeneration, uids: uidRanges(toUids) },
      };
    });
  }
}

interface RetiredRow {
  mailbox: number;
  path: string;
  generation: number;
  uid: number;
  toMailbox: number | null;
  toGeneration: number | null;
  toUid: number | null;
}

/**
 * What a restore or an export is asked for and can't give, because retention has deleted it since or because it
 * was damaged and is lost: known by the history, so that it can be named.
 */
import type { AbsentPlacement } from '../core/ports/archive.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { Database } from './database.js';
import { ALIVE, FLAGS } from './past-placements.js';

/** Placement p was pruned after @run, or its octets are awaited. */
const ABSENT_REMOVED = `(p.last_run <= @run AND NOT ${ALIVE} AND (a.placement IS NOT NULL OR EXISTS (
           SELECT 1 FROM pruned u JOIN run r ON r.run = @run
           WHERE u.placement = p.id AND u.done = 1 AND u.pruned_at > r.started_at + r.duration_ms)))`;

/** As of the end of run `at`; null for now. By generation and UID, as the placements that are there. */
export function absentPlacements(
  database: Database,
  mailbox: IndexedMailbox,
  { at, removed }: { readonly at: number | null; readonly removed: boolean },
): AbsentPlacement[] {
  const then = `${ALIVE} ${removed ? `OR ${ABSENT_REMOVED}` : ''}`;
  // What retention took as it was told to is missed by nobody who asks for now.
  const now = `a.placement IS NOT NULL ${removed ? '' : 'AND p.last_run IS NULL'}`;
  const rows = database
    .prepare<
      { mailbox: number; run: number },
      Omit<AbsentPlacement, 'removed'> & { alive: number; present: number }
    >(
      `SELECT p.uid, lower(hex(g.sha256)) AS sha256, g.size, p.received_at AS receivedAt, g.message_id AS messageId,
              ${ALIVE} AS alive, p.last_run IS NULL AS present, ${at === null ? 'f.flags' : FLAGS} AS flags,
              iif(a.placement IS NULL, (SELECT max(u.pruned_at) FROM pruned u JOIN placement q ON q.id = u.placement
                WHERE q.message = g.id AND u.done = 1), NULL) AS prunedAt
       FROM placement p LEFT JOIN awaited a ON a.placement = p.id JOIN message g ON g.id = coalesce(p.message, a.message)
       JOIN flag_set f ON f.id = p.flag_set
       WHERE p.mailbox = @mailbox AND p.tree IS NULL AND (${at === null ? now : then})
         AND NOT EXISTS (SELECT 1 FROM placement q WHERE q.message = g.id AND q.tree IS NOT NULL)
       ORDER BY p.generation, p.uid`,
    )
    .all({ mailbox: mailbox.id, run: at ?? 0 });
  return rows.map(({ alive, present, ...row }) => ({
    ...row,
    removed: (at === null ? present : alive) === 0,
  }));
}

/**
 * Placements that wait for their content: which are due, and which of them may be something that the archive has
 * under another name. What looks alike here proves nothing yet.
 */

import type { AdoptablePlacement, UnfetchedPlacement } from '../core/ports/placements.js';
import type { Database } from './database.js';

const UNFETCHED = `p.id AS placement, p.mailbox, p.generation, p.uid, p.server_size AS size, iif(p.received_derived = 1, NULL, p.received_at) AS receivedAt, f.flags`;

/** Of placement p in mailbox m: due for its content at @now. */
const WAITING = `p.settled = 0 AND p.message IS NULL AND p.gone_run IS NULL AND p.generation = m.generation
           AND m.last_run IS NULL AND p.next_attempt_at <= @now`;

/** No other placement q has the same content here, or waits for it and comes before p: \All before other mailboxes. */
const FIRST_OF_ITS_KIND = `NOT EXISTS (
             SELECT 1 FROM placement q JOIN mailbox n ON n.id = q.mailbox
             WHERE q.email_id = p.email_id AND q.server_size = p.server_size AND (q.message IS NOT NULL OR (
               q.settled = 0 AND q.gone_run IS NULL AND q.generation = n.generation AND n.last_run IS NULL AND q.next_attempt_at <= @now
               AND (lower(n.special_use) IS NOT '\\all', q.id) < (lower(m.special_use) IS NOT '\\all', p.id))))`;

/** Placement q is not on the server any more, and its file is where it was. */
const LEAVING = 'q.gone_run IS NOT NULL AND q.last_run IS NULL';

/** Placement p has the size of a message that was imported, and that nothing on the server was found to be yet. */
const LIKE_IMPORTED = 'EXISTS (SELECT 1 FROM imported i WHERE i.size = p.server_size AND i.open = 1)';
/** Placement q with content may be p: each has an index of its own. */
const SAME_DATE = 'q.received_at = p.received_at AND q.server_size = p.server_size AND q.message IS NOT NULL';
/** Where p's date is known only once it is here. Among what has just left: elsewhere it would find far too many. */
const SAME_SIZE = 'q.received_derived = 1 AND q.server_size = p.server_size AND q.message IS NOT NULL';

/** q, in mailbox n, lost its UID with all others of its mailbox. */
const RENUMBERED = '(q.generation <> p.generation AND q.mailbox = p.mailbox OR n.last_run IS NOT NULL)';

export class WaitingRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  unfetched(
    after: { mailbox: number; uid: number },
    limit: number,
    now: number,
    distinct: boolean,
  ): UnfetchedPlacement[] {
    return this.#database
      .prepare<{ mailbox: number; uid: number; now: number; limit: number }, UnfetchedPlacement>(
        `SELECT ${UNFETCHED} FROM placement p JOIN flag_set f ON f.id = p.flag_set JOIN mailbox m ON m.id = p.mailbox
         WHERE ${WAITING} AND (p.mailbox, p.uid) > (@mailbox, @uid)
           ${distinct ? `AND ${FIRST_OF_ITS_KIND}` : ''}
         ORDER BY p.mailbox, p.uid LIMIT @limit`,
      )
      .all({ ...after, now, limit });
  }

  pending(now: number): { messages: number; bytes: number } {
    return this.#database
      .prepare<{ now: number }, { messages: number; bytes: number }>(
        `SELECT count(*) AS messages, coalesce(sum(p.server_size), 0) AS bytes FROM placement p JOIN mailbox m ON m.id = p.mailbox
         WHERE ${WAITING} AND ${FIRST_OF_ITS_KIND}`,
      )
      .get({ now })!;
  }

  /** An identity is only unique on its server, and accounts move: another size is another message. */
  adoptable(after: { mailbox: number; uid: number }, limit: number, now: number): AdoptablePlacement[] {
    const rows = this.#database
      .prepare<
        { mailbox: number; uid: number; now: number; limit: number },
        Omit<AdoptablePlacement, 'renumbered' | 'imported'> & { renumbered: number; imported: number }
      >(
        `SELECT ${UNFETCHED},
           (p.received_derived = 0 AND EXISTS (SELECT 1 FROM placement q JOIN mailbox n ON n.id = q.mailbox
              WHERE ${SAME_DATE} AND ${LEAVING} AND ${RENUMBERED})
            OR p.received_derived = 1 AND EXISTS (SELECT 1 FROM placement q JOIN mailbox n ON n.id = q.mailbox
              WHERE ${SAME_SIZE} AND ${LEAVING} AND ${RENUMBERED})) AS renumbered,
           ${LIKE_IMPORTED} AS imported,
           (SELECT lower(hex(g.sha256)) FROM placement q JOIN message g ON g.id = q.message
            WHERE q.email_id = p.email_id AND q.server_size = p.server_size ORDER BY q.id LIMIT 1) AS identical
         FROM placement p JOIN flag_set f ON f.id = p.flag_set JOIN mailbox m ON m.id = p.mailbox
         WHERE ${WAITING} AND (p.mailbox, p.uid) > (@mailbox, @uid)
           AND (EXISTS (SELECT 1 FROM placement q WHERE q.email_id = p.email_id AND q.server_size = p.server_size
                          AND q.message IS NOT NULL)
             OR p.received_derived = 0 AND EXISTS (SELECT 1 FROM placement q WHERE ${SAME_DATE})
             OR p.received_derived = 1 AND EXISTS (SELECT 1 FROM placement q WHERE ${SAME_SIZE} AND ${LEAVING})
             OR ${LIKE_IMPORTED})
         ORDER BY p.mailbox, p.uid LIMIT @limit`,
      )
      .all({ ...after, now, limit });
    return rows.map((row) => ({ ...row, renumbered: row.renumbered === 1, imported: row.imported === 1 }));
  }

  departures(sha256: string, { mailbox, generation }: { mailbox: number; generation: number }): number {
    return this.#database
      .prepare<{ sha256: string; mailbox: number; generation: number }, number>(
        `SELECT count(*) FROM message g JOIN placement q ON q.message = g.id
         WHERE g.sha256 = unhex(@sha256) AND ${LEAVING} AND (q.mailbox <> @mailbox OR q.generation <> @generation)`,
      )
      .pluck()
      .get({ sha256, mailbox, generation })!;
  }

  imports(sha256: string): number {
    return this.#database
      .prepare<[string], number>(
        `SELECT count(*) FROM message g JOIN placement q ON q.message = g.id JOIN imported i ON i.placement = q.id
         WHERE g.sha256 = unhex(?) AND i.open = 1 AND q.tree IS NOT NULL`,
      )
      .pluck()
      .get(sha256)!;
  }

  /** By date and size, which have an index: one of header blocks would be a page more to write for each new message. */
  contentWith(header: { headerSha256: string; receivedAt: number | null; size: number }): string[] {
    return this.#database
      .prepare<typeof header, { sha: string }>(
        `SELECT DISTINCT lower(hex(g.sha256)) AS sha FROM (
           SELECT q.message FROM placement q
           WHERE q.received_at = @receivedAt AND q.server_size = @size AND q.message IS NOT NULL
           UNION ALL SELECT q.message FROM placement q
           WHERE @receivedAt IS NULL AND q.received_derived = 1 AND q.server_size = @size AND q.message IS NOT NULL
           UNION ALL SELECT q.message FROM imported i JOIN placement q ON q.id = i.placement
           WHERE i.open = 1 AND i.size = @size AND q.server_size = @size
         ) c JOIN message g ON g.id = c.message
         WHERE g.header_sha256 = unhex(@headerSha256) LIMIT 2`,
      )
      .all(header)
      .map((row) => row.sha);
  }
}

/**
 * Content arriving at placements. A row gets its message only after `MessageStore.commit` has returned,
 * so a row with content always has a durable file.
 */

import type { FailedMessage } from '../core/ports/archive.js';
import type {
  AdoptedPlacement,
  PlacementPosition,
  StoredPlacement,
  UnsettledPlacement,
} from '../core/ports/placements.js';
import type { FilePlace } from '../core/ports/store.js';
import { AwaitedRows } from './awaited-rows.js';
import type { Database } from './database.js';
import { type PlacedRow, placeOf } from './file-place.js';

/** Of content that only the journal told of after a rebuild nobody knew the header block. */
export const FILL_HEADER = `ON CONFLICT DO UPDATE SET header_sha256 = excluded.header_sha256, message_id = excluded.message_id
         WHERE length(message.header_sha256) = 0`;

type LocatedRow = Omit<PlacedRow, 'sha256'>;

export class SettleRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  stored(stored: readonly StoredPlacement[]): void {
    const message = this.#database.prepare(
      `INSERT INTO message (sha256, size, header_sha256, message_id) VALUES (unhex(?), ?, unhex(?), ?)
       ${FILL_HEADER}`,
    );
    const settle = this.#settling();
    const closeImport = this.#closeImport();
    this.#database.transaction(() => {
      for (const { placement, body, receivedAt, messageId, letters, settled } of stored) {
        message.run(body.sha256, body.size, body.headerSha256, messageId);
        settle({ placement, sha256: body.sha256, receivedAt, letters, settled }, 0);
        closeImport(body.sha256);
      }
    })();
  }

  adopted(run: number, adopted: readonly AdoptedPlacement[]): void {
    const settle = this.#settling();
    const closeImport = this.#closeImport();
    this.#database.transaction(() => {
      for (const placement of adopted) {
        settle(placement, run);
        closeImport(placement.sha256);
      }
    })();
  }

  failed(failures: readonly { placement: number; reason: string; nextAttemptAt: number }[]): void {
    const update = this.#database.prepare(
      'UPDATE placement SET attempts = attempts + 1, next_attempt_at = ?, last_error = ? WHERE id = ?',
    );
    this.#database.transaction(() => {
      for (const { placement, reason, nextAttemptAt } of failures)
        update.run(nextAttemptAt, reason.slice(0, 500), placement);
    })();
  }

  failures(): FailedMessage[] {
    return this.#database
      .prepare<[], FailedMessage>(
        `SELECT m.path AS mailbox, p.uid, coalesce(p.last_error, '') AS reason, p.attempts, p.next_attempt_at AS nextAttemptAt
         FROM placement p JOIN mailbox m ON m.id = p.mailbox
         WHERE p.settled = 0 AND p.message IS NULL AND p.attempts > 0 AND p.gone_run IS NULL
         ORDER BY m.path, p.uid`,
      )
      .all();
  }

  attempts(placement: number): number {
    return (
      this.#database
        .prepare<[number], { attempts: number }>('SELECT attempts FROM placement WHERE id = ?')
        .get(placement)?.attempts ?? 0
    );
  }

  known(sha256s: readonly string[]): Set<string> {
    return new Set(
      this.#database
        .prepare<[string], { sha: string }>(
          `SELECT lower(hex(g.sha256)) AS sha FROM json_each(?) j JOIN message g ON g.sha256 = unhex(j.value)`,
        )
        .all(JSON.stringify(sha256s))
        .map((row) => row.sha),
    );
  }

  locate(
    sha256: string,
    receivedAt: number | null,
  ): (FilePlace & { receivedAt: number; size: number }) | null {
    const row = this.#database
      .prepare<{ sha: string; receivedAt: number | null }, LocatedRow>(
        `SELECT p.received_at AS receivedAt, p.generation, p.uid, g.size, p.letters, p.tree, m.folder
         FROM message g JOIN placement p ON p.message = g.id JOIN mailbox m ON m.id = p.mailbox
         WHERE g.sha256 = unhex(@sha) AND p.tree IS NOT NULL
         ORDER BY p.received_at IS @receivedAt DESC, p.settled DESC, p.id LIMIT 1`,
      )
      .get({ sha: sha256, receivedAt });
    return row === undefined
      ? null
      : { ...placeOf({ ...row, sha256 }), receivedAt: row.receivedAt, size: row.size };
  }

  locatePresent(sha256: string, receivedAt: number): FilePlace | null {
    const row = this.#database
      .prepare<{ sha: string; receivedAt: number }, LocatedRow>(
        `SELECT p.received_at AS receivedAt, p.generation, p.uid, g.size, p.letters, p.tree, m.folder
         FROM message g JOIN placement p ON p.message = g.id JOIN mailbox m ON m.id = p.mailbox
         WHERE g.sha256 = unhex(@sha) AND p.received_at = @receivedAt AND p.tree = 'mail' AND p.settled = 1 AND p.gone_run IS NULL
         ORDER BY p.id DESC LIMIT 1`,
      )
      .get({ sha: sha256, receivedAt });
    return row === undefined ? null : placeOf({ ...row, sha256 });
  }

  /** By mailbox and UID, as the index of what is unsettled has them: by row it would be a look at every placement. */
  unsettled(after: PlacementPosition, limit: number): UnsettledPlacement[] {
    return this.#database
      .prepare<PlacementPosition & { limit: number }, UnsettledPlacement>(
        `SELECT p.id AS placement, p.mailbox, p.generation, p.uid, p.received_at AS receivedAt, f.flags,
                lower(hex(g.sha256)) AS sha256, g.size, p.tree, p.letters
         FROM placement p JOIN flag_set f ON f.id = p.flag_set JOIN message g ON g.id = p.message
         WHERE p.settled = 0 AND p.gone_run IS NULL AND (p.mailbox, p.uid) > (@mailbox, @uid)
         ORDER BY p.mailbox, p.uid LIMIT @limit`,
      )
      .all({ ...after, limit });
  }

  settled(settled: readonly { placement: number; letters: string }[]): void {
    const update = this.#database.prepare(
      `UPDATE placement SET settled = 1, tree = 'mail', letters = ? WHERE id = ?`,
    );
    this.#database.transaction(() => {
      for (const { placement, letters } of settled) update.run(letters, placement);
    })();
  }

  lost(placements: readonly number[]): void {
    const update = this.#database.prepare(
      `UPDATE placement SET message = NULL, tree = NULL, letters = '', settled = 0, attempts = 0, next_attempt_at = 0 WHERE id = ?`,
    );
    this.#database.transaction(() => {
      // What it held stays known, so that other octets in its place don't go unnoticed.
      new AwaitedRows(this.#database).begin(placements);
      for (const placement of placements) update.run(placement);
    })();
  }

  /** A message on the server is the same as one that was imported; each import stands for one message. */
  #closeImport(): (sha256: string) => void {
    if (this.#database.prepare('SELECT 1 FROM imported WHERE open = 1 LIMIT 1').get() === undefined)
      return () => undefined;
    const update = this.#database.prepare(
      `UPDATE imported SET open = 0 WHERE placement = (
         SELECT i.placement FROM message g JOIN placement q ON q.message = g.id JOIN imported i ON i.placement = q.id
         WHERE g.sha256 = unhex(?) AND i.open = 1 ORDER BY i.placement LIMIT 1)`,
    );
    return (sha256) => void update.run(sha256);
  }

  /**
   * Servers without dates often have only rough sizes: the true one recognises a message again. Dates and sizes are
   * in an index that knows no order of arrival, so they are not written where they are what they were.
   */
  #settling(): (placement: AdoptedPlacement, adopted: number) => void {
    const date = this.#database.prepare(
      `UPDATE placement SET received_at = @receivedAt,
         server_size = iif(received_derived = 1, (SELECT size FROM message WHERE sha256 = unhex(@sha256)), server_size)
       WHERE id = @placement AND (received_derived = 1 OR received_at <> @receivedAt)`,
    );
    const settle = this.#database.prepare(
      `UPDATE placement SET message = g.id, tree = 'mail', letters = ?, settled = ?, adopted = ?, attempts = 0,
         next_attempt_at = 0, last_error = NULL
       FROM message g WHERE g.sha256 = unhex(?) AND placement.id = ?`,
    );
    return ({ placement, sha256, receivedAt, letters, settled }, adopted) => {
      date.run({ placement, sha256, receivedAt });
      settle.run(letters, settled ? 1 : 0, adopted, sha256, placement);
    };
  }
}

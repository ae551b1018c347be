/**
 * The archive as it was at the end of a run, read from life spans. A placement was there from the run that
 * first saw it until the run that retired it: what the guard held, and what left while the account could not
 * be seen whole, counts as there, as it did then.
 */

import { labelList } from '../core/mailbox/labels.js';
import type { MailboxStatus, SelectedPlacement } from '../core/ports/archive.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { FilePlace, Tree } from '../core/ports/store.js';
import type { Database } from './database.js';
import { placeOf } from './file-place.js';

/** Of placement p at @run. */
export const ALIVE = `((p.first_run <= @run AND (p.last_run IS NULL OR p.last_run > @run)) OR EXISTS (
           SELECT 1 FROM past_life l WHERE l.placement = p.id AND l.first_run <= @run AND l.last_run > @run))`;

/** Had left the server by then, and its file was kept. What moved away was not lost and is not meant. */
export const REMOVED = `(p.tree = 'removed' AND p.last_run <= @run AND NOT ${ALIVE})`;

export const FLAGS = `coalesce((SELECT f.flags FROM past_flags x JOIN flag_set f ON f.id = x.flag_set
           WHERE x.placement = p.id AND x.first_run <= @run AND x.last_run > @run), (SELECT f.flags FROM flag_set f WHERE f.id = p.flag_set))`;

const LABELS = `(SELECT s.labels FROM placement_labels x JOIN label_set s ON s.id = x.label_set
           WHERE x.placement = p.id AND x.first_run <= @run AND (x.last_run IS NULL OR x.last_run > @run))`;

interface PlacementRow {
  generation: number;
  uid: number;
  receivedAt: number;
  letters: string;
  tree: Tree | null;
  message: number;
  sha256: string;
  size: number;
  messageId: string | null;
  headerSha256: string;
  emailId: string | null;
  alive: number;
  flags: string;
  labels: string | null;
}

/**
 * With content only: what was gone before its octets came can't be given back. What was damaged and set aside since
 * may have a twin.
 */
export function* placementsAt(
  database: Database,
  mailbox: IndexedMailbox,
  { at, removed }: { readonly at: number; readonly removed: boolean },
): Generator<SelectedPlacement> {
  const rows = database
    .prepare<{ mailbox: number; run: number }, PlacementRow>(
      `SELECT p.generation, p.uid, p.received_at AS receivedAt, p.letters, p.tree, g.id AS message, lower(hex(g.sha256)) AS sha256, g.size,
              g.message_id AS messageId, lower(hex(g.header_sha256)) AS headerSha256, p.email_id AS emailId, ${ALIVE} AS alive, ${FLAGS} AS flags, ${LABELS} AS labels
       FROM placement p LEFT JOIN awaited a ON a.placement = p.id AND p.message IS NULL
       JOIN message g ON g.id = coalesce(p.message, a.message)
       WHERE p.mailbox = @mailbox AND (${ALIVE} ${removed ? `OR ${REMOVED}` : ''}) ORDER BY p.generation, p.uid`,
    )
    .iterate({ mailbox: mailbox.id, run: at });
  for (const row of rows) {
    const { uid, sha256, size, flags, receivedAt, messageId, headerSha256, emailId } = row;
    const place =
      row.tree === null ? twinOf(database, row) : placeOf({ ...row, tree: row.tree, folder: mailbox.folder });
    if (place === null) continue;
    const content = { sha256, size, messageId, headerSha256, emailId };
    const labels = row.labels === null ? null : labelList(row.labels);
    yield { uid, removed: row.alive === 0, flags, labels, receivedAt, ...content, place };
  }
}

/** A message that moved on has no file under its old name: its octets lie under another placement's. */
function twinOf(database: Database, row: PlacementRow): FilePlace | null {
  const twin = database
    .prepare<PlacementRow, PlacementRow & { tree: Tree; folder: string }>(
      `SELECT p.generation, p.uid, p.received_at AS receivedAt, p.letters, p.tree, m.folder, @sha256 AS sha256, @size AS size
       FROM placement p JOIN mailbox m ON m.id = p.mailbox WHERE p.message = @message AND p.tree IS NOT NULL
       ORDER BY p.received_at IS @receivedAt DESC, p.settled DESC, p.id LIMIT 1`,
    )
    .get(row);
  return twin === undefined ? null : placeOf(twin);
}

export function countsAt(
  database: Database,
  run: number,
): { messages: number; bytes: number; removed: number } {
  return database
    .prepare<{ run: number }, { messages: number; bytes: number; removed: number }>(
      `SELECT count(*) FILTER (WHERE ${ALIVE}) AS messages, coalesce(sum(g.size) FILTER (WHERE ${ALIVE}), 0) AS bytes,
              count(*) FILTER (WHERE ${REMOVED}) AS removed
       FROM placement p JOIN message g ON g.id = p.message`,
    )
    .get({ run })!;
}

/** What was known but never arrived counts as failed: that it would was not known then. */
export function mailboxStatusAt(
  database: Database,
  mailbox: IndexedMailbox,
  run: number,
  lastSyncedAt: number | null,
): MailboxStatus {
  const { known, stored } = database
    .prepare<{ mailbox: number; run: number }, { known: number; stored: number }>(
      `SELECT count(*) AS known, count(p.message) AS stored FROM placement p WHERE p.mailbox = @mailbox AND ${ALIVE}`,
    )
    .get({ mailbox: mailbox.id, run })!;
  const { path, uidValidity } = mailbox;
  return { path, uidValidity, onServer: known, stored, pending: 0, failed: known - stored, lastSyncedAt };
}

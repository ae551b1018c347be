/**
 * How much of a mailbox a listing holds: what tells whether a mailbox that is seen for the first time is one
 * that went on under another name.
 */
import type { Listing } from '../core/mailbox/listing.js';
import type { Share } from '../core/ports/sync-index.js';
import type { Database } from './database.js';

interface KnownRow {
  uid: number;
  receivedAt: number;
  size: number;
}

/** null where another message has the UID of one that is known. */
export function sharedUids(database: Database, mailbox: number, listing: Listing): Share | null {
  const rowOf = new Map(Array.from(listing.uids, (uid, row) => [uid, row] as const));
  const known = knownIn(database, mailbox);
  let found = 0;
  for (const message of known) {
    const row = rowOf.get(message.uid);
    if (row === undefined) continue;
    if (looksOf(listing, row) !== looks(message)) return null;
    found += 1;
  }
  return { found, all: known.length };
}

/** By size and INTERNALDATE: each message of the listing accounts for one. */
export function sharedLooks(database: Database, mailbox: number, listing: Listing): Share {
  const left = new Map<string, number>();
  for (let row = 0; row < listing.length; row++) {
    const look = looksOf(listing, row);
    left.set(look, (left.get(look) ?? 0) + 1);
  }
  const known = knownIn(database, mailbox);
  let found = 0;
  for (const message of known) {
    const count = left.get(looks(message)) ?? 0;
    if (count === 0) continue;
    left.set(looks(message), count - 1);
    found += 1;
  }
  return { found, all: known.length };
}

function knownIn(database: Database, mailbox: number): KnownRow[] {
  return database
    .prepare<[number], KnownRow>(
      `SELECT p.uid, p.received_at AS receivedAt, p.server_size AS size FROM placement p JOIN mailbox m ON m.id = p.mailbox
       WHERE m.id = ? AND p.generation = m.generation AND p.gone_run IS NULL ORDER BY p.uid`,
    )
    .all(mailbox);
}

function looks({ receivedAt, size }: Omit<KnownRow, 'uid'>): string {
  return `${receivedAt} ${size}`;
}

function looksOf(listing: Listing, row: number): string {
  return looks({ receivedAt: listing.receivedAt(row) ?? 0, size: listing.size(row) });
}

/** Rows and UIDs of a visit as the jobs see them. */
import { canonicalFlags } from '../core/mailbox/flags.js';
import { type Listing, NOT_ASKED } from '../core/mailbox/listing.js';
import { SortedUids } from '../core/sync/sorted-uids.js';
import { labelsOf } from './labels.js';
import type { IdentifiedRow } from './wire/commands/fetch-rows.js';
import type { UidSet } from './wire/uid-set.js';

/** Messages that may come in between an EXAMINE and the search behind it. */
const LATE_ARRIVALS = 10_000;

/**
 * "n:*" always finds the last message, even if its UID is below n. A set that is wider than any mailbox with so
 * many messages is no answer, and is never spelled out.
 */
export function arrivedUids(uids: UidSet, from: number, exists: number): SortedUids | null {
  if (uids.size > exists + LATE_ARRIVALS) return null;
  return SortedUids.from([...uids].filter((uid) => uid >= from));
}

export function addRow(listing: Listing, row: IdentifiedRow, details: boolean, utf8: boolean): void {
  // A row that tells only a MODSEQ says nothing of flags.
  if (row.flags === null) return;
  listing.add({
    uid: row.uid,
    flags: canonicalOf(row.flags),
    size: details ? (row.size ?? NOT_ASKED) : NOT_ASKED,
    receivedAt: row.internalDate?.epochSeconds ?? null,
    emailId: row.emailId ?? row.gmailMessageId,
    labels: row.gmailLabels === null ? null : labelsOf(row.gmailLabels, utf8),
  });
}

/** The wire hands out one frozen array for each distinct spelling. */
const CANONICAL = new WeakMap<readonly string[], string>();

function canonicalOf(flags: readonly string[]): string {
  let canonical = CANONICAL.get(flags);
  if (canonical === undefined) {
    canonical = canonicalFlags(flags);
    CANONICAL.set(flags, canonical);
  }
  return canonical;
}

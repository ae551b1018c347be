/**
 * What to ask of one mailbox, and what the answer proves. Pure. Three tiers become one observation:
 * QRESYNC tells what vanished; CONDSTORE tells what changed and the count tells whether something
 * vanished; a plain server lists everything. Where the numbers disagree with EXISTS, a roster is asked
 * for, and if that disagrees too nothing is taken as gone.
 */
import { Listing, NOT_ASKED } from '../core/mailbox/listing.js';
import type { KnownUids, Observation, ObserveRequest, Tier, UidSet } from '../core/ports/source.js';
import { SortedUids } from '../core/sync/sorted-uids.js';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type LastMessage,
  NO_UID_VALIDITY,
} from './checkpoint.js';
import type { RowQuery, Visit, VisitResult } from './reader.js';
import { MAX_NUMBER_32 } from './wire/bytes.js';

const NONE: KnownUids = SortedUids.from([]);

export type VisitKind = 'everything' | 'changes' | 'roster';

export function planVisit(request: ObserveRequest, path: string, tier: Tier, kind: VisitKind): Visit {
  const { wireName } = request;
  const cursor = decodeCheckpoint(request.checkpoint);
  const visit = {
    wireName,
    path,
    qresync: null,
    queries: [] as RowQuery[],
    roster: false,
    arrivedFrom: null,
  };
  if (kind === 'everything' || cursor === null || cursor.uidValidity === NO_UID_VALIDITY || request.full) {
    return {
      ...visit,
      queries: [{ first: 1, last: null, details: true, changedSince: null }],
      roster: kind === 'roster',
    };
  }
  // Once the last UID there is has been given, none comes behind it.
  const lastKnown = Math.min(cursor.uidNext - 1, MAX_NUMBER_32);
  // Together with the last one that was there, see `isSameLast`.
  const first = Math.max(1, Math.min(cursor.last?.uid ?? lastKnown, lastKnown));
  const news: RowQuery = { first, last: null, details: true, changedSince: null };
  const roster = kind === 'roster';
  // Where everything is listed, or a roster asked for, that tells the new ones too.
  const arrivedFrom =
    roster || lastKnown === MAX_NUMBER_32 || tier === 'plain' || cursor.highestModseq === null
      ? null
      : cursor.uidNext;
  if (cursor.highestModseq !== null && tier === 'qresync' && lastKnown > 0) {
    const qresync = {
      uidValidity: cursor.uidValidity,
      modseq: cursor.highestModseq,
      lastUid: lastKnown,
    };
    return { ...visit, qresync, queries: [news], roster, arrivedFrom };
  }
  if (lastKnown < 1) return { ...visit, queries: [news], roster, arrivedFrom };
  const changedSince = tier === 'plain' ? null : cursor.highestModseq;
  const changes: RowQuery = { first: 1, last: lastKnown, details: false, changedSince };
  return { ...visit, queries: [changes, news], roster, arrivedFrom };
}

/** An observation, or the kind of visit that is needed before one can be made. */
export function concludeVisit(
  request: ObserveRequest,
  visit: Visit,
  result: VisitResult,
  last: boolean,
): Observation | VisitKind {
  const cursor = decodeCheckpoint(request.checkpoint);
  const sameIdSpace = cursor !== null && isSameIdSpace(cursor, result) && isSameLast(cursor, result.listing);
  const wasEverything =
    visit.qresync === null &&
    visit.queries.length === 1 &&
    visit.queries[0]!.first === 1 &&
    visit.queries[0]!.details;
  if (cursor !== null && !wasEverything && (!sameIdSpace || lostModseqs(cursor, result))) return 'everything';

  const listing = boundedListing(result);
  const known = sameIdSpace ? request.known : NONE;
  if (!wasEverything && (lacksDetails(listing, known) || lacksArrivals(listing, result))) return 'everything';

  const listsAll = wasEverything || listsEveryUid(visit);
  const roster = listsAll ? SortedUids.from(listing.uids) : result.roster;
  const vanished = roster === null ? result.vanished : null;
  if (roster !== null && !wasEverything && lacksRows(roster, listing, known)) return 'everything';
  const expected = roster === null ? countAfter(known, vanished, listing) : roster.size;
  const problem = expected === result.exists ? null : disagreement(expected, result.exists);
  if (problem !== null && !last) return 'roster';
  return {
    sameIdSpace,
    checkpoint: encodeCheckpoint(nextCheckpoint(result, listing, cursor, sameIdSpace)),
    uidValidity: result.uidValidity ?? NO_UID_VALIDITY,
    mailboxId: result.mailboxId,
    listing,
    roster: problem === null ? roster : null,
    vanished: problem === null ? vanished : null,
    exists: result.exists,
    incomplete: problem,
  };
}

/** Rows at or above UIDNEXT arrived after the EXAMINE: they belong to the next run's count. */
function boundedListing(result: VisitResult): Listing {
  if (result.uidNext === null) return result.listing;
  if (result.listing.uids.every((uid) => uid < result.uidNext!)) return result.listing;
  const listing = new Listing();
  for (let row = 0; row < result.listing.length; row++) {
    if (result.listing.uid(row) < result.uidNext) listing.add(result.listing.at(row));
  }
  return listing;
}

/** A server set up again from a copy goes back in UIDs, and gives out again those we have seen. */
function isSameIdSpace(cursor: Checkpoint, { uidValidity, uidNext }: VisitResult): boolean {
  return uidValidity === cursor.uidValidity && (uidNext === null || uidNext >= cursor.uidNext);
}

/**
 * It may have gone back unseen, and given out enough of them since to be where it was: then another message has the
 * UID of the last one that was there. One of size and date alone may be a server's whim.
 */
function isSameLast({ last }: Checkpoint, listing: Listing): boolean {
  const row = last === undefined ? -1 : listing.uids.lastIndexOf(last.uid);
  if (last === undefined || row < 0) return true;
  const { size, receivedAt, emailId } = detailsOf(listing, last.uid);
  if (emailId !== null && last.emailId !== null) return emailId === last.emailId;
  return size === NOT_ASKED || receivedAt === null || size === last.size || receivedAt === last.receivedAt;
}

/** Of all rows about a UID together. */
function detailsOf(
  listing: Listing,
  uid: number,
): Pick<LastMessage, 'size' | 'emailId'> & { receivedAt: number | null } {
  let [size, receivedAt, emailId]: [number, number | null, string | null] = [NOT_ASKED, null, null];
  listing.uids.forEach((other, row) => {
    if (other !== uid) return;
    if (listing.size(row) !== NOT_ASKED) size = listing.size(row);
    receivedAt = listing.receivedAt(row) ?? receivedAt;
    emailId = listing.emailId(row) ?? emailId;
  });
  return { size, receivedAt, emailId };
}

/** Indexes that were made anew count from lower again: what changed "since" our cursor is no answer then. */
function lostModseqs(cursor: Checkpoint, result: VisitResult): boolean {
  if (result.highestModseq === null || cursor.highestModseq === null) return false;
  return BigInt(result.highestModseq) < BigInt(cursor.highestModseq);
}

/** The mailbox holds a UID that is neither known nor listed: a change told only once was missed. */
function lacksRows(roster: UidSet, listing: Listing, known: KnownUids): boolean {
  let accounted = 0;
  for (const uid of known) if (roster.has(uid)) accounted += 1;
  for (const uid of SortedUids.from(listing.uids)) if (!known.has(uid) && roster.has(uid)) accounted += 1;
  return accounted < roster.size;
}

/** A UID that the index lacks came without size and date: it was missed before. */
function lacksDetails(listing: Listing, known: KnownUids): boolean {
  return listing
    .order()
    .some(
      (row) =>
        listing.size(row) === NOT_ASKED && listing.receivedAt(row) === null && !known.has(listing.uid(row)),
    );
}

/**
 * UID SEARCH names a new message that FETCH did not. The count would not tell where as many others were
 * expunged meanwhile: what is new and what is gone would balance.
 */
function lacksArrivals(listing: Listing, { arrived, uidNext }: VisitResult): boolean {
  if (arrived === null || arrived.size === 0) return false;
  const listed = SortedUids.from(listing.uids);
  for (const uid of arrived) if (!listed.has(uid) && (uidNext === null || uid < uidNext)) return true;
  return false;
}

function listsEveryUid(visit: Visit): boolean {
  return (
    visit.qresync === null &&
    visit.queries[0]?.first === 1 &&
    visit.queries.every((query) => query.changedSince === null)
  );
}

/** What the mailbox must hold if the answer is whole: what we knew, less what vanished, plus what is new. */
function countAfter(known: KnownUids, vanished: UidSet | null, listing: Listing): number {
  let count = known.size;
  if (vanished !== null && vanished.size > 0) for (const uid of known) if (vanished.has(uid)) count -= 1;
  for (const uid of SortedUids.from(listing.uids))
    if (!known.has(uid) && vanished?.has(uid) !== true) count += 1;
  return count;
}

function disagreement(counted: number, exists: number): string {
  return `the server says ${exists} messages but listed ${counted}; nothing is taken as deleted`;
}

function nextCheckpoint(
  result: VisitResult,
  listing: Listing,
  cursor: Checkpoint | null,
  sameIdSpace: boolean,
): Checkpoint {
  const highest = highestUid(listing);
  return {
    uidValidity: result.uidValidity ?? NO_UID_VALIDITY,
    // Courier's SELECT tells no UIDNEXT.
    uidNext: result.uidNext ?? Math.max(highest + 1, cursor?.uidNext ?? 1),
    highestModseq: result.highestModseq,
    messages: result.exists,
    last: lastOf(listing) ?? (sameIdSpace ? cursor?.last : undefined),
  };
}

function lastOf(listing: Listing): LastMessage | undefined {
  const uid = highestUid(listing);
  const { size, receivedAt, emailId } = detailsOf(listing, uid);
  return size === NOT_ASKED || receivedAt === null ? undefined : { uid, receivedAt, size, emailId };
}

function highestUid(listing: Listing): number {
  return listing.uids.reduce((max, uid) => Math.max(max, uid), 0);
}

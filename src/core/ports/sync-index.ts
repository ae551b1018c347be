/**
 * What a sync needs of the index. Its rows follow the files: nothing is recorded as stored before it is.
 */

import type { JournalChange, JournalLine } from '../journal.js';
import type { Listing } from '../mailbox/listing.js';
import type { SyncReport } from '../report.js';
import type { BasePlacements } from '../sync/base-placements.js';
import type { SyncPlan } from '../sync/plan-sync.js';
import type { FailedMessage } from './archive.js';
import type {
  AdoptablePlacement,
  AdoptedPlacement,
  DurablePlacement,
  IndexedMailbox,
  LabelledPlacement,
  LeavingMailbox,
  LeavingPlacement,
  PlacementPosition,
  StoredPlacement,
  UnfetchedPlacement,
  UnsettledPlacement,
} from './placements.js';
import type { PolledMailbox } from './source.js';
import type { FilePlace, Tree } from './store.js';

/** Of `all` messages of a mailbox. */
export interface Share {
  readonly found: number;
  readonly all: number;
}

export interface SpineChange {
  readonly run: number;
  readonly mailbox: number;
  /** Whether the observation opens a new generation of UIDs. */
  readonly newGeneration: boolean;
  readonly plan: SyncPlan;
  readonly listing: Listing;
  readonly checkpoint: string | null;
  readonly uidValidity: string;
  readonly mailboxId: string | null;
  /** EXISTS as the server said. */
  readonly exists: number;
  readonly syncedAt: number;
}

export interface SyncIndex {
  /** Runs the work and then takes back everything it wrote: for a dry run. */
  rehearse<T>(work: () => Promise<T>): Promise<T>;
  /** The next run's number, durable; `unclean` tells that the last run did not come to its end. */
  beginRun(): { run: number; unclean: boolean };
  /**
   * `retired` tells that every mailbox was seen and everything that left was retired: what leaves later
   * was not moved by anything adopted up to now. Everything still to be journaled counts as written, by a line
   * with the next `seq`.
   */
  finishRun(report: SyncReport, retired: boolean): void;

  /** What `rate_limit` has counted, as `recordSpent` was given it; null: nothing. */
  spent(): string | null;
  recordSpent(text: string): void;

  /** What the journal does not tell yet, in order; the line that tells it has a higher `seq`. */
  journalEntries(): { readonly seq: number; readonly changes: readonly JournalChange[] };
  /** The `seq` of the last line of the journal that the index knows of. */
  journaled(): number;
  /** The number of the last run that began; 0 before the first. */
  lastRun(): number;
  /** Takes over the line of a run that came no further: its row, and what it told. */
  recordJournaled(line: JournalLine): void;

  mailboxes(): IndexedMailbox[];
  /** Enters or refreshes mailboxes as the server lists them; unlisted ones stay as they are. */
  noteMailboxes(
    run: number,
    polled: readonly PolledMailbox[],
    folderOf: (mailbox: PolledMailbox) => string,
  ): void;
  /** Mailboxes whose checkpoint proved that nothing changed. */
  noteUnchanged(mailboxes: readonly number[], syncedAt: number): void;
  base(mailbox: number): BasePlacements;
  /** In any generation, also of what is long gone; 0 where there was nothing. */
  highestUid(mailbox: number): number;
  /**
   * Whether a UID of this listing (where it tells size and date) stood for another message before, which no
   * server may do but one that was set up again from a copy does.
   */
  reusesUids(mailbox: number, listing: Listing): boolean;
  /** Canonical labels of those of these UIDs (current generation) whose labels are known. */
  labels(mailbox: number, uids: Iterable<number>): Map<number, string>;
  /**
   * Placements with labels whose message (by the server's identity) came to or left another mailbox since
   * `noteLabelsSeen`; null where no labels were ever told.
   */
  staleLabels(): LabelledPlacement[] | null;
  recordLabels(run: number, mailbox: number, labels: ReadonlyMap<number, string>): void;
  noteLabelsSeen(run: number): void;
  /** Rows and cursors of observations, in one transaction. */
  applySpines(changes: readonly SpineChange[]): void;
  /** Listed mailboxes of which the server told this MAILBOXID last. */
  withMailboxId(mailboxId: string): number[];
  /**
   * How many of this mailbox's messages the listing holds under their UIDs; null where another message has one
   * of these.
   */
  sharedUids(mailbox: number, listing: Listing): Share | null;
  /** How many of this mailbox's messages the listing may hold under whatever UID, by size and INTERNALDATE. */
  sharedLooks(mailbox: number, listing: Listing): Share;
  /**
   * The mailbox goes on under the name, path and folder of another row, which has nothing yet and goes away.
   * Its files are still to be moved: `movingFolder` tells until `recordFolderMoved`.
   */
  renameMailbox(run: number, mailbox: number, successor: number): void;
  movingFolder(): { from: string; to: string } | null;
  recordFolderMoved(): void;
  /** The mailbox is not on the server any more: all its placements are leaving. */
  mailboxGone(run: number, mailbox: number): void;

  /**
   * Placements without content, by mailbox and UID, that are due at `now` (ms). With `distinct`, of those that
   * the server itself says are the same only one, and none whose content is here.
   */
  unfetched(after: PlacementPosition, limit: number, now: number, distinct: boolean): UnfetchedPlacement[];
  /** How many distinct placements wait for their content, and their size as the server says. */
  pending(now: number): { messages: number; bytes: number };
  /**
   * Those of them for which content with the same identity, the same size and INTERNALDATE, or imported with the
   * same size, is here.
   */
  adoptable(after: PlacementPosition, limit: number, now: number): AdoptablePlacement[];
  /**
   * SHA-256 of the content here with this header block, size and INTERNALDATE, whose date is not asked where it was
   * imported and nothing on the server is the same yet; two or more are a doubt.
   * Without a date (null) only content whose date was derived counts, or was imported.
   */
  contentWith(header: { headerSha256: string; receivedAt: number | null; size: number }): string[];
  /**
   * How many messages with this content have left other places (another mailbox, or an older generation of
   * this one) and are not retired yet.
   */
  departures(sha256: string, place: { readonly mailbox: number; readonly generation: number }): number;
  /** How many imported messages have this content, and nothing on the server is the same yet. */
  imports(sha256: string): number;
  recordStored(stored: readonly StoredPlacement[]): void;
  recordAdopted(run: number, adopted: readonly AdoptedPlacement[]): void;
  recordFailed(failures: readonly { placement: number; reason: string; nextAttemptAt: number }[]): void;
  failures(): FailedMessage[];
  attempts(placement: number): number;

  /** Which of these contents the archive has had already. */
  known(sha256s: readonly string[]): ReadonlySet<string>;
  /** Where a durable file with this content lies, best with the same INTERNALDATE; null if nowhere. */
  locate(
    sha256: string,
    receivedAt: number | null,
  ): (FilePlace & { receivedAt: number; size: number }) | null;
  /** As locate, but only a settled file of a present placement in mail/ with exactly this INTERNALDATE. */
  locatePresent(sha256: string, receivedAt: number): FilePlace | null;

  unsettled(after: PlacementPosition, limit: number): UnsettledPlacement[];
  recordSettled(settled: readonly { placement: number; letters: string }[]): void;
  /** The file is gone from disk: forget the content so that it is fetched again. */
  recordLost(placements: readonly number[]): void;

  /** Keyword letters of a mailbox's folder, position 0 = "a". */
  keywords(mailbox: number): string[];
  addKeywords(mailbox: number, keywords: readonly string[]): void;

  /** What is about to leave, by mailbox; `leavingPlacements` pages through what this call found. */
  leaving(): LeavingMailbox[];
  /** `renumbered`: only what lives on in the same mailbox under another UID. */
  leavingPlacements(
    after: number,
    limit: number,
    which: { readonly renumbered: boolean },
  ): LeavingPlacement[];
  recordRetired(run: number, retired: readonly { placement: number; tree: Tree | null }[]): void;
  /**
   * Of what the server is to give up: present and settled placements of a mailbox's current generation with their
   * files, and since when (ms) they were found durable; those not seen before count from `now`.
   */
  storedSince(mailbox: number, now: number): DurablePlacement[];
  /** These are taken off the server by mailkeep itself: they stay present, whatever the server lists. */
  recordKeptHere(run: number, mailbox: number, uids: readonly number[]): void;

  hold(): string | null;
  setHold(reason: string | null): void;
  /** Releases a hold: the departures that caused it may be believed from the next run on. */
  accept(): void;
  /** true after `accept` until a run has retired what left: the departures that caused the hold may be believed. */
  isAccepted(): boolean;
}

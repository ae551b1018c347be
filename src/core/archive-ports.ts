/**
 * What the jobs need of the index. Its rows follow the files: nothing is recorded as stored before it is.
 */

import type { JournalChange, JournalLine } from './journal.js';
import type { Listing } from './listing.js';
import type { BasePlacements, SyncPlan } from './plan-sync.js';
import type { PolledMailbox, SourceTier } from './ports.js';
import type { SyncReport } from './report.js';
import type { FilePlace, Tree, WrittenBody } from './store-ports.js';

export interface IndexedMailbox {
  readonly id: number;
  readonly wireName: string;
  readonly path: string;
  /** Decoded names from the top of the hierarchy down. */
  readonly components: readonly string[];
  readonly folder: string;
  readonly generation: number;
  readonly checkpoint: string | null;
  readonly uidValidity: string | null;
  readonly specialUse: string | null;
  readonly subscribed: boolean;
  /** false once the server listed it no more. */
  readonly listed: boolean;
}

export interface UnfetchedPlacement {
  readonly placement: number;
  readonly mailbox: number;
  readonly generation: number;
  readonly uid: number;
  readonly size: number;
  /** null where the server lists no date: the source derives one from the message when it comes. */
  readonly receivedAt: number | null;
  readonly flags: string;
}

/** A placement whose labels may be others by now. */
export interface LabelledPlacement {
  readonly mailbox: number;
  readonly uid: number;
}

/** A placement with content whose file may not be what the row says. */
export interface UnsettledPlacement {
  readonly placement: number;
  readonly mailbox: number;
  readonly generation: number;
  readonly uid: number;
  readonly receivedAt: number;
  readonly flags: string;
  readonly sha256: string;
  readonly size: number;
  /** Where the file was when the row was last settled; null if this placement has had no file yet. */
  readonly tree: Tree | null;
  readonly letters: string;
}

export interface StoredPlacement {
  readonly placement: number;
  readonly body: Pick<WrittenBody, 'sha256' | 'size' | 'headerSha256'>;
  /** Seconds since 1970 UTC, as in the file's name. */
  readonly receivedAt: number;
  readonly messageId: string | null;
  readonly letters: string;
  /** false where the file's name still has to be compared with the flags. */
  readonly settled: boolean;
}

/** A placement whose content was here already under another name. */
export interface AdoptedPlacement {
  readonly placement: number;
  readonly sha256: string;
  /** Seconds since 1970 UTC, as in the file's name. */
  readonly receivedAt: number;
  readonly letters: string;
  /** false where the file's name still has to be compared with the flags. */
  readonly settled: boolean;
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
  /** EXISTS as the server said. */
  readonly exists: number;
  readonly syncedAt: number;
}

/** A placement without content, whose content may be here already. */
export interface AdoptablePlacement extends UnfetchedPlacement {
  /** The content that the server's own identity (EMAILID, X-GM-MSGID) says it is; null where it doesn't say. */
  readonly identical: string | null;
  /** A message with its size and INTERNALDATE lost its UID because its mailbox was renumbered, renamed or removed. */
  readonly renumbered: boolean;
  /** A message of its size was imported, and nothing on the server was found to be that one yet. */
  readonly imported: boolean;
}

/** Position in the order (mailbox, UID) after which a page begins. */
export interface PlacementPosition {
  readonly mailbox: number;
  readonly uid: number;
}

export interface LeavingMailbox {
  readonly mailbox: number;
  readonly path: string;
  /** Placements present before anything left. */
  readonly present: number;
  readonly leaving: number;
  /** Of `leaving`: those whose content was adopted elsewhere since departures were last retired. */
  readonly moved: number;
}

export interface LeavingPlacement {
  readonly placement: number;
  readonly mailbox: number;
  readonly generation: number;
  readonly uid: number;
  readonly receivedAt: number;
  readonly sha256: string | null;
  readonly size: number;
  readonly tree: Tree | null;
  readonly letters: string;
  readonly moved: boolean;
}

/** A placement whose file is where the row says, as far as the index knows. */
export interface DurablePlacement {
  readonly uid: number;
  readonly sha256: string;
  readonly place: FilePlace;
  /** Milliseconds since 1970 UTC. */
  readonly since: number;
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
  /** Whether the listing holds this mailbox's messages: most of them, and no other message under their UIDs. */
  holdsSameMessages(mailbox: number, listing: Listing): boolean;
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
  /** Those of them for which content with the same identity, the same size and INTERNALDATE, or imported with the same size, is here. */
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

  unsettled(after: number, limit: number): UnsettledPlacement[];
  recordSettled(settled: readonly { placement: number; letters: string }[]): void;
  /** The file is gone from disk: forget the content so that it is fetched again. */
  recordLost(placements: readonly number[]): void;

  /** Keyword letters of a mailbox's folder, position 0 = "a". */
  keywords(mailbox: number): string[];
  addKeywords(mailbox: number, keywords: readonly string[]): void;

  /** What is about to leave, by mailbox; `leavingPlacements` pages through what this call found. */
  leaving(): LeavingMailbox[];
  leavingPlacements(after: number, limit: number): LeavingPlacement[];
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

/** A message that could not be fetched yet. */
export interface FailedMessage {
  readonly mailbox: string;
  readonly uid: number;
  readonly reason: string;
  readonly attempts: number;
  /** ms since 1970; runs before that pass it over. */
  readonly nextAttemptAt: number;
}

export interface ArchiveStatus {
  readonly lastReport: SyncReport | null;
  readonly lastSuccessAt: number | null;
  readonly hold: string | null;
  readonly messages: number;
  readonly bytes: number;
  readonly removed: number;
  readonly failures: readonly FailedMessage[];
  readonly mailboxes: readonly MailboxStatus[];
}

export interface MailboxStatus {
  readonly path: string;
  readonly uidValidity: string | null;
  readonly onServer: number;
  readonly stored: number;
  readonly pending: number;
  readonly failed: number;
  readonly lastSyncedAt: number | null;
}

export interface RunRow {
  readonly run: number;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly status: string;
  readonly tier: SourceTier | null;
  readonly added: number;
  readonly adopted: number;
  readonly moved: number;
  readonly flagsChanged: number;
  readonly removed: number;
  readonly failed: number;
  readonly bytesDownloaded: number;
  readonly mailboxes: number;
  readonly mailboxesChanged: number;
  readonly hold: boolean;
}

/** A file as the index knows it. */
export interface IndexedFile {
  readonly uid: number;
  readonly sha256: string;
  readonly size: number;
  readonly place: FilePlace;
}

/** A placement chosen for restore or export; with a moment, as it was then. */
export interface SelectedPlacement extends IndexedFile {
  /** Whether it had left the server. */
  readonly removed: boolean;
  readonly flags: string;
  /** Labels as the server told them last (X-GM-LABELS), decoded; null where it told none. */
  readonly labels: readonly string[] | null;
  readonly receivedAt: number;
  readonly messageId: string | null;
  readonly headerSha256: string;
  /** EMAILID or X-GM-MSGID as its server said; null where it has neither. */
  readonly emailId: string | null;
}

/** A placement that would be chosen too, if its octets were in the archive still. */
export interface AbsentPlacement {
  readonly uid: number;
  readonly sha256: string;
  readonly size: number;
  readonly removed: boolean;
  readonly flags: string;
  /** Seconds since 1970. */
  readonly receivedAt: number;
  readonly messageId: string | null;
  /** When retention deleted it, ms since 1970; null where it was damaged or gone and is not back. */
  readonly prunedAt: number | null;
}

/**
 * What the index tells of an archive to those who only read it.
 */

import type { SyncReport } from '../report.js';
import type { SourceTier } from './source.js';
import type { FilePlace } from './store.js';

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

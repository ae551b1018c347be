/**
 * What a run did, in numbers and names: the same data for people, JSON, the run row and notifiers.
 */
import type { SourceTier } from './ports/source.js';

export type RunStatus = 'ok' | 'incomplete' | 'failed';

/** A message (with UID) or a mailbox (without) that did not make it. */
export interface Failure {
  readonly mailbox: string;
  readonly uid: number | null;
  readonly reason: string;
}

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** Milliseconds for which the server wants to be left alone, where it said. */
  readonly retryAfterMs?: number;
}

export interface SyncReport {
  readonly account: string;
  readonly status: RunStatus;
  readonly run: number | null;
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly tier: SourceTier | null;
  readonly mailboxes: number;
  readonly mailboxesChanged: number;
  /** Placements whose octets were downloaded. */
  readonly added: number;
  /** Placements whose octets were here already. */
  readonly adopted: number;
  readonly bytesDownloaded: number;
  readonly flagsChanged: number;
  /** Adopted placements whose old place vanished in the same run. */
  readonly moved: number;
  /** Placements that left the server. */
  readonly removed: number;
  readonly failed: number;
  readonly hold: boolean;
  /** Stored messages that were deleted from the server as the account wants it; absent where it doesn't. */
  readonly deletedOnServer?: number;
  readonly failures: readonly Failure[];
  readonly error: ErrorReport | null;
}

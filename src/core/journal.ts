/**
 * journal.jsonl: one line for each run that changed something or went wrong. What happened is told in the
 * order in which it happened, UIDs as ranges; with the message files it is enough to make the index anew.
 * Mailboxes go by a number of ours, because their names and folders change.
 */
import type { SyncReport } from './report.js';

/** What a mailbox is called on the server, to people and on disk. */
export interface MailboxNames {
  readonly mailbox: number;
  readonly path: string;
  readonly wire_name: string;
  readonly components: readonly string[];
  readonly folder: string;
  readonly special_use: string | null;
  readonly subscribed: boolean;
}

/** UIDs in ranges by the flags they have, canonical flags as key. */
export type UidsByFlags = Readonly<Record<string, string>>;

export type JournalChange =
  /** Seen for the first time or again, or under other names than before. */
  | ({ readonly do: 'list' } & MailboxNames)
  /** Goes on under the names of `successor`, which had nothing yet and is no more. */
  | ({ readonly do: 'rename'; readonly successor: number } & MailboxNames)
  /** Not on the server any more; everything in it is leaving, and its generation is over. */
  | { readonly do: 'unlist'; readonly mailbox: number; readonly path: string }
  /** What an observation found. A generation higher than before: everything of the one before is leaving. */
  | {
      readonly do: 'see';
      readonly mailbox: number;
      readonly path: string;
      readonly generation: number;
      readonly uid_validity: string;
      readonly appeared?: UidsByFlags;
      readonly flags?: UidsByFlags;
      readonly left?: string;
    }
  /** Believed to be gone: the files lie in removed/ now, as far as there were any. */
  | {
      readonly do: 'retire';
      readonly mailbox: number;
      readonly path: string;
      readonly generation: number;
      readonly uids: string;
    }
  /** Gone because it moved: `to` names where the same octets lie, UID by UID in the order of `uids`. */
  | {
      readonly do: 'move';
      readonly mailbox: number;
      readonly path: string;
      readonly generation: number;
      readonly uids: string;
      readonly to: { readonly mailbox: number; readonly generation: number; readonly uids: string };
    }
  /** Deleted for good by the retention policy: the names without flags, which carry hash, size, date and UID. */
  | {
      readonly do: 'prune';
      readonly mailbox: number;
      readonly path: string;
      readonly files: readonly string[];
    }
  /** A person released the hold. */
  | { readonly do: 'accept' };

export interface JournalLine {
  readonly version: 1;
  /** null for a command that is no run, such as prune. */
  readonly run: number | null;
  /** ISO 8601 UTC. */
  readonly started_at: string;
  readonly duration_ms: number;
  readonly status: string;
  readonly tier: string | null;
  readonly added: number;
  readonly adopted: number;
  readonly moved: number;
  readonly flags_changed: number;
  readonly removed: number;
  readonly failed: number;
  readonly bytes_downloaded: number;
  readonly mailboxes: number;
  readonly mailboxes_changed: number;
  /** Why the account is on hold, or null. */
  readonly hold: string | null;
  /** Whether everything that had left by then was retired. */
  readonly retired: boolean;
  readonly changes: readonly JournalChange[];
}

/** Whether the run leaves a line and a row. Runs without change leave nothing, however many there are. */
export function isWorthALine(report: SyncReport, changes: number): boolean {
  return (
    changes > 0 ||
    report.status !== 'ok' ||
    report.added + report.adopted + report.flagsChanged + report.removed + report.moved > 0
  );
}

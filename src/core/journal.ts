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

/** UIDs in ranges by the labels they have, canonical labels as key. */
export type UidsByLabels = Readonly<Record<string, string>>;

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
      /** null where only the files tell of them. */
      readonly uid_validity: string | null;
      /** The server lists no dates: those of what appeared are derived from the messages. */
      readonly dates?: 'derived';
      readonly appeared?: UidsByFlags;
      readonly flags?: UidsByFlags;
      /** Of those that appeared too, where the server tells labels. */
      readonly labels?: UidsByLabels;
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
  /** Taken off the server by mailkeep itself (delete_after): still part of the mailbox, whatever the server lists. */
  | {
      readonly do: 'keep';
      readonly mailbox: number;
      readonly path: string;
      readonly generation: number;
      readonly uids: string;
    }
  /** Deleted for good by the retention policy: the names without flags, which carry hash, size, date and UID. */
  | {
      readonly do: 'prune';
      readonly mailbox: number;
      readonly path: string;
      readonly files: readonly string[];
    }
  /**
   * Octets that were damaged or gone (`begun`), came back or were given up for others (`over`), or are lost and a
   * person knows it (`accepted`): the names without flags, as of `prune`.
   */
  | {
      readonly do: 'await';
      readonly state: AwaitState;
      readonly mailbox: number;
      readonly path: string;
      readonly files: readonly string[];
    }
  /** Came from another program's mail on this machine: in removed/, as if it had left with this run. */
  | ({
      readonly do: 'import';
      readonly run: number;
      readonly generation: number;
      readonly messages: UidsByFlags;
    } & MailboxNames)
  /** A person released the hold. */
  | { readonly do: 'accept' };

export type AwaitState = 'begun' | 'over' | 'accepted';

export interface JournalLine {
  readonly version: 1;
  /** Grows from line to line; tells the index which lines it knows of. */
  readonly seq: number;
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

/** Lines are only ever added. */
export interface Journal {
  /** The last line that is whole, durable or not; null where there is none. Lines that make no sense are passed over. */
  last(): JournalLine | null;
  /** Durable on return. Throws ArchiveError. */
  append(line: JournalLine): void;
  /** Makes durable what is there. Throws ArchiveError. */
  flush(): void;
}

/** Whether the run leaves a line and a row. Runs without change leave nothing, however many there are. */
export function isWorthALine(report: SyncReport, changes: number): boolean {
  return (
    changes > 0 ||
    report.status !== 'ok' ||
    report.added + report.adopted + report.flagsChanged + report.removed + report.moved > 0
  );
}

export function lineOf(
  report: SyncReport,
  rest: Pick<JournalLine, 'seq' | 'changes' | 'hold' | 'retired'>,
): JournalLine {
  return {
    version: 1,
    seq: rest.seq,
    run: report.run,
    started_at: new Date(report.startedAt).toISOString(),
    duration_ms: Math.round(report.durationMs),
    status: report.status,
    tier: report.tier,
    added: report.added,
    adopted: report.adopted,
    moved: report.moved,
    flags_changed: report.flagsChanged,
    removed: report.removed,
    failed: report.failed,
    bytes_downloaded: report.bytesDownloaded,
    mailboxes: report.mailboxes,
    mailboxes_changed: report.mailboxesChanged,
    hold: rest.hold,
    retired: rest.retired,
    changes: rest.changes,
  };
}

/** What a command that is no run did, such as prune: a line without numbers. */
export function lineOfCommand(
  startedAt: number,
  rest: Pick<JournalLine, 'seq' | 'changes' | 'hold'>,
): JournalLine {
  return {
    version: 1,
    seq: rest.seq,
    run: null,
    started_at: new Date(startedAt).toISOString(),
    duration_ms: 0,
    status: 'ok',
    tier: null,
    added: 0,
    adopted: 0,
    moved: 0,
    flags_changed: 0,
    removed: 0,
    failed: 0,
    bytes_downloaded: 0,
    mailboxes: 0,
    mailboxes_changed: 0,
    hold: rest.hold,
    retired: false,
    changes: rest.changes,
  };
}

/** null for a line that is torn or none of ours. */
export function parseJournalLine(text: string): JournalLine | null {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof line !== 'object' || line === null) return null;
  const found = line as Partial<Record<keyof JournalLine, unknown>>;
  const isOurs =
    typeof found.version === 'number' &&
    Number.isSafeInteger(found.seq) &&
    (found.run === null || Number.isSafeInteger(found.run)) &&
    typeof found.started_at === 'string' &&
    typeof found.status === 'string' &&
    COUNTS.every((count) => Number.isSafeInteger(found[count])) &&
    Array.isArray(found.changes);
  return isOurs ? (line as JournalLine) : null;
}

const COUNTS = [
  'duration_ms',
  'added',
  'adopted',
  'moved',
  'flags_changed',
  'removed',
  'failed',
  'bytes_downloaded',
  'mailboxes',
  'mailboxes_changed',
] as const;

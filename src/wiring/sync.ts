/** One backup run of an account, and the release of its hold. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { type ArchiveError, describeError } from '../core/errors.js';
import type { SyncReport } from '../core/report.js';
import { journalCommand, takeOverJournal } from '../jobs/journal-run.js';
import { syncAccount } from '../jobs/sync-account.js';
import type { SyncProgress } from '../jobs/sync-context.js';
import { JournalFile } from '../journal/journal-file.js';
import { MaildirStore } from '../maildir/store.js';
import { openSyncIndex } from '../sqlite/sync-index.js';
import { RunMemory } from './run-memory.js';
import { sha256, unforeseeable } from './surroundings.js';
import type { Wiring } from './wiring.js';

/** One keeps up with any link; more would take processors from the reading. */
const WRITING_THREADS = 1;

export interface SyncRequest {
  readonly full: boolean;
  readonly dryRun: boolean;
  /** Globs of --mailbox; empty for all. */
  readonly mailboxes: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  /** Who is named to others that want the account meanwhile; default: sync. */
  readonly holder?: string;
  /** Wait for another command that works on the account; without it that is an error. */
  readonly onWait?: ((error: ArchiveError) => void) | undefined;
}

/** One run under the account's lock. Throws only where the archive itself can't be used. */
export function runSync(wiring: Wiring, account: AccountConfig, request: SyncRequest): Promise<SyncReport> {
  const { signal, onWait } = request;
  const wait = onWait === undefined ? undefined : { signal, onWait };
  // Who only looks makes no archive.
  if (request.dryRun && !existsSync(wiring.root(account))) return rehearseFirst(wiring, account, request);
  const work = (root: string) => syncUnderLock(wiring, account, root, request);
  return wiring.locked(account, request.holder ?? 'sync', work, wait);
}

async function rehearseFirst(
  wiring: Wiring,
  account: AccountConfig,
  request: SyncRequest,
): Promise<SyncReport> {
  const root = mkdtempSync(join(tmpdir(), 'mailkeep-dry-run-'));
  try {
    return await syncUnderLock(wiring, account, root, request);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** As runSync, for a caller that holds the account's lock. */
export async function syncUnderLock(
  wiring: Wiring,
  account: AccountConfig,
  root: string,
  request: SyncRequest,
): Promise<SyncReport> {
  const index = openSyncIndex(join(root, 'index.db'));
  const store = new MaildirStore(root, { threads: WRITING_THREADS });
  const memory = new RunMemory();
  try {
    const report = await syncAccount(
      {
        source: wiring.source(account),
        store,
        index,
        journal: new JournalFile(join(root, 'journal.jsonl')),
        clock: wiring.clock,
        random: unforeseeable,
        digest: sha256,
      },
      {
        account: account.name,
        selects: (path) => wiring.selects(account, request.mailboxes, path),
        full: request.full,
        dryRun: request.dryRun,
        guard: account.guard,
        rateLimit: account.rateLimit,
        deleteAfterMs: account.pop3.deleteAfterMs,
        signal: request.signal,
        onProgress: request.onProgress,
        onPassed: (passed) => memory.passed(passed),
      },
    );
    const isFresh = report.added + report.adopted > 0;
    // Behind a failure, a full disk perhaps, there are more urgent things.
    if (isFresh && report.status !== 'failed' && !request.dryRun)
      await makeSearchable(wiring, account, request);
    return report;
  } finally {
    await store.close();
    index.close();
  }
}

/** What fails here is no failure of the run: the next search makes up for it. */
export async function makeSearchable(
  wiring: Wiring,
  account: AccountConfig,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  try {
    // Most runs bring nothing new.
    const { enterFreshHeaders } = await import('./index-text.js');
    await enterFreshHeaders(wiring, account, signal);
  } catch (error) {
    wiring.warn(`${account.name}: not searchable yet: ${describeError(error)}`);
  }
}

/** Releases a hold of the mass-deletion guard; the reason it had, or null if there was none. */
export function acceptLosses(wiring: Wiring, account: AccountConfig): Promise<string | null> {
  wiring.reader(account).close();
  return wiring.locked(account, 'accept', async (root) => {
    const index = openSyncIndex(join(root, 'index.db'));
    try {
      const ports = { index, journal: new JournalFile(join(root, 'journal.jsonl')) };
      takeOverJournal(ports);
      const reason = index.hold();
      if (reason !== null) {
        index.accept();
        journalCommand(ports, wiring.now);
      }
      return reason;
    } finally {
      index.close();
    }
  });
}

/** One backup run of an account, and the release of its hold. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import type { SyncReport } from '../core/report.js';
import { syncAccount } from '../jobs/sync-account.js';
import type { SyncProgress } from '../jobs/sync-context.js';
import { openSyncIndex } from '../sqlite/sync-index.js';
import { sha256 } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface SyncRequest {
  readonly full: boolean;
  readonly dryRun: boolean;
  /** Globs of --mailbox; empty for all. */
  readonly mailboxes: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
}

/** One run under the account's lock. Throws only where the archive itself can't be used. */
export function runSync(wiring: Wiring, account: AccountConfig, request: SyncRequest): Promise<SyncReport> {
  return wiring.locked(account, 'sync', (root) => syncUnderLock(wiring, account, root, request));
}

/** As runSync, for a caller that holds the account's lock. */
export async function syncUnderLock(
  wiring: Wiring,
  account: AccountConfig,
  root: string,
  request: SyncRequest,
): Promise<SyncReport> {
  const index = openSyncIndex(join(root, 'index.db'));
  try {
    return await syncAccount(
      {
        source: wiring.source(account),
        store: wiring.store(account),
        index,
        clock: wiring.clock,
        digest: sha256,
      },
      {
        account: account.name,
        selects: (path) => wiring.selects(account, request.mailboxes, path),
        full: request.full,
        dryRun: request.dryRun,
        guard: account.guard,
        signal: request.signal,
        onProgress: request.onProgress,
      },
    );
  } finally {
    index.close();
  }
}

/** Releases a hold of the mass-deletion guard; the reason it had, or null if there was none. */
export function acceptLosses(wiring: Wiring, account: AccountConfig): Promise<string | null> {
  wiring.reader(account).close();
  return wiring.locked(account, 'accept', async (root) => {
    const index = openSyncIndex(join(root, 'index.db'));
    try {
      const reason = index.hold();
      if (reason !== null) index.accept();
      return reason;
    } finally {
      index.close();
    }
  });
}

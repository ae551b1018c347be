/** Applies one account's retention under its lock. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { describeError } from '../core/errors.js';
import { journalCommand, takeOverJournal } from '../jobs/journal-run.js';
import { type PruneReport, pruneArchive } from '../jobs/prune.js';
import { MaildirInventory } from '../maildir/inventory.js';
import { MaildirPruner } from '../maildir/pruner.js';
import { PruneRows } from '../sqlite/prune-rows.js';
import { forgetPruned } from './index-text.js';
import type { Wiring } from './wiring.js';
import { withJournal } from './with-journal.js';

export interface PruneRequest {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Throws ArchiveError where there is no archive, or where another command holds it. */
export function runPrune(
  wiring: Wiring,
  account: AccountConfig,
  request: PruneRequest,
): Promise<PruneReport> {
  // Before the lock makes a folder: an account without an archive has nothing to prune.
  wiring.reader(account).close();
  return wiring.locked(account, 'prune', async (root) => {
    const startedAt = wiring.now;
    withJournal(root, takeOverJournal);
    const index = new PruneRows(join(root, 'index.db'));
    try {
      const report = await pruneArchive(
        { index, folders: new MaildirInventory(root), pruner: new MaildirPruner(root), clock: wiring.clock },
        { account: account.name, retention: account.retention.removed, ...request },
      );
      withJournal(root, (ports) => journalCommand(ports, startedAt));
      if (!request.dryRun) forget(wiring, account);
      return report;
    } finally {
      index.close();
    }
  });
}

/** The mail is gone either way; a search index that can't be used is no failure of this. */
function forget(wiring: Wiring, account: AccountConfig): void {
  try {
    forgetPruned(wiring, account);
  } catch (error) {
    wiring.warn(`${account.name}: the search index still knows what was pruned: ${describeError(error)}`);
  }
}

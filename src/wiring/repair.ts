/** Repairs one account's archive under its lock, with an ordinary sync where something has to be fetched. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { ArchiveError, errorReport } from '../core/errors.js';
import type { RepairReport } from '../core/proof/repair-report.js';
import type { ErrorReport } from '../core/report.js';
import { journalCommand, takeOverJournal } from '../jobs/journal-run.js';
import { repairArchive } from '../jobs/repair.js';
import type { SyncProgress } from '../jobs/sync-context.js';
import { HashPool } from '../maildir/hash-pool.js';
import { MaildirInventory } from '../maildir/inventory.js';
import { MaildirMender } from '../maildir/mender.js';
import { MaildirStore } from '../maildir/store.js';
import { RepairRows } from '../sqlite/repair-rows.js';
import { syncUnderLock } from './sync.js';
import type { Wiring } from './wiring.js';
import { withJournal } from './with-journal.js';

export interface RepairRequest {
  readonly acceptLost: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
}

/** Throws ArchiveError where there is no archive, where its index is damaged, or where another command holds it. */
export function runRepair(
  wiring: Wiring,
  account: AccountConfig,
  request: RepairRequest,
): Promise<RepairReport> {
  // Before the lock makes a folder: an account without an archive has nothing to repair.
  wiring.reader(account).close();
  return wiring.locked(account, 'repair', async (root) => {
    const startedAt = wiring.now;
    withJournal(root, takeOverJournal);
    const index = new RepairRows(join(root, 'index.db'));
    const pool = new HashPool();
    try {
      const ports = {
        index,
        folders: new MaildirInventory(root, pool),
        store: new MaildirStore(root),
        mender: new MaildirMender(root, wiring.clock),
      };
      const sync = () => fetchAgain(wiring, account, root, request);
      const report = await repairArchive(ports, { account: account.name, sync, ...request }, () => {
        throw new ArchiveError(`the index of ${account.name} is damaged`, {
          code: 'index',
          hint: 'the mail itself is in mail/ and removed/, and nothing was changed',
        });
      });
      withJournal(root, (open) => journalCommand(open, startedAt));
      return report;
    } finally {
      await pool.close();
      index.close();
    }
  });
}

/** Whatever the run may not have reached is told by what is still awaited; only its own error counts here. */
async function fetchAgain(
  wiring: Wiring,
  account: AccountConfig,
  root: string,
  request: RepairRequest,
): Promise<ErrorReport | null> {
  try {
    const { signal, onProgress } = request;
    const report = await syncUnderLock(wiring, account, root, {
      full: false,
      dryRun: false,
      mailboxes: [],
      signal,
      onProgress,
    });
    return report.status === 'failed' ? report.error : null;
  } catch (error) {
    return errorReport(error);
  }
}

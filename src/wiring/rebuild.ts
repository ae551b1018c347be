/** Makes an account's index anew from its files and its journal, under the account's lock. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { ArchiveError } from '../core/errors.js';
import { type RebuildOptions, type RebuildReport, rebuildIndex } from '../jobs/rebuild-index.js';
import { JournalFile } from '../journal/journal-file.js';
import { MaildirInventory } from '../maildir/inventory.js';
import { sizeOf } from '../sqlite/database.js';
import { openRebuild } from '../sqlite/rebuild-index.js';
import type { Wiring } from './wiring.js';

export type RebuildRequest = Omit<RebuildOptions, 'account'>;

/**
 * Throws InterruptedError, leaving the old index as it was, and ArchiveError `no_archive` where there is
 * nothing to make one from.
 */
export async function runRebuild(
  wiring: Wiring,
  account: AccountConfig,
  request: RebuildRequest,
): Promise<RebuildReport> {
  const root = wiring.root(account);
  if (!['mail', 'removed', 'journal.jsonl'].some((name) => sizeOf(join(root, name)) !== null)) {
    throw new ArchiveError(`there is no archive at ${root}`, {
      code: 'no_archive',
      hint: 'run mailkeep sync first, or check data_dir in the config',
    });
  }
  return wiring.locked(account, 'repair', async () =>
    rebuildIndex(
      {
        journal: new JournalFile(join(root, 'journal.jsonl')),
        inventory: new MaildirInventory(root),
        index: openRebuild(join(root, 'index.db'), new Date(wiring.now).toISOString().replaceAll(':', '')),
      },
      { ...request, account: account.name },
    ),
  );
}

/** A restore drill of one account in a temporary folder, which is gone afterwards. The archive is only read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import type { DrillReport } from '../core/proof/drill.js';
import { drill } from '../jobs/drill.js';
import { rebuildIndex } from '../jobs/rebuild-index.js';
import { JournalFile } from '../journal/journal-file.js';
import { MaildirInventory } from '../maildir/inventory.js';
import { MaildirStore } from '../maildir/store.js';
import { ProofRows } from '../sqlite/proof-rows.js';
import { openRebuild } from '../sqlite/rebuild-index.js';
import type { Wiring } from './wiring.js';

/** Messages drawn where the config says nothing. */
const SAMPLE = 50;

export interface DrillRequest {
  readonly signal: AbortSignal;
}

/** Throws ArchiveError where there is no archive, or where another command holds it. */
export function runDrill(
  wiring: Wiring,
  account: AccountConfig,
  request: DrillRequest,
): Promise<DrillReport> {
  // Before the lock makes a folder: an account without an archive has nothing to rehearse with.
  wiring.reader(account).close();
  return wiring.locked(account, 'drill', async (root) => {
    const folder = mkdtempSync(join(tmpdir(), 'mailkeep-drill-'));
    const scratch = new MaildirStore(join(folder, 'restored'));
    const index = new ProofRows(join(root, 'index.db'));
    try {
      await rebuildIndex(
        {
          journal: new JournalFile(join(root, 'journal.jsonl')),
          inventory: new MaildirInventory(root),
          index: openRebuild(join(folder, 'index.db'), 'drill'),
        },
        { account: account.name, readData: false, signal: request.signal },
      );
      const rebuilt = new ProofRows(join(folder, 'index.db'));
      try {
        return await drill(
          {
            rebuilt,
            index,
            folders: new MaildirInventory(root),
            archive: wiring.messages(account),
            scratch,
            random: Math.random,
          },
          { sample: account.drill?.sample ?? SAMPLE, signal: request.signal },
        );
      } finally {
        rebuilt.close();
      }
    } finally {
      await scratch.close();
      index.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

// One account's backup in a folder of its own, run in this process over the real adapters, so that a test can set the
// timeouts and hundreds of runs stay cheap.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SyncReport } from '../../src/core/report.js';
import { imapSourceFactory } from '../../src/imap/factory.js';
import type { ImapSettings } from '../../src/imap/settings.js';
import { checkArchive } from '../../src/jobs/check.js';
import { syncAccount } from '../../src/jobs/sync-account.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { MaildirStore } from '../../src/maildir/store.js';
import { ProofRows } from '../../src/sqlite/proof-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { sha256 } from '../../src/wiring/surroundings.js';
import { type Archive, archiveLines, type Lines, readArchive, type Tree } from '../support/archive.js';

export class Backup {
  readonly root = mkdtempSync(join(tmpdir(), 'mailkeep-contract-'));

  async sync(settings: ImapSettings & { readonly clock?: () => number }): Promise<SyncReport> {
    const index = openSyncIndex(join(this.root, 'index.db'));
    try {
      return await syncAccount(
        {
          source: imapSourceFactory(settings),
          store: new MaildirStore(this.root),
          index,
          journal: new JournalFile(join(this.root, 'journal.jsonl')),
          clock: settings.clock ?? Date.now,
          digest: sha256,
        },
        {
          account: settings.account,
          selects: () => true,
          full: false,
          dryRun: false,
          guard: { maxRemovedPercent: 50, minMessages: 100 },
          signal: new AbortController().signal,
        },
      );
    } finally {
      index.close();
    }
  }

  archive(tree: Tree = 'mail'): Archive {
    return readArchive(this.root, tree);
  }

  /** The folders that hold mail. */
  lines(): Lines {
    return filled(archiveLines(this.archive()));
  }

  /** All that check has to say, octets included. */
  async findings(): Promise<string[]> {
    const reader = new ProofRows(join(this.root, 'index.db'));
    try {
      const { findings } = await checkArchive(reader, new MaildirInventory(this.root), {
        account: 'test',
        readData: true,
        signal: new AbortController().signal,
      });
      return findings.map(({ file, reason }) => `${file}: ${reason}`);
    } finally {
      reader.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function filled(lines: Lines): Lines {
  return Object.fromEntries(Object.entries(lines).filter(([, messages]) => messages.length > 0));
}

// One account's backup in a folder of its own, run in this process over the real adapters, so that a test can set the
// timeouts and hundreds of runs stay cheap.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SyncReport } from '../../src/core/report.js';
import { imapSourceFactory } from '../../src/imap/factory.js';
import type { Sleep } from '../../src/imap/patience.js';
import type { ImapSettings } from '../../src/imap/settings.js';
import { checkArchive } from '../../src/jobs/check.js';
import { syncAccount } from '../../src/jobs/sync-account.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { MaildirStore } from '../../src/maildir/store.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { ProofRows } from '../../src/sqlite/proof-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { sha256 } from '../../src/wiring/surroundings.js';
import { type Archive, archiveLines, type Lines, readArchive, type Tree } from '../support/archive.js';

export interface BackupSettings extends ImapSettings {
  readonly clock?: () => number;
  readonly full?: boolean;
  /** The mailboxes of this run; all where left out. */
  readonly selects?: (path: string) => boolean;
  /** How the run waits where the server asks it to; in truth where left out. */
  readonly sleep?: Sleep;
  readonly signal?: AbortSignal;
  /** Hears how many messages went by, in whatever phase, and octets of them. */
  readonly onPassed?: (passed: { readonly messages: number; readonly bytes: number }) => void;
}

export class Backup {
  readonly root = mkdtempSync(join(tmpdir(), 'mailkeep-contract-'));

  async sync(settings: BackupSettings): Promise<SyncReport> {
    const index = openSyncIndex(join(this.root, 'index.db'));
    try {
      return await syncAccount(
        {
          source: imapSourceFactory(settings, settings.sleep),
          store: new MaildirStore(this.root),
          index,
          journal: new JournalFile(join(this.root, 'journal.jsonl')),
          clock: settings.clock ?? Date.now,
          random: Math.random,
          digest: sha256,
        },
        {
          account: settings.account,
          selects: settings.selects ?? (() => true),
          full: settings.full ?? false,
          dryRun: false,
          guard: { maxRemovedPercent: 50, minMessages: 100 },
          signal: settings.signal ?? new AbortController().signal,
          onPassed: settings.onPassed,
        },
      );
    } finally {
      index.close();
    }
  }

  archive(tree: Tree = 'mail', options: { readonly unfinished?: boolean } = {}): Archive {
    return readArchive(this.root, tree, options);
  }

  /** The folders that hold mail. */
  lines(): Lines {
    return filled(archiveLines(this.archive()));
  }

  /** What the index's reader tells of the labels in one mailbox, by UID. */
  labels(path: string): Map<number, readonly string[] | null> {
    const reader = ArchiveReader.open(join(this.root, 'index.db'));
    try {
      const mailbox = reader.mailboxes().find((one) => one.path === path)!;
      return new Map([...reader.placements(mailbox, { removed: false })].map((row) => [row.uid, row.labels]));
    } finally {
      reader.close();
    }
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

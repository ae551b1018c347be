// One run after the other of the real jobs, with the real adapters, against a scripted POP3 server.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../src/core/pause.js';
import type { Login } from '../../src/core/ports/credential.js';
import type { SourceFactory } from '../../src/core/ports/source.js';
import type { SyncReport } from '../../src/core/report.js';
import type { GuardPolicy } from '../../src/core/sync/guard.js';
import { syncAccount } from '../../src/jobs/sync-account.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirStore } from '../../src/maildir/store.js';
import { USUAL_TRUST } from '../../src/net/tls-trust.js';
import { pop3SourceFactory } from '../../src/pop3/factory.js';
import type { Pop3Settings } from '../../src/pop3/settings.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { type ArchivedMessage, readArchive, type Tree } from '../support/archive.js';
import { PASSWORD, type PopMessage, type PopServer } from '../support/pop3-server/server.js';

export const NOW = 1_800_000_000_000;
export const DAY = 86_400_000;

export function popSource(
  server: PopServer,
  settings: Partial<Pop3Settings> = {},
  wait = pause,
): SourceFactory {
  return pop3SourceFactory(
    {
      account: 'old',
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      trust: USUAL_TRUST,
      proxy: null,
      user: 'me',
      login: byPassword(PASSWORD),
      mayDelete: false,
      silenceTimeout: 60_000,
      connectTimeout: 60_000,
      warn: () => undefined,
      clock: () => NOW,
      ...settings,
    },
    wait,
  );
}

export function byPassword(password: string): Login {
  return { kind: 'password', ask: async () => password };
}

export interface RunSettings {
  readonly now?: number;
  readonly guard?: GuardPolicy;
  readonly deleteAfterMs?: number;
  readonly dryRun?: boolean;
  readonly source?: Partial<Pop3Settings>;
  readonly signal?: AbortSignal;
}

export class Stage {
  readonly root = mkdtempSync(join(tmpdir(), 'mailkeep-pop3-'));
  /** What the source warned of. */
  readonly warnings: string[] = [];
  /** Pauses that it made between two connections. */
  readonly pauses: number[] = [];

  async sync(server: PopServer, settings: RunSettings = {}): Promise<SyncReport> {
    const index = openSyncIndex(join(this.root, 'index.db'));
    const store = new MaildirStore(this.root);
    const { now = NOW, deleteAfterMs } = settings;
    let at = now;
    try {
      return await syncAccount(
        {
          source: popSource(
            server,
            {
              mayDelete: deleteAfterMs !== undefined,
              warn: (message) => this.warnings.push(message),
              clock: () => now,
              ...settings.source,
            },
            async (milliseconds) => {
              this.pauses.push(milliseconds);
            },
          ),
          store,
          index,
          journal: new JournalFile(join(this.root, 'journal.jsonl')),
          clock: () => at++,
          random: Math.random,
          digest: (data) => createHash('sha256').update(data).digest('hex'),
        },
        {
          account: 'old',
          selects: () => true,
          full: false,
          dryRun: settings.dryRun ?? false,
          guard: settings.guard ?? { maxRemovedPercent: 50, minMessages: 10 },
          ...(deleteAfterMs === undefined ? {} : { deleteAfterMs }),
          signal: settings.signal ?? new AbortController().signal,
        },
      );
    } finally {
      await store.close();
      index.close();
    }
  }

  archived(tree: Tree = 'mail'): ArchivedMessage[] {
    const inbox = readArchive(this.root, tree).get('INBOX');
    return [...(inbox ?? [])].sort(([a], [b]) => a - b).map(([, message]) => message);
  }

  /** Hashes, in the order of UIDs. */
  hashes(tree: Tree = 'mail'): string[] {
    return this.archived(tree).map(({ sha256 }) => sha256);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

export function hashesOf(messages: readonly PopMessage[]): string[] {
  return messages.map(({ body }) => sha256(body));
}

/** A message of its own for each text, received on that day of January 2020. */
export function mail(marker: string, day = 1, octets = 0): PopMessage {
  const text = [
    `Received: from somewhere by here with SMTP id ${marker};`,
    `\tWed, ${String(day).padStart(2, '0')} Jan 2020 10:00:00 +0100`,
    `Message-ID: <${marker}@example.org>`,
    'Date: Tue, 31 Dec 2019 09:00:00 +0000',
    `Subject: ${marker}`,
    '',
    `.${marker}`,
    '.',
    '..',
    `gr\xfc\xdfe, a bare\nLF and a bare \r CR${'x'.repeat(octets)}`,
    '',
  ];
  return { uidl: `uidl-${marker}`, body: Buffer.from(text.join('\r\n'), 'latin1') };
}

export function mails(count: number, first = 1): PopMessage[] {
  return Array.from({ length: count }, (_, at) => mail(`m${first + at}`, 1 + ((first + at) % 28)));
}

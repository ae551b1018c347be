// One sync run over a real Maildir and a real index, whose every effect is counted, stopped or failed.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SyncIndex } from '../../src/core/ports/sync-index.js';
import type { SyncReport } from '../../src/core/report.js';
import type { GuardPolicy } from '../../src/core/sync/guard.js';
import type { MailboxReader } from '../../src/imap/reader.js';
import { checkArchive } from '../../src/jobs/check.js';
import { syncAccount } from '../../src/jobs/sync-account.js';
import type { SyncPorts } from '../../src/jobs/sync-context.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { MaildirStore } from '../../src/maildir/store.js';
import { ProofRows } from '../../src/sqlite/proof-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { type MemoryServer, memorySource } from '../support/memory-reader.js';
import { Effects, type EffectsOptions } from './effects.js';
import { powerCut, type Tap, tapped } from './tapped-file-system.js';
import { Unsynced } from './unsynced.js';

export interface RunOptions extends EffectsOptions {
  readonly guard?: GuardPolicy;
  /** The stop is a power cut: what no fsync made safe is taken back. */
  readonly powerCut?: boolean;
  readonly full?: boolean;
  readonly deleteAfterMs?: number;
  readonly lie?: (reader: MailboxReader) => MailboxReader;
  /** What earlier runs left unsynced, which a power cut in this one takes back too. */
  readonly unsynced?: Unsynced;
  /** A planted fault. */
  readonly plant?: Plant | undefined;
}

/** A fault in the program, put in from outside. */
export interface Plant {
  readonly ports?: (ports: SyncPorts, root: string) => SyncPorts;
  readonly skipsFsync?: (path: string) => boolean;
  readonly reader?: (reader: MailboxReader) => MailboxReader;
}

export interface RunOutcome {
  /** null where the run was stopped. */
  readonly report: SyncReport | null;
  readonly effects: Effects;
}

/** Far from what tests put on a server by hand, so that only tests of the guard meet it. */
const GUARD: GuardPolicy = { maxRemovedPercent: 50, minMessages: 1000 };
let now = 1_800_000_000_000;

export async function runOnce(
  root: string,
  server: MemoryServer,
  options: RunOptions = {},
): Promise<RunOutcome> {
  const { plant } = options;
  mkdirSync(root, { recursive: true });
  const keep = mkdtempSync(`${root}.unsynced-`);
  const effects = new Effects(options);
  const tap: Tap = {
    root,
    effects,
    unsynced: options.unsynced ?? new Unsynced(keep),
    skipsFsync: plant?.skipsFsync,
  };
  const report = await tapped(tap, async () => {
    const index = openSyncIndex(join(root, 'index.db'));
    try {
      const lie = (reader: MailboxReader) => {
        const lied = options.lie?.(reader) ?? reader;
        return plant?.reader?.(lied) ?? lied;
      };
      const ports: SyncPorts = {
        source: memorySource(server, lie),
        store: new MaildirStore(root),
        index: counted(index, effects),
        journal: new JournalFile(join(root, 'journal.jsonl')),
        clock: () => ++now,
        random: Math.random,
        digest: (data) => createHash('sha256').update(data).digest('hex'),
      };
      return await syncAccount(plant?.ports?.(ports, root) ?? ports, {
        account: 'test',
        selects: () => true,
        full: options.full ?? false,
        dryRun: false,
        guard: options.guard ?? GUARD,
        ...(options.deleteAfterMs !== undefined && { deleteAfterMs: options.deleteAfterMs }),
        signal: new AbortController().signal,
      });
    } catch (error) {
      // Whatever a stopped run still throws on its way out is nobody's concern: the process is dead.
      if (effects.stopped) return null;
      throw error;
    } finally {
      index.close();
    }
  });
  if (effects.stopped && options.powerCut === true) powerCut(tap);
  rmSync(keep, { recursive: true });
  return { report: effects.stopped ? null : report, effects };
}

/** Everything check has to say, octets included. */
export async function checkFindings(root: string): Promise<string[]> {
  const reader = new ProofRows(join(root, 'index.db'));
  try {
    const { findings } = await checkArchive(reader, new MaildirInventory(root), {
      account: 'test',
      readData: true,
      signal: new AbortController().signal,
    });
    // That twins share an inode is asked by splitTwins, where it must hold.
    return findings.filter(({ kind }) => kind !== 'link').map(({ file, reason }) => `${file}: ${reason}`);
  } finally {
    reader.close();
  }
}

const READS: ReadonlySet<string> = new Set<keyof SyncIndex>([
  'mailboxes',
  'base',
  'highestUid',
  'labels',
  'staleLabels',
  'reusesUids',
  'withMailboxId',
  'sharedUids',
  'sharedLooks',
  'unfetched',
  'adoptable',
  'contentWith',
  'imports',
  'departures',
  'failures',
  'attempts',
  'known',
  'locate',
  'locatePresent',
  'unsettled',
  'keywords',
  'leaving',
  'leavingPlacements',
  'hold',
  'movingFolder',
  'isAccepted',
  'journalEntries',
  'journaled',
  'lastRun',
]);

/** Each write of the index is one transaction, hence one effect. */
function counted(index: SyncIndex, effects: Effects): SyncIndex {
  return new Proxy(index, {
    get(target, key: string & keyof SyncIndex) {
      const method = target[key] as (...args: unknown[]) => unknown;
      if (READS.has(key)) return method;
      return (...args: unknown[]) => effects.perform(`index.${key}`, () => method(...args));
    },
  });
}

// One repair over a real Maildir and a real index, whose every effect is counted and stopped, and a check that also
// looks at the index's log before it is opened.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FolderInventory, RepairIndex } from '../../src/core/ports/proof.js';
import type { Finding } from '../../src/core/proof/findings.js';
import type { RepairReport } from '../../src/core/proof/repair-report.js';
import { checkArchive } from '../../src/jobs/check.js';
import { journalCommand } from '../../src/jobs/journal-run.js';
import { repairArchive } from '../../src/jobs/repair.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { MaildirMender } from '../../src/maildir/mender.js';
import { MaildirStore } from '../../src/maildir/store.js';
import { ProofRows } from '../../src/sqlite/proof-rows.js';
import { RepairRows } from '../../src/sqlite/repair-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { tornLog } from '../../src/sqlite/write-ahead-log.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { Effects, type EffectsOptions } from './effects.js';
import { runOnce } from './one-run.js';
import { powerCut, type Tap, tapped } from './tapped-file-system.js';
import { Unsynced } from './unsynced.js';

export interface RepairRunOptions extends EffectsOptions {
  readonly powerCut?: boolean;
  readonly acceptLost?: boolean;
}

/** The effects of the sync inside are not counted: stopping a sync anywhere has tests of its own. */
export async function repairOnce(
  root: string,
  server: MemoryServer,
  options: RepairRunOptions = {},
): Promise<{ report: RepairReport | null; effects: Effects }> {
  const effects = new Effects(options);
  const keep = mkdtempSync(`${root}.unsynced-`);
  const tap: Tap = { root, effects, unsynced: new Unsynced(keep) };
  let fetches = false;
  const repair = () =>
    tapped(tap, async () => {
      const index = new RepairRows(join(root, 'index.db'));
      try {
        return await repairArchive(
          {
            index: counted(index, effects),
            folders: new MaildirInventory(root),
            store: new MaildirStore(root),
            mender: new MaildirMender(root, () => 1_800_000_000_000),
          },
          {
            account: 'test',
            acceptLost: options.acceptLost ?? false,
            signal: new AbortController().signal,
            sync: async () => {
              fetches = true;
              return null;
            },
          },
          () => {
            throw new Error('the index is damaged');
          },
        );
      } catch (error) {
        if (effects.stopped) return null;
        throw error;
      } finally {
        index.close();
      }
    });
  let report = await repair();
  // One file system can't be tapped twice: the sync comes between two repairs, and the second finishes the first.
  if (report !== null && fetches) {
    await runOnce(root, server);
    const first = report;
    const second = await repair();
    report =
      second === null
        ? null
        : { ...second, actions: [...first.actions, ...second.actions], left: first.left };
  }
  if (!effects.stopped) tellJournal(root);
  if (effects.stopped && options.powerCut === true) powerCut(tap);
  rmSync(keep, { recursive: true });
  return { report: effects.stopped ? null : report, effects };
}

function tellJournal(root: string): void {
  const index = openSyncIndex(join(root, 'index.db'));
  try {
    journalCommand({ index, journal: new JournalFile(join(root, 'journal.jsonl')) }, 1_800_000_000_000);
  } finally {
    index.close();
  }
}

/** Everything check has to say. */
export async function findingsOf(
  root: string,
  folders: FolderInventory = new MaildirInventory(root),
): Promise<readonly Finding[]> {
  const torn = tornLog(join(root, 'index.db-wal'));
  const index = new ProofRows(join(root, 'index.db'));
  try {
    const { findings } = await checkArchive(index, folders, {
      account: 'test',
      readData: true,
      tornLog: torn,
      signal: new AbortController().signal,
    });
    return findings;
  } finally {
    index.close();
  }
}

const WRITES: ReadonlySet<string> = new Set<keyof RepairIndex>([
  'awaitContent',
  'endWaiting',
  'acceptLoss',
  'takeIn',
  'takeInUnknown',
]);

function counted(index: RepairRows, effects: Effects): RepairIndex {
  return new Proxy<RepairIndex>(index, {
    get(target, key: string & keyof RepairIndex) {
      const method = (target[key] as (...args: unknown[]) => unknown).bind(target);
      if (!WRITES.has(key)) return method;
      return (...args: unknown[]) => effects.perform(`index.${key}`, () => method(...args));
    },
  });
}

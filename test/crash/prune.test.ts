// Retention: what goes, what stays, and that a prune which is stopped anywhere leaves an archive without fault.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PruneIndex } from '../../src/core/ports/prune.js';
import { type PruneOptions, type PruneReport, pruneArchive } from '../../src/jobs/prune.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { MaildirPruner } from '../../src/maildir/pruner.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { PruneRows } from '../../src/sqlite/prune-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { filesIn } from '../support/damage.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { differences, readArchive } from './archive-files.js';
import { complete, copyOf, demand, temporaryFolder } from './crash-everywhere.js';
import { Effects, type EffectsOptions } from './effects.js';
import { findingsOf } from './one-repair.js';
import { runOnce } from './one-run.js';
import { put } from './scenarios.js';
import { powerCut, type Tap, tapped } from './tapped-file-system.js';
import { Unsynced } from './unsynced.js';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const LATER = NOW + 100 * DAY;
const NINETY_DAYS = { ms: 90 * DAY };

let folder: string;
let whole: string;
let copies = 0;
beforeAll(async () => {
  folder = temporaryFolder();
  whole = join(folder, 'whole');
  for (let count = 1; count <= STEPS.length; count++) await complete(whole, serverAfter(count), {});
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Four messages leave; two of them lie in Copies as well, one of these only under removed/. */
const STEPS: readonly ((mail: MailStore) => void)[] = [
  (mail) => {
    for (let n = 0; n < 8; n++) put(mail.inbox, `in ${n}`, n % 3 === 0 ? ['\\Seen'] : []);
    mail.create('Copies');
  },
  (mail) => mail.copy('INBOX', [1, 2], 'Copies'),
  (mail) => {
    mail.inbox.expunge([1, 2, 3, 4]);
    mail.mailbox('Copies').expunge([2]);
  },
];

function serverAfter(count: number): MemoryServer {
  const mail = new MailStore();
  for (const step of STEPS.slice(0, count)) step(mail);
  return { mail, tier: 'condstore', objectId: false };
}

const freshCopy = () => copyOf(whole, join(folder, `copy-${++copies}`));
const removed = (root: string) => readArchive(root).files.filter(({ tree }) => tree === 'removed');

async function prune(
  root: string,
  options: Partial<PruneOptions> & EffectsOptions & { at?: number; powerCut?: boolean } = {},
): Promise<PruneReport | null> {
  const effects = new Effects(options);
  const keep = mkdtempSync(`${root}.unsynced-`);
  const tap: Tap = { root, effects, unsynced: new Unsynced(keep) };
  const report = await tapped(tap, async () => {
    const index = new PruneRows(join(root, 'index.db'));
    try {
      return await pruneArchive(
        {
          index: counted(index, effects),
          folders: new MaildirInventory(root),
          pruner: new MaildirPruner(root),
          clock: () => options.at ?? LATER,
        },
        {
          account: 'test',
          retention: options.retention ?? NINETY_DAYS,
          dryRun: options.dryRun ?? false,
          signal: new AbortController().signal,
        },
      );
    } catch (error) {
      if (effects.stopped) return null;
      throw error;
    } finally {
      index.close();
    }
  });
  if (effects.stopped && options.powerCut === true) powerCut(tap);
  rmSync(keep, { recursive: true });
  return effects.stopped ? null : report;
}

function counted(index: PruneRows, effects: Effects): PruneIndex {
  const writes = new Set(['intend', 'finish', 'abandon']);
  return new Proxy<PruneIndex>(index, {
    get(target, key: string & keyof PruneIndex) {
      const method = (target[key] as (...args: unknown[]) => unknown).bind(target);
      if (!writes.has(key)) return method;
      return (...args: unknown[]) => effects.perform(`index.${key}`, () => method(...args));
    },
  });
}

function intended(root: string): unknown[] {
  const index = new PruneRows(join(root, 'index.db'));
  try {
    return index.intended();
  } finally {
    index.close();
  }
}

describe('prune', () => {
  test('deletes what left longer ago than the policy says, and keeps it in the history', async () => {
    const root = freshCopy();
    expect(removed(root)).toHaveLength(5);
    const report = await prune(root);
    expect(report).toMatchObject({ hold: null, kept: [] });
    expect(report!.pruned).toHaveLength(5);
    expect(report!.freed).toBeGreaterThan(0);
    expect(removed(root)).toEqual([]);
    expect(differences(root, serverAfter(3).mail)).toEqual([]);
    expect(await findingsOf(root)).toEqual([]);
    const reader = ArchiveReader.open(join(root, 'index.db'));
    expect(reader.status()).toMatchObject({ messages: 5, removed: 0 });
    expect(reader.history().reduce((sum, run) => sum + run.removed, 0)).toBe(5);
    reader.close();
    expect((await prune(root))!.pruned).toEqual([]);
    // The run that comes next tells the journal.
    await complete(root, serverAfter(3), {});
    expect(readFileSync(join(root, 'journal.jsonl'), 'utf8').match(/"do":"prune"/g)).not.toBeNull();
    await demand(root, serverAfter(3), {});
  });

  test.each([
    ['too young', { at: NOW + 89 * DAY }],
    ['kept forever', { retention: 'forever' as const }],
    ['only asked for', { dryRun: true }],
  ])('deletes nothing that is %s', async (_, options) => {
    const root = freshCopy();
    const report = await prune(root, options);
    expect(report!.pruned).toHaveLength('dryRun' in options ? 5 : 0);
    expect(removed(root)).toHaveLength(5);
    expect(await findingsOf(root)).toEqual([]);
  });

  test('does nothing while the account is on hold', async () => {
    const root = freshCopy();
    const index = openSyncIndex(join(root, 'index.db'));
    index.setHold('much is gone');
    index.close();
    expect(await prune(root)).toMatchObject({ hold: 'much is gone', pruned: [] });
    expect(removed(root)).toHaveLength(5);
  });

  test.each([
    ['gone', (file: string) => rmSync(file)],
    [
      'damaged',
      (file: string) => {
        const octets = readFileSync(file);
        octets[9]! ^= 1;
        rmSync(file);
        writeFileSync(file, octets);
      },
    ],
  ])('keeps the last good copy of a message whose own file is %s', async (_, spoil) => {
    const root = freshCopy();
    spoil(filesIn(root, 'mail/Copies')[0]!);
    const report = await prune(root);
    expect(report!.kept).toMatchObject([{ path: 'INBOX', uid: 1 }]);
    expect(report!.pruned).toHaveLength(4);
    expect(removed(root)).toHaveLength(1);
  });

  test('that is stopped anywhere leaves no fault, and the next one finishes', async () => {
    for (const cut of [false, true]) {
      let stops = 0;
      for (let stop = 1; ; stop++) {
        const root = freshCopy();
        const report = await prune(root, { crashAfter: stop, powerCut: cut });
        expect([stop, await findingsOf(root)]).toEqual([stop, []]);
        expect(differences(root, serverAfter(3).mail)).toEqual([]);
        if (report !== null) break;
        stops += 1;
        // A policy that was changed meanwhile decides anew over what is still there.
        const kept = copyOf(root, `${root}-forever`);
        await prune(kept, { retention: 'forever' });
        expect([stop, intended(kept)]).toEqual([stop, []]);
        expect([stop, await findingsOf(kept)]).toEqual([stop, []]);
        await prune(root);
        expect([stop, removed(root), await findingsOf(root)]).toEqual([stop, [], []]);
        await complete(root, serverAfter(3), {});
        await demand(root, serverAfter(3), {});
      }
      expect(stops).toBeGreaterThan(6);
    }
  });

  test('lets a message come again that the server shows after all', async () => {
    const root = freshCopy();
    await prune(root);
    const back = serverAfter(2);
    back.mail.inbox.highestModseq += 100n;
    back.mail.mailbox('Copies').highestModseq += 100n;
    for (let run = 0; run < 3; run++) await runOnce(root, back, { full: true });
    expect(differences(root, back.mail)).toEqual([]);
    expect(await findingsOf(root)).toEqual([]);
  });
});

// An import that is stopped anywhere leaves an archive without fault, and what comes after it finishes: an import
// again, or a sync alone. Nothing that was stored is stored twice, and the server's mail is downloaded at most once.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportIndex } from '../../src/core/ports/import.js';
import { type ImportReport, importMail } from '../../src/jobs/import-mail.js';
import { journalCommand, takeOverJournal } from '../../src/jobs/journal-run.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { openMaildirs } from '../../src/local-mail/maildirs.js';
import { MaildirStore } from '../../src/maildir/store.js';
import { ImportRows } from '../../src/sqlite/import-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { startSha256 } from '../../src/wiring/surroundings.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import { bodyOf } from '../support/imap-server/message.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { readArchive } from './archive-files.js';
import { complete, copyOf, demand, temporaryFolder } from './crash-everywhere.js';
import { Effects, type EffectsOptions } from './effects.js';
import { checkFindings, runOnce } from './one-run.js';
import { put } from './scenarios.js';
import { powerCut, type Tap, tapped } from './tapped-file-system.js';
import { Unsynced } from './unsynced.js';

let folder: string;
let copy: string;
let before: string;
beforeAll(async () => {
  folder = temporaryFolder();
  copy = join(folder, 'Mail');
  makeCopy(copy);
  before = join(folder, 'before');
  await complete(before, serverWith(2), {});
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Two messages are in the archive before the import; the copy has these, four more, and one that only it has. */
function serverWith(messages: number): MemoryServer {
  const mail = new MailStore();
  for (let n = 0; n < messages; n++) put(mail.inbox, `in ${n}`, n % 3 === 0 ? ['\\Seen'] : []);
  return { mail, tier: 'condstore', objectId: false };
}

const COUNT = 6;

function makeCopy(to: string): void {
  const { mail } = serverWith(COUNT);
  for (const name of ['INBOX', 'Old'])
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(to, name, part), { recursive: true });
  for (const uid of mail.inbox.uids)
    writeFileSync(
      join(to, 'INBOX/cur', `${uid}:2,S`),
      bodyOf(mail.inbox.get(uid)!).toString('latin1').replaceAll('\r\n', '\n'),
      'latin1',
    );
  writeFileSync(join(to, 'Old/cur/old:2,'), 'Subject: only here\n\nold\n');
}

async function importOnce(
  root: string,
  options: EffectsOptions & { powerCut?: boolean } = {},
): Promise<ImportReport | null> {
  const effects = new Effects(options);
  const keep = mkdtempSync(`${root}.unsynced-`);
  const tap: Tap = { root, effects, unsynced: new Unsynced(keep) };
  const report = await tapped(tap, async () => {
    const sync = openSyncIndex(join(root, 'index.db'));
    const index = new ImportRows(join(root, 'index.db'));
    try {
      const journal = { index: sync, journal: new JournalFile(join(root, 'journal.jsonl')) };
      takeOverJournal(journal);
      const done = await importMail(
        {
          mail: openMaildirs(copy, (name) => name),
          index: counted(index, effects),
          store: new MaildirStore(root),
          digest: (text) => createHash('sha256').update(text).digest('hex'),
          startHash: startSha256,
        },
        { name: 'Mail', dryRun: false, signal: new AbortController().signal },
      );
      journalCommand(journal, 1_800_000_000_000);
      return done;
    } catch (error) {
      if (effects.stopped) return null;
      throw error;
    } finally {
      index.close();
      sync.close();
    }
  });
  if (effects.stopped && options.powerCut === true) powerCut(tap);
  rmSync(keep, { recursive: true });
  return effects.stopped ? null : report;
}

function counted(index: ImportRows, effects: Effects): ImportIndex {
  const writes = new Set(['begin', 'end', 'open', 'record']);
  return new Proxy<ImportIndex>(index, {
    get(target, key: string & keyof ImportIndex) {
      const method = (target[key] as (...args: unknown[]) => unknown).bind(target);
      if (!writes.has(key)) return method;
      return (...args: unknown[]) => effects.perform(`index.${key}`, () => method(...args));
    },
  });
}

const removed = (root: string) => readArchive(root).files.filter(({ tree }) => tree === 'removed');

describe('import', () => {
  test('adds what is not here, and the next sync adopts it', async () => {
    const root = copyOf(before, join(folder, 'plain'));
    expect(await importOnce(root)).toMatchObject({ imported: 5, present: 2, failed: 0 });
    expect(await importOnce(root)).toMatchObject({ imported: 0, present: 7 });
    expect(removed(root)).toHaveLength(5);
    const { report } = await runOnce(root, serverWith(COUNT), {});
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: COUNT - 2, removed: 0 });
    await demand(root, serverWith(COUNT), {});
  });

  test('that is stopped anywhere leaves no fault, and the next one finishes', {
    timeout: 300_000,
  }, async () => {
    for (const cut of [false, true]) {
      let stops = 0;
      for (let stop = 1; ; stop++) {
        const root = copyOf(before, join(folder, `stop-${cut}-${stop}`));
        const report = await importOnce(root, { crashAfter: stop, powerCut: cut });
        if (report !== null) break;
        stops += 1;
        // A sync without an import in between.
        const alone = copyOf(root, `${root}-alone`);
        await complete(alone, serverWith(COUNT), {});
        expect(await importOnce(alone)).toMatchObject({ failed: 0 });
        expect([stop, await checkFindings(alone)]).toEqual([stop, []]);
        await demand(alone, serverWith(COUNT), {});

        expect([stop, await importOnce(root)]).toMatchObject([stop, { failed: 0 }]);
        expect([stop, await checkFindings(root)]).toEqual([stop, []]);
        expect([stop, removed(root).length]).toEqual([stop, 5]);
        const { report: synced } = await runOnce(root, serverWith(COUNT), {});
        expect([stop, synced]).toMatchObject([
          stop,
          { status: 'ok', added: 0, adopted: COUNT - 2, removed: 0 },
        ]);
        await demand(root, serverWith(COUNT), {});
        rmSync(root, { recursive: true });
        rmSync(alone, { recursive: true });
      }
      expect(stops).toBeGreaterThan(15);
    }
  });
});

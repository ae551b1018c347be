// What was pruned or is lost is named by whoever is asked for it, before and after a rebuild of the index.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseQuery } from '../../src/core/query/query.js';
import { journalCommand } from '../../src/jobs/journal-run.js';
import { pruneArchive } from '../../src/jobs/prune.js';
import { selectAbsent } from '../../src/jobs/select-absent.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { MaildirPruner } from '../../src/maildir/pruner.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { PruneRows } from '../../src/sqlite/prune-rows.js';
import { RepairRows } from '../../src/sqlite/repair-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { temporaryFolder } from '../crash/crash-everywhere.js';
import { findingsOf, repairOnce } from '../crash/one-repair.js';
import { runOnce } from '../crash/one-run.js';
import { put } from '../crash/scenarios.js';
import { filesIn } from '../support/damage.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { answers, rebuild } from './answers.js';

let folder: string;
let root: string;
let server: MemoryServer;
beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder, 'archive');
  server = { mail: new MailStore(), tier: 'qresync', objectId: false };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** 2033, long after every run. */
const LATER = 2e12;

async function prune(): Promise<void> {
  const rows = new PruneRows(join(root, 'index.db'));
  await pruneArchive(
    {
      index: rows,
      folders: new MaildirInventory(root),
      pruner: new MaildirPruner(root),
      clock: () => LATER,
    },
    { account: 'test', retention: { ms: 1 }, dryRun: false, signal: new AbortController().signal },
  );
  rows.close();
  const index = openSyncIndex(join(root, 'index.db'));
  journalCommand({ index, journal: new JournalFile(join(root, 'journal.jsonl')) }, LATER);
  index.close();
}

function absent(at: number | null, ...words: string[]) {
  const reader = ArchiveReader.open(join(root, 'index.db'));
  try {
    return selectAbsent(
      {
        archive: {
          mailboxes: () => reader.mailboxes({ at }),
          placements: () => [],
          absent: (mailbox, which) => reader.absent(mailbox, { ...which, at }),
        },
      },
      { selects: () => true, query: parseQuery(words, { now: 0, startOfLocalDay: () => 0 }) },
    );
  } finally {
    reader.close();
  }
}

async function rebuilt<T>(ask: () => T): Promise<T> {
  const before = { answers: answers(root), asked: ask(), findings: await findingsOf(root) };
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(root, `index.db${suffix}`), { force: true });
  await rebuild(root);
  const asked = ask();
  expect({ answers: answers(root), asked, findings: await findingsOf(root) }).toEqual(before);
  return asked;
}

function spoil(file: string): void {
  const octets = readFileSync(file);
  octets[12]! ^= 1;
  writeFileSync(file, octets);
}

describe('what was pruned', () => {
  beforeEach(async () => {
    for (const [at, text] of ['one', 'two', 'three', 'four'].entries())
      put(server.mail.inbox, text, at % 2 === 0 ? ['\\Seen'] : []);
    server.mail.create('Work');
    await runOnce(root, server);
    server.mail.inbox.expunge([1, 2]);
    await runOnce(root, server);
    await prune();
  });

  test('is named for the time when it was there, and for no other', async () => {
    const pruned = expect.stringMatching(/pruned on 2033-05-18/);
    const names = await rebuilt(() => ({
      first: absent(1),
      second: absent(2),
      now: absent(null),
      gone: absent(2, 'is:removed'),
      today: absent(null, 'is:removed'),
    }));
    const both = [1, 2].map((uid) => ({ mailbox: 'INBOX', uid, reason: pruned }));
    expect(names).toEqual({
      first: { named: both, remarks: [] },
      second: { named: [], remarks: [] },
      now: { named: [], remarks: [] },
      gone: { named: both, remarks: [] },
      today: { named: [], remarks: [] },
    });
  });

  test('is named only where the index tells that it was asked for', async () => {
    expect(absent(1, 'is:seen').named.map(({ uid }) => uid)).toEqual([1]);
    expect(absent(1, 'larger:1M').named).toEqual([]);
    expect(absent(1, 'after:2040-01-01').named.length + absent(1, 'before:2001-01-01').named.length).toBe(2);
    expect(absent(1, 'from:ada')).toEqual({
      named: [],
      remarks: [expect.stringMatching(/^INBOX: 2 more were pruned/)],
    });
  });

  test('is not named while another copy holds the octets', async () => {
    server.mail.copy('INBOX', [3], 'Work');
    await runOnce(root, server);
    server.mail.inbox.expunge([3]);
    await runOnce(root, server);
    await prune();
    expect(absent(1).named.map(({ uid }) => uid)).toEqual([1, 2]);
    await rebuilt(() => absent(1));
  });
});

describe('what is lost', () => {
  beforeEach(async () => {
    for (const text of ['one', 'two', 'three']) put(server.mail.inbox, text);
    await runOnce(root, server);
    server.mail.inbox.expunge([1]);
    await runOnce(root, server);
  });

  test('and still on the server is named until it is here again, by an index made anew as well', async () => {
    // As a repair leaves it that could not ask the server.
    rmSync(filesIn(root, 'mail/INBOX')[0]!);
    const rows = new RepairRows(join(root, 'index.db'));
    const inbox = rows.mailboxes().find(({ path }) => path === 'INBOX')!;
    rows.awaitContent(
      [...rows.files(inbox, 'mail')].flatMap(({ uid, placement }) => (uid === 2 ? placement : [])),
    );
    rows.close();
    const index = openSyncIndex(join(root, 'index.db'));
    journalCommand({ index, journal: new JournalFile(join(root, 'journal.jsonl')) }, LATER);
    index.close();
    const asked = await rebuilt(() => [absent(null).named, absent(1).named]);
    const lost = [{ mailbox: 'INBOX', uid: 2, reason: expect.stringContaining('octets are not back') }];
    expect(asked).toEqual([lost, lost]);
    expect((await runOnce(root, server)).report).toMatchObject({ status: 'ok', added: 1 });
    expect(absent(1).named).toEqual([]);
    expect(await findingsOf(root)).toEqual([]);
    await rebuilt(() => absent(1).named);
  });

  test('for good stays damage until somebody accepts it, and then stays named', async () => {
    spoil(filesIn(root, 'removed/INBOX')[0]!);
    expect((await repairOnce(root, server)).report).toMatchObject({ clean: false, lost: [{ uid: 1 }] });
    expect((await findingsOf(root)).map(({ kind }) => kind)).toEqual(['missing']);
    const { report } = await repairOnce(root, server, { acceptLost: true });
    expect(report).toMatchObject({ clean: true, accepted: true, lost: [{ uid: 1 }] });
    expect((await findingsOf(root)).map(({ kind }) => kind)).toEqual(['accepted']);
    expect(absent(1).named).toMatchObject([{ mailbox: 'INBOX', uid: 1 }]);
    expect(absent(null, 'is:removed').named).toMatchObject([{ mailbox: 'INBOX', uid: 1 }]);
    await rebuilt(() => absent(1).named);
    // Nothing new is lost, and there is nothing to do.
    expect((await repairOnce(root, server)).report).toMatchObject({ clean: true, lost: [], actions: [] });
    expect((await runOnce(root, server)).report).toMatchObject({ status: 'ok', added: 0, failed: 0 });
  });
});

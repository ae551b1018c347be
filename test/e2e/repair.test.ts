// check and repair as a user runs them, over an archive with every kind of damage. Each kind alone is in
// test/crash/damage.test.ts.

import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { archiveLines } from '../support/archive.js';
import { DAMAGES, fileIn, filesIn, spoilIndex } from '../support/damage.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, type Mailkeep, type Run } from '../support/mailkeep.js';
import { pristineArchive } from '../support/pristine-archive.js';
import { filled } from './every-tier.js';
import { onServer, PASSWORD, put } from './in-process.js';

interface Named {
  readonly kind: string;
  readonly file: string;
  readonly uid: number | null;
  readonly reason: string;
}

interface Checked {
  readonly code: number | null;
  readonly files: number;
  readonly damaged: boolean;
  readonly missing: Named[];
  readonly corrupt: Named[];
  readonly unindexed: Named[];
  readonly index: Named[];
  readonly untidy: Named[];
  readonly server: {
    missing_here: number;
    gone_there: number;
    sizes_differ: number;
    mailboxes: { path: string; missing_here: number[]; gone_there: number[] }[];
  } | null;
}

interface Repaired {
  readonly code: number | null;
  readonly repaired: number;
  readonly refetched: number;
  readonly quarantined: number;
  readonly taken_in: number;
  readonly lost: Named[];
  readonly pending: Named[];
  readonly left: Named[];
  readonly clean: boolean;
  readonly error: { code: string } | null;
}

const COUNT = 100;

let server: ImapServer;
let store: MailStore;
let mailkeep: Mailkeep;

const pristine = pristineArchive(async (it) => {
  ({ server, store, mailkeep } = it);
  put(store, 'INBOX', COUNT);
  put(store, 'Work', 30);
  store.create('Copies');
  store.inbox.setFlags([20, 21, 22], 'add', ['Project']);
  await mailkeep.sync();
  store.copy('INBOX', [30, 31, 32, 33], 'Copies');
  await mailkeep.sync();
  store.inbox.expunge([30, 31, 90, 91]);
  expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', removed: 4 });
});

async function check(...flags: string[]): Promise<Checked> {
  const run = await mailkeep.run('check', '--json', ...(flags.length > 0 ? flags : ['--read-data']));
  const { accounts } = documentOf(run) as { accounts: Omit<Checked, 'code'>[] };
  return { ...accounts[0]!, code: run.code };
}

async function repair(): Promise<Repaired> {
  const run = await mailkeep.run('repair', '--json');
  const { accounts } = documentOf(run) as { accounts: Omit<Repaired, 'code'>[] };
  return { ...accounts[0]!, code: run.code };
}

const CLEAN = { code: 0, damaged: false, missing: [], corrupt: [], unindexed: [], index: [], untidy: [] };
const NOTHING = { repaired: 0, refetched: 0, quarantined: 0, taken_in: 0, lost: [], pending: [] };

function everything(report: Checked): Named[] {
  const { missing, corrupt, unindexed, index, untidy } = report;
  return [...missing, ...corrupt, ...unindexed, ...index, ...untidy];
}

describe('damage on disk', () => {
  test('of every kind at once is named, repaired, and gone after', async () => {
    const planted = DAMAGES.filter(({ name }) => !/folder|cut short/.test(name));
    for (const damage of planted) damage.plant(mailkeep.root);
    const found = await check();
    for (const { name, head, says } of planted)
      expect([name, found[head].some(({ reason }) => says.test(reason))]).toEqual([name, true]);
    expect(await repair()).toMatchObject({ code: 0, lost: [], clean: true });
    expect(everything(await check()).map(({ kind }) => kind)).toEqual(['hidden']);
    rmSync(join(mailkeep.root, 'mail/INBOX/cur/.DS_Store'));
    expect(filled(archiveLines(mailkeep.archive()))).toEqual(onServer(store));
    const { report } = await mailkeep.sync();
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: 0, removed: 0, bytes_downloaded: 0 });
    expect(await repair()).toMatchObject({ code: 0, ...NOTHING });
  });

  test('of the index itself is found, and nothing is touched', async () => {
    spoilIndex(mailkeep.root);
    const found = await check('--read-data');
    expect(found.code).toBe(20);
    expect(found.index.length).toBeGreaterThan(0);
    const run = await mailkeep.run('repair', '--json');
    expect(run.code).toBe(1);
    expect(documentOf(run)).toMatchObject({ error: { code: 'index' } });
  });
});

describe('repair', () => {
  test('says what is lost, sets the damaged file aside with a note, and keeps saying it', async () => {
    const file = fileIn(mailkeep.root, 'removed/INBOX', 0);
    const octets = readFileSync(file);
    octets[20]! ^= 1;
    writeFileSync(file, octets);
    const done = await repair();
    expect(done).toMatchObject({ code: 3, quarantined: 1, clean: false });
    expect(done.lost).toHaveLength(1);
    const [aside, note] = readdirSync(join(mailkeep.root, 'quarantine')).sort();
    expect(readFileSync(join(mailkeep.root, 'quarantine', aside!))).toEqual(octets);
    expect(JSON.parse(readFileSync(join(mailkeep.root, 'quarantine', note!), 'utf8'))).toMatchObject({
      mailbox: 'INBOX',
      reason: expect.stringContaining('octets'),
    });
    expect((await check()).missing).toHaveLength(1);
    expect(await repair()).toMatchObject({ code: 3, quarantined: 0 });
  });

  test('finds the octets of files that changed places, or that one took from another', async () => {
    const [one, other] = [0, 1].map((nth) => fileIn(mailkeep.root, 'removed/INBOX', nth)) as [string, string];
    const octets = [one, other].map((file) => readFileSync(file));
    renameSync(one, `${one}.away`);
    renameSync(other, one);
    renameSync(`${one}.away`, other);
    expect((await check()).corrupt).toHaveLength(2);
    expect(await repair()).toMatchObject({ code: 0, lost: [], clean: true });
    expect([one, other].map((file) => readFileSync(file))).toEqual(octets);
    expect(await check()).toMatchObject(CLEAN);

    renameSync(one, other);
    const done = await repair();
    expect([done.code, done.lost.map(({ file }) => file)]).toEqual([
      3,
      [other.slice(mailkeep.root.length + 1)],
    ]);
    expect(readFileSync(one)).toEqual(octets[0]);
  });

  test('ends the alarm about what is lost when it is told to, and never forgets it', async () => {
    rmSync(fileIn(mailkeep.root, 'removed/INBOX', 0));
    const first = await mailkeep.run('repair');
    expect([first.code, first.stderr]).toEqual([3, expect.stringContaining('--accept-lost')]);
    const run = await mailkeep.run('repair', '--accept-lost', '--json');
    const { accounts } = documentOf(run) as { accounts: { lost: Named[]; accepted: boolean }[] };
    expect([run.code, accounts[0]]).toMatchObject([0, { accepted: true, clean: true }]);
    expect(accounts[0]!.lost).toHaveLength(1);
    const checked = (await check()) as Checked & { lost: Named[] };
    expect(checked).toMatchObject({ ...CLEAN, lost: [{ kind: 'accepted', mailbox: 'INBOX' }] });
    const back = await mailkeep.run('restore', 'personal', '--at', '1', '--dry-run', '--json');
    expect([back.code, documentOf(back)]).toMatchObject([
      3,
      { failures: [{ mailbox: 'INBOX', reason: expect.stringContaining('octets are not back') }] },
    ]);
  });

  test('without the server sets aside, says what is pending, and ends it when the server is back', async () => {
    DAMAGES.find(({ name }) => name === 'a flipped bit')!.plant(mailkeep.root);
    const settings = { port: server.port, user: 'alice', password: PASSWORD };
    await mailkeep.configure({ ...settings, port: 1 });
    try {
      const done = await repair();
      expect(done).toMatchObject({ code: 75, quarantined: 1, refetched: 0, lost: [], clean: false });
      expect(done.pending).toHaveLength(1);
    } finally {
      await mailkeep.configure(settings);
    }
    const between = await check();
    expect(between).toMatchObject({ code: 20 });
    expect(between.missing).toMatchObject([{ kind: 'awaited' }]);
    expect(await repair()).toMatchObject({ code: 0, refetched: 1, quarantined: 0, clean: true });
    expect(await check()).toMatchObject(CLEAN);
  });

  test('is not needed where a sync has fetched what was pending', async () => {
    const file = fileIn(mailkeep.root, 'mail/INBOX', 1);
    rmSync(file);
    await mailkeep.configure({ port: 1, user: 'alice', password: PASSWORD });
    await repair();
    await pristine.configure();
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 1 });
    expect(await check()).toMatchObject(CLEAN);
  });

  test('where there is no archive is 10, and makes none', async () => {
    rmSync(mailkeep.root, { recursive: true });
    expect((await mailkeep.run('repair', '--json')).code).toBe(10);
    expect(existsSync(mailkeep.root)).toBe(false);
  });
});

describe('check --read-data=10%', () => {
  test('reads another tenth each time, so that ten runs find everything', async () => {
    const spoilt = new Set<string>();
    for (const file of filesIn(mailkeep.root, 'mail/Work').filter((_, at) => at % 2 === 0)) {
      const octets = readFileSync(file);
      octets[12]! ^= 1;
      writeFileSync(file, octets);
      spoilt.add(file.slice(mailkeep.root.length + 1));
    }
    const found: string[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const { corrupt } = await check('--read-data=10%');
      found.push(...corrupt.map(({ file }) => file));
    }
    expect(found.sort()).toEqual([...spoilt].sort());
  });

  test('takes no account for a share, and refuses what is none', async () => {
    expect((await mailkeep.run('check', '--read-data', 'personal')).code).toBe(0);
    expect((await mailkeep.run('check', '--read-data=0%')).code).toBe(2);
  });
});

describe('check --drill', () => {
  test('restores a sample from an index made anew, and names what does not come back', async () => {
    const fine = await mailkeep.run('check', '--drill', '--json');
    expect([fine.code, drillOf(fine)]).toMatchObject([0, { sampled: 50, restored: 50, failed: [] }]);
    expect(drillOf(fine).rebuilt).toBe(drillOf(fine).indexed);

    await pristine.configure({ drill: { sample: 1000 } });
    const octets = readFileSync(fileIn(mailkeep.root, 'mail/INBOX', 3));
    octets[20]! ^= 1;
    writeFileSync(fileIn(mailkeep.root, 'mail/INBOX', 3), octets);
    const run = await mailkeep.run('check', '--drill', '--json');
    await pristine.configure();
    expect(run.code).toBe(20);
    expect(drillOf(run).failed).toMatchObject([
      { mailbox: 'INBOX', reason: expect.stringContaining('SHA-256') },
    ]);
    expect(drillOf(run).sampled).toBe(drillOf(run).rebuilt);
  });

  test('names files of another size and missing ones, drawn or not', async () => {
    const [longer, gone, other] = [3, 5, 7].map((nth) => fileIn(mailkeep.root, 'mail/INBOX', nth));
    appendFileSync(longer!, 'more');
    rmSync(gone!);
    rmSync(other!);
    symlinkSync('/proc/self/mem', other!);
    const run = await mailkeep.run('check', '--drill', '--json');
    expect(run.code).toBe(20);
    const { failed, sampled, restored } = drillOf(run);
    expect(failed).toMatchObject([
      { file: below(longer!), reason: expect.stringContaining('octets instead of') },
      { file: below(gone!), reason: 'the file is not there' },
      { file: below(other!), reason: 'the file is not there' },
    ]);
    expect([sampled, restored]).toEqual([50, 50]);
  });
});

function below(file: string): string {
  return file.slice(mailkeep.root.length + 1);
}

function drillOf(run: Run) {
  const { accounts } = documentOf(run) as {
    accounts: {
      drill: { rebuilt: number; indexed: number; sampled: number; restored: number; failed: unknown[] };
    }[];
  };
  return accounts[0]!.drill;
}

describe('check --server', () => {
  test('tells what is there and not here, and what is gone there, mailbox by mailbox', async () => {
    expect((await check('--server')).server).toMatchObject({ missing_here: 0, gone_there: 0, mailboxes: [] });
    const gone = await ImapServer.start({ users: { alice: PASSWORD }, tier: 'plain' });
    try {
      const other = gone.store('alice');
      put(other, 'INBOX', 5);
      const uidValidity = other.inbox.uidValidity;
      await mailkeep.configure({ port: gone.port, user: 'alice', password: PASSWORD });
      rmSync(mailkeep.root, { recursive: true });
      await mailkeep.sync();
      other.inbox.expunge([2, 3]);
      put(other, 'INBOX', 1);
      put(other, 'New', 2);
      expect(other.inbox.uidValidity).toBe(uidValidity);
      const found = await check('--server');
      expect(found).toMatchObject({ code: 0, server: { missing_here: 3, gone_there: 2, sizes_differ: 0 } });
      expect(found.server!.mailboxes).toMatchObject([
        { path: 'INBOX', missing_here: [6], gone_there: [2, 3] },
        { path: 'New', missing_here: [1, 2], gone_there: [] },
      ]);
    } finally {
      await pristine.configure();
      await gone[Symbol.asyncDispose]();
    }
  });
});

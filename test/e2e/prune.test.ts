// Retention as a user sees it: what goes, that the rest stays, and that what is gone is named ever after.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { ageArchive, leaveIntents } from '../support/age-archive.js';
import { filesIn } from '../support/damage.js';
import { documentOf, type Mailkeep } from '../support/mailkeep.js';
import { pristineArchive } from '../support/pristine-archive.js';
import { put } from './in-process.js';

let mailkeep: Mailkeep;

const pristine = pristineArchive(async (it) => {
  ({ mailkeep } = it);
  const { store } = it;
  put(store, 'INBOX', 10);
  await mailkeep.sync();
  store.inbox.expunge([2, 3, 4]);
  expect((await mailkeep.sync()).report.removed).toBe(3);
  ageArchive(mailkeep.root, 100);
  // Since then another one has left.
  store.inbox.expunge([5]);
  expect((await mailkeep.sync()).report.removed).toBe(1);
});

beforeEach(() => keepFor('90d'));

function keepFor(removed: string): Promise<void> {
  return pristine.configure({ retention: { removed } });
}

async function prune(...flags: string[]) {
  const run = await mailkeep.run('prune', '--json', ...flags);
  const { accounts } = documentOf(run) as {
    accounts: { pruned: number; freed_bytes: number; messages: { mailbox: string; uid: number }[] }[];
  };
  return { ...accounts[0]!, code: run.code };
}

const uidsIn = (folder: string) =>
  filesIn(mailkeep.root, folder).map((file) => Number(/U(\d+)\./.exec(file)![1]));

const journal = () => readFileSync(join(mailkeep.root, 'journal.jsonl'), 'utf8');

describe('prune', () => {
  test('deletes what has been gone for longer than the policy says, after naming it in a dry run', async () => {
    const dry = await prune('--dry-run');
    expect([dry.code, dry.messages.map(({ uid }) => uid)]).toEqual([0, [2, 3, 4]]);
    expect(uidsIn('removed/INBOX')).toEqual([2, 3, 4, 5]);
    const real = await prune();
    expect(real).toMatchObject({ code: 0, pruned: 3 });
    expect(real.freed_bytes).toBeGreaterThan(0);
    expect(uidsIn('removed/INBOX')).toEqual([5]);
    expect(uidsIn('mail/INBOX')).toEqual([1, 6, 7, 8, 9, 10]);
    expect(journal().match(/"do":"prune"/g)).toHaveLength(1);
    expect(await prune()).toMatchObject({ code: 0, pruned: 0 });
    expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], unindexed: [] });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, removed: 0 });
  }, 120_000);

  test('keeps what is kept forever', async () => {
    await keepFor('forever');
    expect(await prune()).toMatchObject({ code: 0, pruned: 0 });
    expect(uidsIn('removed/INBOX')).toEqual([2, 3, 4, 5]);
  }, 120_000);

  test('leaves messages that restore, export, status and search of then name, also by an index made anew', async () => {
    await prune();
    const ask = async () => {
      const to = join(mailkeep.folder, 'export');
      const out = await mailkeep.run(
        'export',
        'personal',
        '--at',
        '1',
        '--format',
        'eml',
        '--to',
        to,
        '--json',
      );
      rmSync(to, { recursive: true });
      const back = await mailkeep.run('restore', 'personal', '--at', '1', '--dry-run', '--json');
      const status = await mailkeep.run('status', '--at', '1', '--json');
      const search = await mailkeep.run('search', 'larger:1', '--at', '1', '--json');
      return {
        codes: [out.code, back.code, status.code, search.code],
        exported: failuresOf(documentOf(out)),
        restored: failuresOf(documentOf(back)),
        status: (documentOf(status) as { accounts: { absent: number; messages: number }[] }).accounts[0],
        search: documentOf(search),
      };
    };
    const before = await ask();
    const pruned = [2, 3, 4].map((uid) => ['INBOX', uid, expect.stringMatching(/^it was pruned on \d{4}-/)]);
    expect(before).toMatchObject({
      codes: [3, 3, 0, 0],
      exported: pruned,
      restored: pruned,
      status: { absent: 3, messages: 10 },
      search: { total: 7, absent: 3 },
    });
    // The three that stay asked for nothing that is gone.
    const later = await mailkeep.run('restore', 'personal', '--at', '2', '--dry-run', '--json');
    expect([later.code, failuresOf(documentOf(later))]).toEqual([0, []]);
    rmSync(join(mailkeep.root, 'index.db'));
    expect((await mailkeep.run('repair', '--rebuild-index')).code).toBe(0);
    expect(await ask()).toEqual(before);
    expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [] });
  }, 240_000);

  test('goes on where one was killed between what it would delete and the end of it', async () => {
    expect(leaveIntents(mailkeep.root)).toBe(4);
    // One file was deleted; the rest is as it was, and so it may be either way.
    const [first] = filesIn(mailkeep.root, 'removed/INBOX');
    rmSync(first!);
    expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [] });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, removed: 0 });
    expect(await prune()).toMatchObject({ code: 0, pruned: 3 });
    expect(uidsIn('removed/INBOX')).toEqual([5]);
    const told = journal()
      .match(/"do":"prune".*?"files":\[.*?\]/g)!
      .join();
    for (const uid of [2, 3, 4]) expect(told).toMatch(new RegExp(`G1U${uid}\\.`));
    expect(told).not.toMatch(/G1U5\./);
    // What was spared is missed again if it goes.
    rmSync(filesIn(mailkeep.root, 'removed/INBOX')[0]!);
    expect((await mailkeep.check()).missing).toHaveLength(1);
  }, 120_000);

  test('where there is no archive is 10, and makes none', async () => {
    rmSync(mailkeep.root, { recursive: true });
    expect((await mailkeep.run('prune', '--json')).code).toBe(10);
    expect(existsSync(mailkeep.root)).toBe(false);
  }, 60_000);
});

function failuresOf(document: Record<string, unknown>): unknown[] {
  const { failures } = document as { failures: { mailbox: string; uid: number; reason: string }[] };
  return failures.map(({ mailbox, uid, reason }) => [mailbox, uid, reason]);
}

// The archive as a user finds it again: after the index is gone, and at an earlier time.

import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { PASSWORD, put, type Scene } from './in-process.js';

/** Three runs: all of it; two gone, one flagged, a mailbox renamed; one new. */
async function threeRuns({ store, mailkeep }: Pick<Scene, 'store' | 'mailkeep'>): Promise<void> {
  put(store, 'INBOX', 20);
  put(store, 'Work', 5);
  expect((await mailkeep.sync()).report).toMatchObject({ run: 1, added: 25 });
  store.inbox.expunge([3, 4]);
  store.inbox.setFlags([5], 'add', ['\\Flagged', 'Later']);
  store.rename('Work', 'Arbeit');
  expect((await mailkeep.sync()).report).toMatchObject({ run: 2, removed: 2 });
  put(store, 'INBOX', 1);
  expect((await mailkeep.sync()).report).toMatchObject({ run: 3, added: 1 });
}

/** By their id: among messages with one date any order is right. */
function found(run: Run): unknown[] {
  const { messages } = documentOf(run) as { messages: { id: string }[] };
  return messages.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What is on disk is the same whatever engine and tier brought it. */
function testArchive(title: string, play: (scene: Pick<Scene, 'store' | 'mailkeep'>) => Promise<void>): void {
  test(title, async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    const account = { port: server.port, user: 'alice', password: PASSWORD };
    await using mailkeep = await Mailkeep.create(account);
    await play({ store: server.store('alice'), mailkeep });
  });
}

describe('an archive', () => {
  testArchive('is shown as it was by status --at', async (scene) => {
    await threeRuns(scene);
    const { mailkeep } = scene;
    const then = documentOf(await mailkeep.run('status', '--json', '--at', '1'));
    expect(then).toMatchObject({
      accounts: [
        {
          messages: 25,
          removed: 0,
          last_run: { run: 1 },
          mailboxes: [
            { path: 'INBOX', stored: 20 },
            { path: 'Work', stored: 5 },
          ],
        },
      ],
    });
    const today = new Date();
    const date = `${today.getFullYear()}-${String(today.getMonth() + 1).padStart(2, '0')}-${String(today.getDate()).padStart(2, '0')}`;
    const now = await mailkeep.run('status', '--at', date);
    expect(now.stdout).toMatch(
      /personal at the end of run 3, .*: 24 messages, .*; 2 messages had left the server/,
    );
    expect(now.stdout).toMatch(/Arbeit +5 +5/);

    const wrong = await mailkeep.run('status', '--at', '2026-02-30');
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toContain('  2026-02-30\n  ^^^^^^^^^^');
    const early = await mailkeep.run('status', '--json', '--at', '1999-01-01');
    expect(early.code).toBe(10);
    expect(documentOf(early)).toMatchObject({ error: { code: 'no_archive' } });
    const late = await mailkeep.run('status', '--json', '--at', '99');
    expect(late.code).toBe(2);
    expect(documentOf(late)).toMatchObject({
      error: { message: expect.stringContaining('the last was 3') as string },
    });
  });

  testArchive(
    'whose index is lost or damaged gets it back from repair --rebuild-index, and nothing is downloaded again',
    async (scene) => {
      await threeRuns(scene);
      const { mailkeep } = scene;
      const ask = async () => [
        (await mailkeep.run('history', '--json')).stdout,
        (await mailkeep.run('status', '--json', '--at', '1')).stdout,
        (await mailkeep.run('status', '--json', '--at', '2')).stdout,
        found(await mailkeep.run('search', '--json', 'INBOX')),
      ];
      const before = await ask();
      expect(before.at(-1)!.length).toBeGreaterThan(10);
      expect(statSync(join(mailkeep.root, 'journal.jsonl')).mode & 0o777).toBe(0o600);
      const lines = readFileSync(join(mailkeep.root, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { run: number }).run)).toEqual([1, 2, 3]);

      const damages: Record<string, (file: string) => void> = {
        gone: (file) => rmSync(file),
        random: (file) => writeFileSync(file, Buffer.alloc(50_000, 'no database ')),
      };
      for (const [damage, spoil] of Object.entries(damages)) {
        const index = join(mailkeep.root, 'index.db');
        rmSync(`${index}-wal`, { force: true });
        rmSync(`${index}-shm`, { force: true });
        spoil(index);
        for (const verb of ['status', 'sync']) {
          const refused = await mailkeep.run(verb);
          expect([damage, verb, refused.code]).toEqual([damage, verb, 1]);
          expect(refused.stdout + refused.stderr).toContain('mailkeep repair --rebuild-index');
        }
        const repaired = await mailkeep.run('repair', '--rebuild-index', '--json');
        expect(repaired.code).toBe(0);
        expect(documentOf(repaired)).toMatchObject({
          accounts: [{ journal_lines: 3, damaged_lines: 0, files: 26, left_out: [] }],
        });
        expect(await ask()).toEqual(before);
        expect((await mailkeep.status()).last_run).toMatchObject({
          account: 'personal',
          run: 3,
          status: 'ok',
        });
        expect((await mailkeep.sync()).report).toMatchObject({
          status: 'ok',
          added: 0,
          adopted: 0,
          bytes_downloaded: 0,
        });
        expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [] });
      }
    },
  );
});

// Commands over several accounts: one that can't be worked on is named, and holds up no other.

import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesIn } from '../support/damage.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { PASSWORD, put } from './in-process.js';

const WITH_ATTACHMENT = [
  'Subject: one file',
  'MIME-Version: 1.0',
  'Content-Type: application/pdf',
  'Content-Disposition: attachment; filename=one.pdf',
  '',
  '%PDF-1.4',
  '',
].join('\r\n');

let server: ImapServer;
let mailkeep: Mailkeep;

beforeAll(async () => {
  server = await ImapServer.start({ users: { alice: PASSWORD }, tier: 'qresync' });
  put(server.store('alice'), 'INBOX', 5);
  server.store('alice').inbox.append({ body: Buffer.from(WITH_ATTACHMENT) });
  const account = { host: '127.0.0.1', port: server.port, tls: 'none', user: 'alice', password: PASSWORD };
  mailkeep = await Mailkeep.create({
    port: server.port,
    user: 'alice',
    password: PASSWORD,
    others: [
      { ...account, name: 'never' },
      { ...account, name: 'third' },
    ],
  });
  expect((await mailkeep.run('sync', 'personal', 'third')).code).toBe(0);
}, 120_000);

afterAll(async () => {
  await mailkeep?.remove();
  await server?.[Symbol.asyncDispose]();
});

/** The ID, from a file's name. */
function messageIn(file: string): string {
  return /\.([0-9a-f]{64}),/.exec(file)![1]!;
}

interface Outcome {
  readonly account: string;
  readonly error: { code: string; message: string } | null | undefined;
}

describe('with several accounts', () => {
  test.each(['check', 'repair', 'prune', 'status'])(
    '%s goes on behind one without an archive',
    async (verb) => {
      const run = await mailkeep.run(verb, '--json');
      const { accounts } = documentOf(run) as { accounts: Outcome[] };
      expect(accounts.map(({ account, error }) => [account, error?.code ?? null])).toEqual([
        ['personal', null],
        ['never', 'no_archive'],
        ['third', null],
      ]);
      expect(run.code).toBe(3);
      const plain = await mailkeep.run(verb);
      expect(plain.stderr).toMatch(/^mailkeep: never: there is no archive/m);
      expect(plain.stdout).toMatch(/^third\b/m);
    },
    120_000,
  );

  test('show finds the message in whichever has it, and says what is in the way only where that may be it', async () => {
    const id = messageIn(filesIn(join(mailkeep.folder, 'data/third'), 'mail/INBOX')[0]!);
    const shown = await mailkeep.run('show', id);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(`ID:      ${id}`)]);
    expect((await mailkeep.run('show', 'ffffffffffff')).code).toBe(2);
    expect((await mailkeep.run('show', id, '--account', 'never')).code).toBe(10);
    const index = join(mailkeep.folder, 'data/third/index.db');
    renameSync(index, `${index}.away`);
    expect((await mailkeep.run('show', id)).code).toBe(0);
    expect((await mailkeep.run('show', 'ffffffffffff')).code).toBe(1);
    renameSync(`${index}.away`, index);
  }, 120_000);

  test.each([['history'], ['search', 'larger:1'], ['attachments']])(
    '%s tells what it has and who failed',
    async (...args) => {
      const run = await mailkeep.run(...args, '--json');
      const document = documentOf(run) as Record<'failed' | 'runs' | 'messages' | 'attachments', Outcome[]>;
      expect(run.code).toBe(3);
      expect(document.failed).toMatchObject([{ account: 'never', error: { code: 'no_archive' } }]);
      const there = document.runs ?? document.messages ?? document.attachments;
      expect([...new Set(there.map(({ account }) => account))].sort()).toEqual(['personal', 'third']);
    },
    120_000,
  );

  test('all of which fail for the same reason end with its code, and a single one with one error', async () => {
    const none = await mailkeep.run('check', 'never', '--json');
    expect([none.code, documentOf(none)]).toMatchObject([10, { error: { code: 'no_archive' } }]);
    const wrong = await mailkeep.run('search', 'larger:much', '--json');
    expect([wrong.code, documentOf(wrong)]).toMatchObject([2, { error: { code: 'usage' } }]);
    const later = await mailkeep.run('status', 'personal', 'third', '--at', '99', '--json');
    expect(later.code).toBe(2);
  }, 120_000);

  test('damage in one is told whatever became of the others', async () => {
    rmSync(filesIn(join(mailkeep.folder, 'data/third'), 'mail/INBOX')[0]!);
    expect((await mailkeep.run('check')).code).toBe(20);
    expect((await mailkeep.run('repair', 'personal', 'third')).code).toBe(0);
  }, 120_000);

  test('what check found here is told also where a server has no answer', async () => {
    await mailkeep.configure({ port: 1, user: 'alice', password: PASSWORD });
    const unasked = await mailkeep.run('check', '--server', '--json');
    expect([unasked.code, documentOf(unasked)]).toMatchObject([
      75,
      { accounts: [{ account: 'personal', files: 6, server: null, error: { code: 'unreachable' } }] },
    ]);
    const file = filesIn(mailkeep.root, 'mail/INBOX')[0]!;
    renameSync(file, join(mailkeep.folder, 'away'));
    const damaged = await mailkeep.run('check', '--server');
    expect([damaged.code, damaged.stdout, damaged.stderr]).toEqual([
      20,
      expect.stringMatching(/^ {2}missing: /m),
      expect.stringMatching(/^mailkeep: not compared with the server: personal: cannot reach/m),
    ]);
    renameSync(join(mailkeep.folder, 'away'), file);
  }, 120_000);

  test.each([
    ['one refused', ['mistyped'], 3],
    ['all refused', ['mistyped', 'mistyped-too'], 12],
    ['one refused and one out of reach', ['mistyped', null], 1],
    ['both out of reach', [null, null], 75],
  ] as const)(
    'doctor ends with what they share: %s',
    async (_, [first, second = PASSWORD], code) => {
      const keysOf = (password: string | null) => ({
        password: password ?? PASSWORD,
        port: password === null ? 1 : server.port,
      });
      await mailkeep.configure({
        port: server.port,
        user: 'alice',
        password: PASSWORD,
        keys: keysOf(first),
        others: [{ name: 'second', host: '127.0.0.1', tls: 'none', user: 'alice', ...keysOf(second) }],
      });
      expect((await mailkeep.run('doctor', '--json')).code).toBe(code);
    },
    120_000,
  );
});

/**
 * Where the output goes is not always willing: a full disk is told and is no success, and a reader that went away
 * changes neither the work nor how it ended.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';

const PASSWORD = 'Sesam-oeffne-dich-7f3a';

let server: ImapServer;
let mailkeep: Mailkeep;
let account: { port: number; user: string; password: string };

beforeAll(async () => {
  server = await ImapServer.start({ users: { mina: PASSWORD, nora: PASSWORD } });
  for (const user of ['mina', 'nora']) server.store(user).inbox.append({ body: markedMessage(user) });
  account = { port: server.port, user: 'mina', password: PASSWORD };
  mailkeep = await Mailkeep.create(account);
});

afterAll(async () => {
  await mailkeep?.remove();
  await server?.close();
});

/** As a shell redirects it, such as `>/dev/full`. */
async function redirected(where: string, ...args: string[]) {
  mailkeep.starter = ['sh', '-c', `exec "$@" ${where}`, 'sh'];
  try {
    return await mailkeep.run(...args);
  } finally {
    mailkeep.starter = [];
  }
}

describe.skipIf(!existsSync('/dev/full'))('output on a full disk', () => {
  test.each(['status', 'status --json', '--version', 'sync --help', 'completion bash'])(
    'makes "%s" fail',
    async (command) => {
      expect((await mailkeep.run('sync')).code).toBe(0);
      const run = await redirected('>/dev/full', ...command.split(' '));
      expect([run.code, run.stderr]).toEqual([
        1,
        'mailkeep: cannot write the output: no space left (ENOSPC)\n',
      ]);
    },
  );

  test('makes a saved message fail, in one sentence', async () => {
    expect((await mailkeep.run('sync', '--index')).code).toBe(0);
    const found = documentOf(await mailkeep.run('search', 'larger:0', '--json'));
    const { id } = (found as unknown as { messages: { id: string }[] }).messages[0]!;
    const run = await redirected('>/dev/full', 'show', id, '--raw');
    expect([run.code, run.stderr]).toEqual([
      1,
      'mailkeep: cannot write the output: no space left (ENOSPC)\n',
    ]);
  });

  test('leaves a worse end as it is', async () => {
    expect((await redirected('>/dev/full', 'status', '--json', '--data-dir', 'elsewhere')).code).toBe(10);
  });

  test('of messages changes nothing', async () => {
    expect((await redirected('2>/dev/full', 'sync', 'nobody')).code).toBe(2);
    expect((await redirected('2>/dev/full', 'status', '--data-dir', 'elsewhere')).code).toBe(10);
  });
});

describe('a reader that went away', () => {
  test('does not end a backup, and its accounts are all stored', async () => {
    const keys = { host: '127.0.0.1', port: server.port, tls: 'none', password: PASSWORD };
    await mailkeep.configure({
      ...account,
      top: { concurrency: 1, data_dir: 'both' },
      others: [{ name: 'other', user: 'nora', ...keys }],
    });
    const { child, ended } = mailkeep.start('sync');
    child.stdout!.destroy();
    expect((await ended).code).toBe(0);
    const { accounts } = documentOf(await mailkeep.run('status', '--json')) as {
      accounts?: { messages: number }[];
    };
    expect(accounts?.map(({ messages }) => messages)).toEqual([1, 1]);
  });

  test('hides no failure', async () => {
    await mailkeep.configure({ ...account, port: 1 });
    for (const stream of ['stdout', 'stderr'] as const) {
      const { child, ended } = mailkeep.start('sync');
      child[stream]!.destroy();
      expect((await ended).code).toBe(75);
    }
  });
});

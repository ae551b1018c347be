// Where the built command writes to: a disk that is full.

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { put } from './in-process.js';

describe.skipIf(!existsSync('/dev/full'))('a stream that takes nothing', () => {
  let server: ImapServer;
  let mailkeep: Mailkeep;
  beforeAll(async () => {
    server = await ImapServer.start({ users: { alice: 'geheim-im-test' } });
    put(server.store('alice'), 'INBOX', 3);
    mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'alice',
      password: 'geheim-im-test',
      top: { schedule: '* * * * * *' },
    });
  });
  afterAll(async () => {
    await mailkeep.remove();
    await server.close();
  });

  const writingTo = (redirection: string) => ['sh', '-c', `exec "$@" ${redirection}`, 'sh'];

  test('for the log and for warnings is no reason to end, and no failure', async () => {
    mailkeep.starter = writingTo('2>/dev/full');
    expect(await mailkeep.sync()).toMatchObject({ code: 0, report: { status: 'ok', added: 3 } });
    const daemon = new RunningDaemon(mailkeep);
    put(server.store('alice'), 'INBOX', 1);
    await expect.poll(async () => (await mailkeep.status()).messages, { timeout: 15_000 }).toBe(4);
    expect(await daemon.stop()).toMatchObject({ code: 0 });
  });

  test.each([['status'], ['status', '--json'], ['search', 'is:unseen', '--json']])(
    'for the result of %s %s %s is a failure that is said',
    async (...words) => {
      mailkeep.starter = writingTo('>/dev/full');
      const run = await mailkeep.run(...words);
      expect(run).toMatchObject({
        code: 1,
        stderr: 'mailkeep: cannot write to stdout: no space left (ENOSPC)\n',
      });
    },
  );
});

// rate_limit: the run stops in good order, remembers what it has read when the process is gone, and goes on when
// the time has come.

import { describe, expect, test } from 'vitest';
import { letHoursPass } from '../support/hours-pass.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES, Mailkeep } from '../support/mailkeep.js';

const PASSWORD = 'correct horse battery';

/** With a `growth` of 0 all have the same size, and might be copies of each other. */
async function withMail(count: number, size: number, growth = 1): Promise<ImapServer> {
  const server = await ImapServer.start({ users: { alice: PASSWORD } });
  for (let number = 1; number <= count; number++) {
    const head = `Subject: ${number}\r\n\r\n`;
    server
      .store('alice')
      .inbox.append({ body: Buffer.from(head + 'x'.repeat(size - head.length - number * growth)) });
  }
  return server;
}

function limited(server: ImapServer, engine: (typeof ENGINES)[number], rateLimit: string): Promise<Mailkeep> {
  const keys = { rate_limit: rateLimit };
  return Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD, engine, keys });
}

describe.each(ENGINES)('rate_limit (%s)', (engine) => {
  test('ends a run that is incomplete, and later ones take up where it ended', async () => {
    await using server = await withMail(25, 100_000);
    await using mailkeep = await limited(server, engine, '1MB/day');
    const first = await mailkeep.sync();
    expect(first.code).toBe(3);
    expect(first.report).toMatchObject({ status: 'incomplete', added: 10, failures: [] });
    expect(first.report.error).toMatchObject({
      code: 'rate_limit',
      message: expect.stringMatching(
        /^personal: rate_limit is spent until 20\S+Z; 15 messages \(2 MB\) wait$/,
      ),
    });
    const again = await mailkeep.sync();
    expect(again.report).toMatchObject({ status: 'incomplete', added: 0, bytes_downloaded: 0 });
    expect((await mailkeep.run('status')).stdout).toMatch(/incomplete \(personal: rate_limit is spent until/);
    letHoursPass(mailkeep, 25);
    expect((await mailkeep.sync()).report.added).toBe(10);
    letHoursPass(mailkeep, 25);
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 5, error: null });
    expect((await mailkeep.check()).code).toBe(0);
  });

  test('lets a message through that is larger than all of it, alone', async () => {
    await using server = await withMail(2, 300_000, 0);
    await using mailkeep = await limited(server, engine, '200KB/day');
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'incomplete', added: 1 });
    letHoursPass(mailkeep, 25);
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 1 });
  });

  test('by the second is kept by waiting', async () => {
    await using server = await withMail(5, 100_000);
    await using mailkeep = await limited(server, engine, '200KB/s');
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 5 });
  });
});

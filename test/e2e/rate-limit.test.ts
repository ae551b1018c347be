// rate_limit: the run stops in good order, remembers what it has read when the process is gone, and goes on when
// the time has come.

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
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

/** As if what was read had been read so many hours earlier. */
function letHoursPass(mailkeep: Mailkeep, hours: number): void {
  const database = new Database(join(mailkeep.root, 'index.db'));
  const row = database.prepare<[], { value: string }>("SELECT value FROM state WHERE key = 'spent'").get();
  const spent = (JSON.parse(row!.value) as { at: number; bytes: number }[]).map(({ at, bytes }) => ({
    at: at - hours * 3_600_000,
    bytes,
  }));
  database.prepare("UPDATE state SET value = ? WHERE key = 'spent'").run(JSON.stringify(spent));
  database.close();
}

describe.each(ENGINES)('rate_limit (%s)', (engine) => {
  test('ends a run that is incomplete, and later ones take up where it ended', async () => {
    await using server = await withMail(25, 100_000);
    const keys = { rate_limit: '1MB/day' };
    await using mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      engine,
      keys,
    });
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
    const keys = { rate_limit: '200KB/day' };
    await using mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      engine,
      keys,
    });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'incomplete', added: 1 });
    letHoursPass(mailkeep, 25);
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 1 });
  });

  test('by the second is kept by waiting', async () => {
    await using server = await withMail(5, 100_000);
    const keys = { rate_limit: '200KB/s' };
    await using mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      engine,
      keys,
    });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 5 });
  });
});

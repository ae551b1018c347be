// The built daemon against Dovecot with the real clock: what a service lives through in its years, in a minute.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveLines, serverLines } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { type AccountSettings, documentOf, Mailkeep, type SyncReport } from '../support/mailkeep.js';
import { makeMessages, markedMessage } from '../support/messages.js';
import { Network } from '../support/network.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { SmallDisk } from '../support/small-disk.js';

let server: Dovecot;
let users = 0;

/** A user of its own for each test. */
function newUser(): string {
  users += 1;
  return `user${users}`;
}

function open(user: string, settings: Partial<AccountSettings> = {}): Promise<Mailkeep> {
  return Mailkeep.create({ port: server.port, user, password: server.password, ...settings });
}

/** Files in cur/ of a mailbox. */
function stored(mailkeep: Mailkeep, mailbox = 'INBOX', account = 'personal'): number {
  try {
    return readdirSync(join(mailkeep.folder, 'data', account, 'mail', mailbox, 'cur')).length;
  } catch {
    return 0;
  }
}

async function expectStored(mailkeep: Mailkeep, count: number, milliseconds = 20_000): Promise<number> {
  const startedAt = performance.now();
  await expect.poll(() => stored(mailkeep), { timeout: milliseconds, interval: 10 }).toBe(count);
  return performance.now() - startedAt;
}

/** The archive is what the server holds, and every file is what it should be. */
async function expectWhole(mailkeep: Mailkeep, user: string): Promise<void> {
  expect(archiveLines(mailkeep.archive())).toMatchObject(withMail(serverLines(await server.state(user))));
  expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], corrupt: [], unindexed: [] });
}

function withMail(lines: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(lines).filter(([, messages]) => messages.length > 0));
}

describeWithDovecot('the daemon on Dovecot', () => {
  beforeAll(async () => {
    server = await Dovecot.start();
  });
  afterAll(() => server?.stop());

  test('follows a schedule of six fields, tells so in status, and ends with 0', async () => {
    const user = newUser();
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 1, count: 5 }));
    await using mailkeep = await open(user, { top: { schedule: '*/2 * * * * *' } });
    const daemon = new RunningDaemon(mailkeep);
    await expectStored(mailkeep, 5);
    for (let round = 1; round <= 3; round++) {
      await server.putMessages(user, 'INBOX', makeMessages({ seed: 10 + round, count: 1 }));
      expect(await expectStored(mailkeep, 5 + round)).toBeLessThan(4000);
    }
    const [account] = documentOf(await mailkeep.run('status', '--json')).accounts as {
      next_run_at: string;
      last_run: SyncReport;
    }[];
    expect(Date.parse(account!.next_run_at) - Date.now()).toBeLessThan(2500);
    expect(account!.last_run.status).toBe('ok');
    const { code, milliseconds } = await daemon.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(10_000);
    await expectWhole(mailkeep, user);
  });

  test('has new mail on disk within two seconds, and 500 at once in a few runs', async () => {
    const user = newUser();
    await server.putMessages(user, 'Work', makeMessages({ seed: 2, count: 3 }));
    await using mailkeep = await open(user, { keys: { watch: ['INBOX', 'Work'], connections: 4 } });
    const daemon = new RunningDaemon(mailkeep);
    await daemon.until(/watches INBOX/);
    await daemon.until(/watches Work/);
    const client = await server.client(user);
    const delays: number[] = [];
    for (let n = 1; n <= 8; n++) {
      await client.append('INBOX', markedMessage(`one ${n}`));
      delays.push(await expectStored(mailkeep, n));
    }
    expect(Math.max(...delays), JSON.stringify(delays.map(Math.round))).toBeLessThan(2000);

    await expect.poll(() => stored(mailkeep, 'Work')).toBe(3);
    const before = daemon.lines.length;
    for (let n = 0; n < 500; n++) await client.append('Work', markedMessage(`burst ${n}`));
    await expect.poll(() => stored(mailkeep, 'Work'), { timeout: 20_000 }).toBe(503);
    const runs = daemon.count(/run begins/, before);
    const seconds = (daemon.lines.at(-1)!.time - daemon.lines[before]!.time) / 1000;
    expect(runs).toBeLessThanOrEqual(4 + seconds);
    expect((await daemon.stop()).code).toBe(0);
    await expectWhole(mailkeep, user);
  });

  test('lives through a server that restarts and a network that goes', { timeout: 120_000 }, async () => {
    const user = newUser();
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 3, count: 3 }));
    const network = await Network.start(server.port);
    await using mailkeep = await open(user, { port: network.port, keys: { watch: true } });
    // The network comes up after the daemon.
    network.down();
    const daemon = new RunningDaemon(mailkeep);
    await daemon.until(/run 1 failed: .*cannot reach/);
    network.up();
    await expectStored(mailkeep, 3);
    await daemon.until(/watches INBOX/);

    let from = daemon.lines.length;
    await server.restart();
    await daemon.until(/watch on INBOX was lost/, from);
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 4, count: 1 }));
    await expectStored(mailkeep, 4);
    await daemon.until(/watches INBOX/, from);

    from = daemon.lines.length;
    network.down();
    await daemon.until(/watch on INBOX was lost/, from);
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 5, count: 1 }));
    network.up();
    await expectStored(mailkeep, 5, 40_000);
    expect((await daemon.stop()).code).toBe(0);
    await network.close();
    await expectWhole(mailkeep, user);
  });

  test('reads the config again on SIGHUP, keeps the old one where the new is broken', async () => {
    const [first, second] = [newUser(), newUser()];
    for (const user of [first, second])
      await server.putMessages(user, 'INBOX', makeMessages({ seed: 6, count: 2 }));
    await using mailkeep = await open(first);
    const account = (name: string, user: string, keys: object = {}) => ({
      name,
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      user,
      password: server.password,
      ...keys,
    });
    const configure = (...accounts: object[]) =>
      writeFile(mailkeep.configFile, JSON.stringify({ data_dir: 'data', accounts }), { mode: 0o600 });
    await configure(account('personal', first));
    const daemon = new RunningDaemon(mailkeep);
    await daemon.until(/personal: run \d+ ok/);

    await writeFile(mailkeep.configFile, 'accounts: [{ nmae: personal }]', { mode: 0o600 });
    daemon.signal('SIGHUP');
    expect((await daemon.until(/refused/)).msg).toMatch(/config\.yaml:1:\d+/);
    let from = daemon.lines.length;
    daemon.signal('SIGUSR1');
    await daemon.until(/personal: run \d+ ok/, from);

    await configure(account('personal', first), account('second', second, { watch: true }));
    daemon.signal('SIGHUP');
    await daemon.until(/second: run \d+ ok/);
    await daemon.until(/watches INBOX/);
    expect(stored(mailkeep, 'INBOX', 'second')).toBe(2);

    from = daemon.lines.length;
    await configure(account('second', second));
    daemon.signal('SIGHUP');
    await daemon.until(/new configuration is in force/, from);
    daemon.signal('SIGUSR1');
    await daemon.until(/second: run \d+ ok/, from);
    expect(daemon.count(/personal: run/, from)).toBe(0);
    expect((await daemon.stop()).code).toBe(0);
  });

  test('goes on with the others where one is refused, one is damaged and one is not to be found', async () => {
    const user = newUser();
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 7, count: 2 }));
    await using mailkeep = await open(user);
    const account = (name: string, keys: object = {}) => ({
      name,
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      user,
      password: server.password,
      ...keys,
    });
    const accounts = [
      account('refused', { password: 'wrong', watch: true }),
      account('damaged'),
      account('lost', { port: 1 }),
      account('fine', { watch: true }),
    ];
    const config = { data_dir: 'data', schedule: '*/2 * * * * *', concurrency: 1, accounts };
    await writeFile(mailkeep.configFile, JSON.stringify(config), { mode: 0o600 });
    await mailkeep.run('sync', 'damaged');
    writeFileSync(join(mailkeep.folder, 'data/damaged/index.db'), 'this is no database'.repeat(1000));
    rmSync(join(mailkeep.folder, 'data/damaged/index.db-wal'), { force: true });
    const daemon = new RunningDaemon(mailkeep);
    await daemon.until(/watches INBOX/);
    const client = await server.client(user);
    for (let n = 1; n <= 3; n++) {
      await client.append('INBOX', markedMessage(`more ${n}`));
      await expect.poll(() => stored(mailkeep, 'INBOX', 'fine'), { timeout: 5000 }).toBe(2 + n);
    }
    await daemon.until(/fine: run [6-9] ok/);
    expect(daemon.count(/^refused: run begins/)).toBe(1);
    expect(daemon.count(/^lost: run begins/)).toBeLessThan(4);
    expect(daemon.count(/^damaged: run begins/)).toBeLessThan(4);
    expect(daemon.lines.some(({ msg }) => /damaged/.test(msg))).toBe(true);
    expect((await daemon.stop()).code).toBe(0);
  });

  test('asked to stop in mid-sync ends in good order, and the next one makes it whole', async () => {
    const user = newUser();
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 8, count: 3000, medianBytes: 3000 }));
    await using mailkeep = await open(user);
    await mailkeep.configure({
      port: server.port,
      user,
      password: server.password,
      top: { schedule: '0 0 1 1 *' },
    });
    const daemon = new RunningDaemon(mailkeep);
    await expect.poll(() => stored(mailkeep), { timeout: 20_000, interval: 2 }).toBeGreaterThan(300);
    const { code, milliseconds } = await daemon.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(10_000);
    expect(stored(mailkeep)).toBeLessThan(3000);
    const next = new RunningDaemon(mailkeep);
    await next.until(/personal: run \d+ ok/);
    expect((await next.stop()).code).toBe(0);
    await expectWhole(mailkeep, user);
  });

  test('is named to a sync that wants its account; --wait waits for it', async () => {
    const user = newUser();
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 9, count: 3000, medianBytes: 3000 }));
    await using mailkeep = await open(user, { top: { schedule: '0 0 1 1 *' } });
    const daemon = new RunningDaemon(mailkeep);
    await expect.poll(() => stored(mailkeep), { timeout: 20_000, interval: 2 }).toBeGreaterThan(0);
    daemon.signal('SIGSTOP');
    try {
      const refused = await mailkeep.run('sync');
      expect(refused.code, refused.stderr).toBe(11);
      expect(refused.stderr).toMatch(new RegExp(`mailkeep daemon \\(pid ${daemon.pid}, since `));
      const [status] = documentOf(await mailkeep.run('status', '--json')).accounts as { activity: unknown }[];
      expect(status!.activity).toMatchObject({ command: 'daemon', pid: daemon.pid });
    } finally {
      daemon.signal('SIGCONT');
    }
    const waited = await mailkeep.run('sync', '--wait');
    expect(waited.code, waited.stderr).toBe(0);
    expect(waited.stdout).toMatch(/nothing new/);
    expect(stored(mailkeep)).toBe(3000);
    expect((await daemon.stop()).code).toBe(0);
    const [idle] = documentOf(await mailkeep.run('status', '--json')).accounts as { activity: unknown }[];
    expect(idle!.activity).toBeNull();
  });
});

const noDisk = SmallDisk.whyNot();
describe.skipIf(noDisk !== undefined)(
  `a full disk${noDisk === undefined ? '' : ` (skipped: ${noDisk})`}`,
  () => {
    describeWithDovecot('under the daemon', () => {
      beforeAll(async () => {
        server = await Dovecot.start();
      });
      afterAll(() => server?.stop());

      test('harms nothing, and the mail is stored once there is room again', {
        timeout: 120_000,
      }, async () => {
        const user = newUser();
        const messages = makeMessages({ seed: 11, count: 400, medianBytes: 20_000, mostBytes: 40_000 });
        await server.putMessages(user, 'INBOX', messages);
        using disk = SmallDisk.make(24);
        const ballast = join(disk.folder, 'ballast');
        writeFileSync(ballast, Buffer.alloc(19 * 1024 * 1024));
        await using mailkeep = await open(user, {
          top: { schedule: '*/2 * * * * *', data_dir: disk.folder },
        });
        const daemon = new RunningDaemon(mailkeep);
        await daemon.until(/failed: .*(no space|full)/);
        await daemon.until(/run begins/, daemon.lines.length);
        rmSync(ballast);
        await daemon.until(/personal: run \d+ ok/, 0, 60_000);
        expect((await daemon.stop()).code).toBe(0);
        expect(readdirSync(join(disk.folder, 'personal/mail/INBOX/cur'))).toHaveLength(400);
        expect(readdirSync(join(disk.folder, 'personal/mail/INBOX/tmp'))).toEqual([]);
        expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], corrupt: [], unindexed: [] });
      });
    });
  },
);

// One daemon on Dovecot through all that goes wrong in its years, in a minute or two of real time: what it stores,
// what it serves, and whom it tells how often.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { archiveLines, readArchive, serverLines } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { HttpSink } from '../support/http-sink.js';
import { type AccountSettings, Mailkeep } from '../support/mailkeep.js';
import { makeMessages, markedMessage } from '../support/messages.js';
import { Network } from '../support/network.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { SmallDisk } from '../support/small-disk.js';
import { SmtpSink } from '../support/smtp-sink.js';

const USER = 'alice';
const DISK_MB = 48;
const noDisk = SmallDisk.whyNot();

describeWithDovecot('the life of a daemon', () => {
  test(`loses nothing, and tells once what is wrong and what is right again${noDisk === undefined ? '' : ` (no full disk: ${noDisk})`}`, {
    timeout: 300_000,
  }, async () => {
    await using stage = await scene();
    const { server, network, mailkeep, web } = stage;
    await server.putMessages(USER, 'INBOX', makeMessages({ seed: 1, count: 20 }));

    // At boot the network is not there yet.
    network.down();
    let daemon = new RunningDaemon(mailkeep);
    await stage.told(['failure']);
    expect(await stage.ask('/readyz')).toMatchObject({
      status: 503,
      body: expect.stringMatching(/"failed":true.*"unreachable"/),
    });
    expect(await stage.ask('/healthz')).toMatchObject({ status: 200 });
    network.up();
    daemon.signal('SIGUSR1');
    await stage.told(['failure', 'recovery']);
    await daemon.until(/watches INBOX/);
    expect(await stage.ask('/readyz')).toMatchObject({ status: 200 });
    expect(await stage.metric('mailkeep_messages_stored{account="personal"}')).toBe(20);
    expect(await stage.metric('mailkeep_watched_mailboxes{account="personal"}')).toBe(1);
    expect(
      await stage.metric('mailkeep_sync_failures_total{account="personal",code="unreachable"}'),
    ).toBeGreaterThanOrEqual(3);

    const client = await server.client(USER);
    const delays: number[] = [];
    for (let n = 1; n <= 5; n++) {
      await client.append('INBOX', markedMessage(`one ${n}`));
      delays.push(await stage.stored(20 + n));
    }
    expect(Math.max(...delays), JSON.stringify(delays.map(Math.round))).toBeLessThan(2000);

    // Passing troubles are in the log and the metrics, and nobody is told.
    let from = daemon.lines.length;
    await server.restart();
    await daemon.until(/watch on INBOX was lost/, from);
    await server.putMessages(USER, 'INBOX', makeMessages({ seed: 2, count: 1 }));
    await stage.stored(26);
    await daemon.until(/watches INBOX/, from);
    from = daemon.lines.length;
    network.down();
    await daemon.until(/watch on INBOX was lost/, from);
    await server.putMessages(USER, 'INBOX', makeMessages({ seed: 3, count: 1 }));
    network.up();
    await stage.stored(27, 40_000);
    await daemon.until(/watches INBOX/, from, 60_000);
    expect(await stage.metric('mailkeep_watch_losses_total{account="personal"}')).toBeGreaterThanOrEqual(2);
    expect(stage.events()).toEqual(['failure', 'recovery']);

    writeFileSync(mailkeep.configFile, 'accounts: [{ nmae: personal }]', { mode: 0o600 });
    daemon.signal('SIGHUP');
    await daemon.until(/was refused, the old one stays in force/, from);
    expect(await stage.metric('mailkeep_config_last_reload_successful')).toBe(0);
    const second = {
      name: 'second',
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      user: 'bob',
      password: server.password,
    };
    await server.putMessages('bob', 'INBOX', makeMessages({ seed: 4, count: 3 }));
    await mailkeep.configure({ ...stage.settings, others: [second] });
    daemon.signal('SIGHUP');
    await daemon.until(/second: run 1 ok: 3 added/, from);
    expect(await stage.metric('mailkeep_config_last_reload_successful')).toBe(1);
    expect(await stage.metric('mailkeep_accounts')).toBe(2);

    let expected = ['failure', 'recovery'];
    let count = 27;
    if (stage.disk !== null) {
      const ballast = join(stage.data, 'ballast');
      fill(ballast);
      from = daemon.lines.length;
      await server.putMessages(
        USER,
        'INBOX',
        makeMessages({ seed: 5, count: 60, medianBytes: 30_000, mostBytes: 40_000 }),
      );
      // Where not even the lock can be written, no run begins.
      await daemon.until(/personal: (run \d+ failed: .*)?no space left/, from);
      expected = [...expected, 'failure'];
      await stage.told(expected);
      expect(await stage.ask('/readyz')).toMatchObject({
        status: 503,
        body: expect.stringContaining('"disk_full"'),
      });
      rmSync(ballast);
      daemon.signal('SIGUSR1');
      count += 60;
      await stage.stored(count);
      expected = [...expected, 'recovery'];
      await stage.told(expected);
    }

    // Told to stop in the middle of much mail, and begun again.
    await server.putMessages(USER, 'INBOX', makeMessages({ seed: 6, count: 2000 }));
    await expect.poll(() => stage.files(), { timeout: 20_000, interval: 2 }).toBeGreaterThan(count + 100);
    const { code, milliseconds } = await daemon.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(10_000);
    expect(stage.files()).toBeLessThan(count + 2000);
    daemon = new RunningDaemon(mailkeep);
    await stage.stored(count + 2000, 60_000);
    await daemon.until(/personal: run \d+ ok/);
    expect(await stage.metric('mailkeep_messages_stored{account="personal"}')).toBe(count + 2000);
    expect((await daemon.stop()).code).toBe(0);

    expect(stage.events()).toEqual(expected);
    expect(stage.mail.mails.all.map(({ text }) => /^Subject: (.*)\r$/m.exec(text)![1])).toEqual(
      expected.map((event) => expect.stringMatching(event === 'failure' ? /backup fails/ : /works again/)),
    );
    const pings = new Set(
      web.requests.all.map(({ path }) => path).filter((path) => path.startsWith('/ping')),
    );
    expect([...pings].sort()).toEqual(['/ping', '/ping/fail', '/ping/start']);
    for (const user of [USER, 'bob']) {
      const root = join(stage.data, user === USER ? 'personal' : 'second');
      const wanted = serverLines(await server.state(user));
      expect(archiveLines(readArchive(root, 'mail')).INBOX).toEqual(wanted.INBOX);
    }
    const check = await mailkeep.run('check', '--read-data');
    expect(check.code, check.stdout + check.stderr).toBe(0);
  });
});

/** Writes until nothing fits any more, but for a little. */
function fill(file: string): void {
  const some = Buffer.alloc(256 * 1024);
  try {
    for (;;) writeFileSync(file, some, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Scene extends AsyncDisposable {
  readonly server: Dovecot;
  readonly network: Network;
  readonly mailkeep: Mailkeep;
  readonly web: HttpSink;
  readonly mail: SmtpSink;
  readonly disk: SmallDisk | null;
  readonly data: string;
  readonly settings: AccountSettings;
  /** Waits until the webhook has been told just these events. */
  told(events: readonly string[]): Promise<void>;
  events(): string[];
  ask(path: string): Promise<Answer>;
  metric(sample: string): Promise<number>;
  files(): number;
  /** Waits until INBOX holds so many messages; milliseconds that took. */
  stored(count: number, within?: number): Promise<number>;
}

async function scene(): Promise<Scene> {
  const server = await Dovecot.start();
  const disk = noDisk === undefined ? SmallDisk.make(DISK_MB) : null;
  const data = disk?.folder ?? (await mkdtemp(join(tmpdir(), 'mailkeep-life-')));
  const network = await Network.start(server.port);
  const web = await HttpSink.start();
  const mail = await SmtpSink.start({ tls: 'none' });
  const notify = [
    { type: 'webhook', url: `${web.url}/hook` },
    { type: 'ping', url: `${web.url}/ping` },
    {
      type: 'email',
      smtp: { host: '127.0.0.1', port: mail.port, tls: 'none' },
      from: 'mailkeep@example.org',
      to: ['me@example.org'],
    },
  ];
  const settings: AccountSettings = {
    port: network.port,
    user: USER,
    password: server.password,
    keys: { watch: true },
    top: {
      schedule: '0 * * * *',
      data_dir: data,
      http: { listen: 'unix:http.sock' },
      notify,
      failure_after: '5s',
    },
  };
  const mailkeep = await Mailkeep.create(settings);
  const events = () =>
    web.requests.all
      .filter(({ path }) => path === '/hook')
      .map(({ body }) => (JSON.parse(body) as { event: string }).event);
  const ask = (path: string) =>
    new Promise<Answer>((resolve, reject) => {
      request({ socketPath: join(mailkeep.folder, 'http.sock'), path }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode!, body }));
      })
        .on('error', reject)
        .end();
    });
  const files = () => {
    try {
      return readdirSync(join(data, 'personal/mail/INBOX/cur')).length;
    } catch {
      return 0;
    }
  };
  return {
    server,
    network,
    mailkeep,
    web,
    mail,
    disk,
    data,
    settings,
    events,
    ask,
    files,
    told: (wanted) => expect.poll(events, { timeout: 60_000 }).toEqual(wanted),
    metric: async (sample) => {
      const { body } = await ask('/metrics');
      const line = body.split('\n').find((one) => one.startsWith(`${sample} `));
      return Number(line?.slice(sample.length));
    },
    stored: async (count, within = 20_000) => {
      const startedAt = performance.now();
      await expect.poll(files, { timeout: within, interval: 10 }).toBe(count);
      return performance.now() - startedAt;
    },
    [Symbol.asyncDispose]: async () => {
      await mailkeep.remove();
      await Promise.all([
        network.close(),
        web[Symbol.asyncDispose](),
        mail[Symbol.asyncDispose](),
        server.stop(),
      ]);
      disk?.remove();
      await rm(data, { recursive: true, force: true });
    },
  };
}

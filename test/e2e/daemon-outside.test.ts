// The built daemon seen from outside: what it serves, whom it tells, what it says to systemd and to its log.

import { spawnSync } from 'node:child_process';
import { chmod, lstat, readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeCertificates } from '../support/certificates.js';
import { HttpSink } from '../support/http-sink.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { NotifySocket, notifyMissing } from '../support/notify-socket.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { put } from './in-process.js';

const PASSWORD = 'Imap-geheim-51c0';
const EVERY_SECOND = '* * * * * *';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(
  socketPath: string,
  path: string,
  options: { method?: string; host?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, path, method: options.method ?? 'GET', headers: { host: options.host ?? 'localhost' } },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

interface Stage extends AsyncDisposable {
  readonly server: ImapServer;
  readonly mailkeep: Mailkeep;
  readonly socket: string;
}

async function stage(top: Readonly<Record<string, unknown>> = {}, password = PASSWORD): Promise<Stage> {
  const server = await ImapServer.start({ users: { alice: PASSWORD }, tier: 'qresync' });
  put(server.store('alice'), 'INBOX', 12);
  const mailkeep = await Mailkeep.create({
    port: server.port,
    user: 'alice',
    password,
    top: { schedule: EVERY_SECOND, http: { listen: 'unix:http.sock' }, ...top },
  });
  return {
    server,
    mailkeep,
    socket: join(mailkeep.folder, 'http.sock'),
    [Symbol.asyncDispose]: async () => {
      await mailkeep.remove();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Runs the daemon while `work` looks at it; it must stop with 0 when told to. */
async function whileRunning(
  { mailkeep }: Stage,
  work: (child: { kill(signal: NodeJS.Signals): boolean }, said: () => string) => Promise<void>,
): Promise<Run> {
  const { child, ended } = mailkeep.start('--log-level', 'debug', 'daemon');
  let said = '';
  child.stderr!.on('data', (text: string) => {
    said += text;
  });
  try {
    await work(child, () => said);
  } catch (error) {
    throw new Error(`the daemon said:\n${said}`, { cause: error });
  } finally {
    child.kill('SIGTERM');
  }
  const run = await ended;
  expect(run).toMatchObject({ code: 0 });
  return run;
}

/** Looks again with every try until it holds; a few milliseconds between looks are no wait for a fixed time. */
async function until<T>(look: () => Promise<T | null>, within = 15_000): Promise<T> {
  const end = performance.now() + within;
  for (;;) {
    const found = await look().catch(() => null);
    if (found !== null) return found;
    if (performance.now() > end) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const ready = (socket: string) =>
  until(async () => ((await ask(socket, '/readyz')).status === 200 ? true : null));

describe('health and metrics of the daemon', () => {
  test('a daemon that has backed up is healthy and ready, and says what it has stored', async () => {
    // Overdue at the start, and idle from then on.
    await using scene = await stage({ schedule: '0 0 1 1 *' });
    await whileRunning(scene, async () => {
      await ready(scene.socket);
      expect(await ask(scene.socket, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
      const { body, headers } = await ask(scene.socket, '/metrics');
      expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(body).toContain('mailkeep_messages_stored{account="personal"} 12\n');
      expect(body).toMatch(
        /mailkeep_sync_last_success_timestamp_seconds\{account="personal"\} \d{10}\.?\d*\n/,
      );
      expect(body).toMatch(/mailkeep_bytes_downloaded_total\{account="personal"\} [1-9]\d+\n/);
      expect(body).toContain('mailkeep_account_stale{account="personal"} 0\n');
      expect(body).not.toMatch(/^(?!#|mailkeep_|$)/m);
      const served = JSON.parse((await ask(scene.socket, '/status')).body) as object;
      const printed = documentOf(await scene.mailkeep.run('status', '--json'));
      const shape = (document: object) => JSON.stringify(document).replace(/"[^"]*_at":"[^"]*"|\d+/g, '');
      expect(shape(served)).toBe(shape(printed));
    });
  });

  test('serves nothing else, changes nothing, and its socket is its owner’s', async () => {
    await using scene = await stage();
    await whileRunning(scene, async () => {
      await ready(scene.socket);
      expect((await stat(scene.socket)).mode & 0o777).toBe(0o600);
      expect((await ask(scene.socket, '/metrics', { method: 'HEAD' })).body).toBe('');
      expect((await ask(scene.socket, '/status', { method: 'POST' })).status).toBe(405);
      expect((await ask(scene.socket, '/status', { method: 'DELETE' })).headers.allow).toBe('GET, HEAD');
      for (const path of [
        '/',
        '/status/',
        '/../config.yaml',
        '/healthz/x',
        '/%2e%2e/config.yaml',
        '//status',
      ])
        expect([path, (await ask(scene.socket, path)).status]).toEqual([path, 404]);
    });
    await expect(lstat(scene.socket)).rejects.toThrow('ENOENT');
  });

  test('an account that can’t sign in makes the daemon unready, and says why', async () => {
    await using scene = await stage({}, 'wrong');
    await whileRunning(scene, async () => {
      const list = await until(async () => {
        const { status, body } = await ask(scene.socket, '/readyz');
        const found = JSON.parse(body) as { account: string; failed: boolean }[];
        return status === 503 && found[0]?.failed === true ? found : null;
      });
      expect(list).toMatchObject([
        { account: 'personal', failed: true, hold: false, error: { code: 'credentials' } },
      ]);
      expect((await ask(scene.socket, '/healthz')).status).toBe(200);
      const { body } = await ask(scene.socket, '/metrics');
      expect(body).toMatch(/mailkeep_sync_failures_total\{account="personal",code="credentials"\} [1-9]/);
    });
  });

  test('a socket file left behind is replaced; one with a listener, or another file, is not', async () => {
    await using scene = await stage();
    const { child, ended } = scene.mailkeep.start('daemon');
    await ready(scene.socket);
    const second = await scene.mailkeep.run('daemon');
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('another process listens on');
    child.kill('SIGKILL');
    await ended;
    expect((await lstat(scene.socket)).isSocket()).toBe(true);
    await whileRunning(scene, () => ready(scene.socket).then(() => undefined));
    const { configFile } = scene.mailkeep;
    const text = await readFile(configFile, 'utf8');
    await scene.mailkeep.configure({
      port: scene.server.port,
      user: 'alice',
      password: PASSWORD,
      top: { http: { listen: 'unix:config.yaml' } },
    });
    const third = await scene.mailkeep.run('daemon');
    expect(third.code).toBe(2);
    expect(third.stderr).toContain('is there and is no socket');
    expect(text).not.toBe('');
  });
});

describe('a reload of what the daemon shows', () => {
  test('moves to another address, keeps the old one where the new can’t be had, and changes the log', async () => {
    await using scene = await stage();
    const { mailkeep, server } = scene;
    const other = join(mailkeep.folder, 'other.sock');
    const configure = (top: Readonly<Record<string, unknown>>) =>
      mailkeep.configure({
        port: server.port,
        user: 'alice',
        password: PASSWORD,
        top: { schedule: EVERY_SECOND, ...top },
      });
    await whileRunning(scene, async (child, said) => {
      await ready(scene.socket);
      await configure({ http: { listen: 'unix:other.sock' } });
      child.kill('SIGHUP');
      await ready(other);
      await until(async () => ((await lstat(scene.socket).catch(() => null)) === null ? true : null));
      await configure({ http: { listen: 'unix:config.yaml' } });
      child.kill('SIGHUP');
      await until(async () => (said().includes('the old one stays in force') ? true : null));
      const metrics = (await ask(other, '/metrics')).body;
      expect(metrics).toContain('mailkeep_config_last_reload_successful 0\n');
      await configure({ http: { listen: 'unix:other.sock' }, log: { format: 'pretty' } });
      child.kill('SIGHUP');
      await until(async () =>
        /^[\d: -]{19} info {2}the new configuration is in force$/m.test(said()) ? true : null,
      );
      expect((await ask(other, '/metrics')).body).toContain('mailkeep_config_last_reload_successful 1\n');
    });
  });

  test('an address that is open to the network is warned of', async () => {
    // A loopback address in a spelling that mailkeep does not take for one.
    await using scene = await stage({ http: { listen: '127.1:0' } });
    const run = await whileRunning(scene, (_, said) =>
      until(async () => (said().includes('is open to the network') ? true : null)).then(() => undefined),
    );
    expect(run.stderr).toContain('"level":40');
  });
});

describe('notifications of the daemon', () => {
  test('a failure is told once, at once where the password is wrong, and so is the recovery', async () => {
    await using web = await HttpSink.start();
    await using mail = await SmtpSink.start({
      tls: 'none',
      login: { user: 'alerts', password: 'Smtp-geheim-77' },
    });
    const notify = [
      { type: 'webhook', url: `${web.url}/hook/Token-geheim-1` },
      { type: 'ping', url: `${web.url}/ping/Token-geheim-2?x=1` },
      {
        type: 'email',
        smtp: { host: '127.0.0.1', port: mail.port, tls: 'none', user: 'alerts', password: 'Smtp-geheim-77' },
        from: 'mailkeep@example.org',
        to: ['me@example.org'],
      },
    ];
    await using scene = await stage({ notify }, 'wrong');
    const run = await whileRunning(scene, async (child) => {
      const alert = await web.requests.first('the alert', ({ path }) => path === '/hook/Token-geheim-1');
      expect(JSON.parse(alert.body)).toMatchObject({
        version: 1,
        event: 'failure',
        account: 'personal',
        report: { status: 'failed', error: { code: 'credentials' } },
      });
      const sent = await mail.mails.first('the mail', () => true);
      expect(sent).toMatchObject({ from: 'mailkeep@example.org', to: ['me@example.org'], user: 'alerts' });
      expect(sent.text).toMatch(/^Subject: mailkeep: personal: the backup fails/m);
      await web.requests.first('a ping of failure', ({ path }) => path === '/ping/Token-geheim-2/fail?x=1');
      await scene.mailkeep.configure({
        port: scene.server.port,
        user: 'alice',
        password: PASSWORD,
        top: { schedule: EVERY_SECOND, http: { listen: 'unix:http.sock' }, notify },
      });
      child.kill('SIGHUP');
      child.kill('SIGUSR1');
      await until(async () => {
        child.kill('SIGUSR1');
        return web.requests.all.some(({ body }) => body.includes('"event":"recovery"')) ? true : null;
      });
      const success = await web.requests.first(
        'a ping of success',
        ({ path }) => path === '/ping/Token-geheim-2?x=1',
      );
      expect(success.method).toBe('POST');
      expect(success.body).toMatch(/^personal: run \d+ ok after/);
      await mail.mails.first('the mail of the recovery', ({ text }) => text.includes('works again'));
    });
    const events = web.requests.all
      .filter(({ path }) => path.startsWith('/hook'))
      .map(({ body }) => (JSON.parse(body) as { event: string }).event);
    expect(events).toEqual(['failure', 'recovery']);
    expect(run.stderr).not.toContain('geheim');
  });

  test('what was told before a restart is not told again', async () => {
    await using web = await HttpSink.start();
    const notify = [
      { type: 'webhook', url: `${web.url}/hook` },
      { type: 'ping', url: `${web.url}/ping` },
    ];
    await using scene = await stage({ notify }, 'wrong');
    const count = (path: string) => web.requests.all.filter((request) => request.path === path).length;
    for (const runs of [1, 2]) {
      await whileRunning(scene, async () => {
        await web.requests.first('the alert', ({ path }) => path === '/hook');
        await until(async () => (count('/ping/fail') === runs ? true : null));
      });
    }
    expect(count('/hook')).toBe(1);
  });

  test('a hold of the guard is told once, stands in /readyz, and ends with accept', async () => {
    await using web = await HttpSink.start();
    await using scene = await stage({
      notify: [{ type: 'webhook', url: `${web.url}/hook`, on: ['guard', 'recovery'] }],
      guard: { max_removed_percent: 50, min_messages: 5 },
    });
    const events = () => web.requests.all.map(({ body }) => (JSON.parse(body) as { event: string }).event);
    await whileRunning(scene, async () => {
      await ready(scene.socket);
      scene.server.store('alice').mailbox('INBOX').wipe();
      await web.requests.first('the alert', ({ body }) => body.includes('"event":"guard"'));
      const list = JSON.parse((await ask(scene.socket, '/readyz')).body) as object;
      expect(list).toMatchObject([{ account: 'personal', hold: true, failed: false, stale: false }]);
      expect((await ask(scene.socket, '/metrics')).body).toContain(
        'mailkeep_account_hold{account="personal"} 1\n',
      );
      // While the daemon's run has the account, accept says so; a person would try again too.
      await until(async () => ((await scene.mailkeep.run('accept', 'personal')).code === 0 ? true : null));
      await web.requests.first('the recovery', ({ body }) => body.includes('"event":"recovery"'));
      await ready(scene.socket);
    });
    expect(events()).toEqual(['guard', 'recovery']);
  });

  test('a notifier that is broken is logged, and neither the backup nor the others wait for it', async () => {
    await using web = await HttpSink.start();
    await using silent = await HttpSink.start();
    silent.answers.push('hang', 'hang', 'hang', 'hang');
    const notify = [
      { type: 'ping', url: `${silent.url}/hangs` },
      { type: 'webhook', url: 'http://127.0.0.1:9/refused' },
      { type: 'webhook', url: `${web.url}/works` },
    ];
    await using scene = await stage({ notify }, 'wrong');
    await whileRunning(scene, async () => {
      await web.requests.first('the alert', ({ path }) => path === '/works');
      await silent.requests.first('the ping', () => true);
    });
  });

  test('notify --test says of each notifier how it went', async () => {
    await using web = await HttpSink.start();
    web.answers.push({ status: 302, location: `${web.url}/elsewhere` });
    await using scene = await stage({
      notify: [{ type: 'webhook', url: `${web.url}/Token-geheim-1` }],
    });
    const failed = await scene.mailkeep.run('notify', '--test', '--json');
    expect(failed.code).toBe(1);
    expect(documentOf(failed)).toMatchObject({
      version: 1,
      notifiers: [
        { sent: false, error: 'HTTP 302: it redirects elsewhere; name the final URL in the config' },
      ],
    });
    expect(web.requests.all.map(({ path }) => path)).toEqual(['/Token-geheim-1']);
    const sent = await scene.mailkeep.run('notify', '--test');
    expect(sent).toMatchObject({ code: 0, stdout: `webhook ${new URL(web.url).host}: sent\n` });
    expect(failed.stdout + failed.stderr + sent.stderr).not.toContain('geheim');
  });

  test.runIf(spawnSync('openssl', ['version']).status === 0)(
    'mail goes through STARTTLS and TLS, and only to a server whose certificate is trusted',
    async () => {
      await using scene = await stage();
      const certificates = await makeCertificates(scene.mailkeep.folder);
      const login = { user: 'alerts', password: 'Smtp-geheim-77' };
      await using starttls = await SmtpSink.start({ tls: 'starttls', certificates, login });
      await using implicit = await SmtpSink.start({ tls: 'implicit', certificates, login });
      await using bare = await SmtpSink.start({ tls: 'none', login });
      const email = (port: number, tls: string, more: object = {}) => ({
        type: 'email',
        smtp: { host: 'localhost', port, tls, ...login, tls_ca_file: 'ca.pem', ...more },
        from: 'a@example.org',
        to: [`${tls}@example.org`],
      });
      await scene.mailkeep.configure({
        port: scene.server.port,
        user: 'alice',
        password: PASSWORD,
        top: {
          notify: [
            email(starttls.port, 'starttls'),
            email(implicit.port, 'implicit'),
            email(implicit.port, 'implicit', { tls_ca_file: undefined }),
            email(bare.port, 'starttls'),
            email(implicit.port, 'implicit', { password: 'wrong-geheim' }),
          ],
        },
      });
      const run = await scene.mailkeep.run('notify', '--test', '--json');
      const { notifiers } = documentOf(run) as { notifiers: { error: string | null }[] };
      expect(notifiers.map(({ error }) => error)).toEqual([
        null,
        null,
        expect.stringContaining('its certificate is not trusted'),
        expect.stringMatching(/^no TLS with localhost:/),
        expect.stringMatching(/refused the sign-in \(SMTP 535\)$/),
      ]);
      expect(run.code).toBe(3);
      expect(bare.mails.all).toEqual([]);
      for (const sink of [starttls, implicit])
        expect(sink.mails.all).toMatchObject([{ encrypted: true, user: 'alerts' }]);
      expect(run.stdout + run.stderr).not.toContain('geheim');
    },
  );
});

describe('the daemon and systemd', () => {
  const missing = notifyMissing();
  test.skipIf(missing !== null)(
    `${missing === null ? '' : `${missing} is needed: `}says when it is ready, what it does, that it lives, reloads and stops`,
    async () => {
      await using scene = await stage();
      using systemd = await NotifySocket.open(join(scene.mailkeep.folder, 'notify.sock'));
      scene.mailkeep.environment.NOTIFY_SOCKET = systemd.path;
      scene.mailkeep.environment.WATCHDOG_USEC = '400000';
      await whileRunning(scene, async (child) => {
        await systemd.messages.first('READY', (text) => text === 'READY=1');
        await systemd.messages.first('a status', (text) =>
          /^STATUS=idle, 1 account; next: personal at /.test(text),
        );
        await systemd.messages.first('WATCHDOG', (text) => text === 'WATCHDOG=1');
        child.kill('SIGHUP');
        await systemd.messages.first('RELOADING', (text) => /^RELOADING=1\nMONOTONIC_USEC=\d+$/.test(text));
        await until(async () =>
          systemd.messages.all.filter((text) => text === 'READY=1').length === 2 ? true : null,
        );
      });
      await systemd.messages.first('STOPPING', (text) => text === 'STOPPING=1');
    },
  );
});

describe('the log of the daemon', () => {
  test('is JSON in a pipe, and lines with a message each', async () => {
    await using scene = await stage({ log: { level: 'info' } });
    const run = await whileRunning(scene, () => ready(scene.socket).then(() => undefined));
    const lines = run.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: number; time: number; msg: string });
    expect(lines.map(({ msg }) => msg)).toContain('mailkeep started');
    expect(lines.map(({ msg }) => msg).at(-1)).toBe('mailkeep stopped');
    expect(lines.some(({ msg }) => /^personal: run \d+ ok: 12 added$/.test(msg))).toBe(true);
  });

  test('no password, token or key is in anything that any command says', async () => {
    await using web = await HttpSink.start();
    web.answers.push(500, 404, 500);
    const secrets = {
      account: 'wrong-geheim-a',
      webhook: 'Token-geheim-b',
      smtp: 'Smtp-geheim-c',
    };
    await using mail = await SmtpSink.start({ tls: 'none', login: { user: 'alerts', password: 'another' } });
    await using scene = await stage(
      {
        log: { level: 'trace' },
        notify: [
          { type: 'webhook', url: `${web.url}/${secrets.webhook}` },
          {
            type: 'webhook',
            url: `http://user:${secrets.webhook}@127.0.0.1:9/${secrets.webhook}?t=${secrets.webhook}`,
          },
          { type: 'ping', url: `${web.url}/${secrets.webhook}` },
          {
            type: 'email',
            smtp: { host: '127.0.0.1', port: mail.port, tls: 'none', user: 'alerts', password: secrets.smtp },
            from: 'a@example.org',
            to: ['b@example.org'],
          },
        ],
      },
      secrets.account,
    );
    const daemon = await whileRunning(scene, async (_, said) => {
      await until(async () => (said().includes('refused the sign-in') ? true : null));
    });
    await chmod(scene.mailkeep.configFile, 0o644);
    const open = await scene.mailkeep.run('sync');
    await chmod(scene.mailkeep.configFile, 0o600);
    const runs = [daemon, open];
    for (const words of [
      ['sync'],
      ['sync', '--json'],
      ['status'],
      ['notify', '--test'],
      ['notify', '--test', '--json'],
      ['check'],
    ])
      runs.push(await scene.mailkeep.run(...words));
    expect(runs.length).toBeGreaterThan(7);
    for (const { stdout, stderr } of runs) {
      expect(stdout + stderr).not.toBe('');
      expect(stdout + stderr).not.toContain('geheim');
    }
  });
});

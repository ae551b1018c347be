// The unit files under a real systemd, word for word; only the config, its credentials and impatience are ours.

import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { put } from '../e2e/in-process.js';
import { ImapServer } from '../support/imap-server/server.js';
import { SystemdMachine } from '../support/systemd-machine.js';

const PASSWORD = 'Imap-geheim-9d2c';
const SERVICE = 'mailkeep.service';
const USER_UNIT = join(import.meta.dirname, '../../systemd/mailkeep-user.service');
const ACCOUNT = { name: 'personal', host: '127.0.0.1', tls: 'none', user: 'alice' };

let machine: SystemdMachine;
let server: ImapServer;

const whyNot = SystemdMachine.whyNot();
describe.skipIf(whyNot !== undefined)(
  `mailkeep under systemd${whyNot === undefined ? '' : ` (skipped: ${whyNot})`}`,
  () => {
    beforeAll(async () => {
      server = await ImapServer.start({ users: { alice: PASSWORD } });
      put(server.store('alice'), 'INBOX', 5);
      machine = await SystemdMachine.start();
      write('/etc/mailkeep/personal.password', PASSWORD);
      configure({ http: { listen: 'unix:/run/mailkeep/http.sock' } });
      for (const unit of [SERVICE, 'mailkeep-sync.service'])
        dropIn(unit, 'LoadCredential=personal:/etc/mailkeep/personal.password');
      await systemctl('daemon-reload');
    });
    afterAll(async () => {
      await machine?.stop();
      await server?.[Symbol.asyncDispose]();
    });

    test('the service starts, says what it does, keeps its mail to itself and stops with 0', async () => {
      await systemctl('start', SERVICE);
      const started = await machine.show(SERVICE);
      expect(started).toMatchObject({ ActiveState: 'active', SubState: 'running', NRestarts: '0' });
      await until(async () =>
        (await machine.show(SERVICE)).StatusText!.startsWith('idle, 1 account; next: personal at '),
      );
      const archive = machine.path('/var/lib/private/mailkeep/personal');
      expect(readdirSync(join(archive, 'mail/INBOX/cur'))).toHaveLength(5);
      const { uid, mode } = statSync(archive);
      expect(uid).not.toBe(0);
      expect(mode & 0o777).toBe(0o700);
      expect(await ask('/readyz')).toBe(200);
      expect(await machine.journal(SERVICE)).toContainEqual(
        expect.stringMatching(/^6 info {2}personal: run 1 ok: 5 added/),
      );
      await systemctl('stop', SERVICE);
      expect(await machine.show(SERVICE)).toMatchObject({
        ActiveState: 'inactive',
        Result: 'success',
        ExecMainStatus: '0',
      });
      expect((await machine.journal(SERVICE)).join('\n')).not.toContain(PASSWORD);
    });

    test('a reload reads the config, a signal hurries it, and a hang is ended and begun again', async () => {
      dropIn(SERVICE, 'WatchdogSec=2', 'hasty');
      dropIn(SERVICE, 'RestartSec=100ms', 'soon');
      await systemctl('daemon-reload');
      await systemctl('start', SERVICE);
      await systemctl('reload', SERVICE);
      await heard(/^6 info {2}the new configuration is in force$/);
      await systemctl('kill', '--kill-who=main', '-s', 'USR1', SERVICE);
      const { MainPID } = await machine.show(SERVICE);
      expect((await machine.run('kill', '-STOP', MainPID!)).code).toBe(0);
      await until(async () => {
        const { NRestarts, ActiveState, MainPID: now } = await machine.show(SERVICE);
        return NRestarts === '1' && ActiveState === 'active' && now !== MainPID;
      });
      await systemctl('stop', SERVICE);
    });

    test('a wrong config leaves it to a person', async () => {
      write('/etc/mailkeep/config.yaml', 'accounts: [{ nmae: personal }]');
      expect((await machine.run('systemctl', 'start', SERVICE)).code).toBe(1);
      expect(await machine.show(SERVICE)).toMatchObject({ ActiveState: 'failed', ExecMainStatus: '2' });
      configure();
    });

    test('the user’s unit runs under a manager of their own, with their config', async () => {
      const environment = ['XDG_RUNTIME_DIR=/run/user/0', 'HOME=/root'];
      const user = async (...words: string[]) => {
        const said = await machine.run('env', ...environment, 'systemctl', '--user', ...words);
        expect(said).toMatchObject({ code: 0 });
        return said.stdout;
      };
      write('/root/.config/systemd/user/mailkeep.service', readFileSync(USER_UNIT, 'utf8'));
      const account = { ...ACCOUNT, port: server.port, password: PASSWORD };
      write(
        '/root/.config/mailkeep/config.yaml',
        JSON.stringify({ data_dir: '/root/mail', accounts: [account] }),
      );
      const manager = ['-p', 'Type=notify', '-p', 'Delegate=yes', '-p', 'RuntimeDirectory=user/0'];
      const settings = ['-p', `Environment=${environment.join(' ')}`];
      const started = await machine.run(
        'systemd-run',
        '-q',
        ...manager,
        ...settings,
        '/lib/systemd/systemd',
        '--user',
      );
      expect(started).toMatchObject({ code: 0 });
      await user('start', SERVICE);
      await until(async () => /^StatusText=idle, 1 account/m.test(await user('show', SERVICE)));
      await user('stop', SERVICE);
      expect(await user('show', SERVICE)).toMatch(/^Result=success$/m);
      expect(readdirSync(machine.path('/root/mail/personal/mail/INBOX/cur'))).toHaveLength(5);
    });

    test('the timer starts a run that ends well', async () => {
      await systemctl('start', 'mailkeep-sync.timer');
      const { NextElapseUSecRealtime } = await machine.show('mailkeep-sync.timer');
      expect(NextElapseUSecRealtime).not.toBe('');
      put(server.store('alice'), 'INBOX', 1);
      await systemctl('start', 'mailkeep-sync.service');
      expect(await machine.show('mailkeep-sync.service')).toMatchObject({
        Result: 'success',
        ExecMainStatus: '0',
      });
      expect(readdirSync(machine.path('/var/lib/private/mailkeep/personal/mail/INBOX/cur'))).toHaveLength(6);
    });
  },
);

function configure(top: object = {}): void {
  const account = { ...ACCOUNT, port: server.port, password_credential: 'personal' };
  write('/etc/mailkeep/config.yaml', JSON.stringify({ schedule: '0 0 1 1 *', ...top, accounts: [account] }));
}

/** As root has it: nobody else can read it. */
function write(file: string, text: string): void {
  const path = machine.path(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
}

function dropIn(unit: string, line: string, name = 'test'): void {
  write(`/etc/systemd/system/${unit}.d/${name}.conf`, `[Service]\n${line}\n`);
}

async function systemctl(...words: string[]): Promise<void> {
  const said = await machine.run('systemctl', ...words);
  if (said.code !== 0)
    throw new Error(
      `systemctl ${words.join(' ')}: ${said.stderr}\n${(await machine.journal(SERVICE)).join('\n')}`,
    );
}

async function heard(pattern: RegExp): Promise<void> {
  await until(async () => (await machine.journal(SERVICE)).some((line) => pattern.test(line)));
}

async function until(look: () => Promise<boolean>): Promise<void> {
  await expect.poll(look, { timeout: 20_000, interval: 100 }).toBe(true);
}

function ask(path: string): Promise<number> {
  const socketPath = machine.path('/run/mailkeep/http.sock');
  expect(lstatSync(socketPath).mode & 0o777).toBe(0o600);
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end();
  });
}

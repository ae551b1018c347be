// `doctor` looks at everything and goes on where other commands end: each case breaks one thing and reads what it says.

import { chmodSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';

interface Check {
  readonly account: string | null;
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly hint: string | null;
  readonly code: string | null;
  readonly fingerprint?: string;
}

function checksOf(run: Run): Map<string, Check> {
  const { checks } = documentOf(run) as unknown as { checks: Check[] };
  return new Map(checks.map((check) => [check.check, check]));
}

describeWithDovecot('doctor', () => {
  let dovecot: Dovecot;
  let mailkeep: Mailkeep;

  const settings = (keys: Record<string, unknown> = {}) => ({
    port: dovecot.tlsPort,
    user: 'doctor',
    password: dovecot.password,
    keys: {
      tls: 'implicit',
      tls_ca_file: dovecot.certificates.caFile,
      folders: { exclude: ['Trash'] },
      ...keys,
    },
  });

  beforeAll(async () => {
    dovecot = await Dovecot.start();
    await dovecot.putMessages('doctor', 'INBOX', [{ body: markedMessage('one') }]);
    for (const name of ['日本語', 'Trash']) await (await dovecot.client('doctor')).mailboxCreate(name);
    mailkeep = await Mailkeep.create(settings());
  });

  afterAll(async () => {
    await mailkeep?.remove();
    await dovecot?.stop();
  });

  test('looks at every step and ends with 0 where there are only warnings', async () => {
    const run = await mailkeep.run('doctor', '--json');
    const checks = checksOf(run);
    expect(run.code).toBe(0);
    expect([...checks.values()].filter(({ status }) => status === 'problem')).toEqual([]);
    for (const name of ['node', 'sqlite', 'config', 'disk', 'name', 'tcp', 'sign-in', 'capabilities', 'room'])
      expect([name, checks.get(name)?.status]).toEqual([name, 'ok']);
    expect(checks.get('tls')?.fingerprint).toBe(`sha256:${dovecot.certificates.fingerprint}`);
    expect(checks.get('archive')).toMatchObject({ status: 'warning', message: 'nothing was backed up yet' });
  });

  test('names each mailbox, with its count and the pattern that decides', async () => {
    const { accounts } = documentOf(await mailkeep.run('doctor', '--json')) as unknown as {
      accounts: { mailboxes: { path: string }[] }[];
    };
    const mailboxes = new Map(accounts[0]!.mailboxes.map((mailbox) => [mailbox.path, mailbox]));
    expect(mailboxes.get('INBOX')).toMatchObject({ messages: 1, selected: true, pattern: '*' });
    expect(mailboxes.get('日本語')).toMatchObject({ messages: 0, selected: true });
    expect(mailboxes.get('Trash')).toMatchObject({ selected: false, reason: 'excluded', pattern: 'Trash' });
    const text = (await mailkeep.run('doctor')).stdout;
    expect(text).toMatch(/Trash +0 .*out +exclude Trash/);
  });

  test('sees certificates also behind STARTTLS', async () => {
    await mailkeep.configure({ ...settings({ tls: 'starttls' }), port: dovecot.port });
    const checks = checksOf(await mailkeep.run('doctor', '--json'));
    expect(checks.get('tls')?.fingerprint).toBe(`sha256:${dovecot.certificates.fingerprint}`);
    expect(checks.get('sign-in')?.status).toBe('ok');
  });

  test('an untrusted certificate is a problem, and its fingerprint is there to pin', async () => {
    await mailkeep.configure({
      ...settings(),
      keys: { tls: 'implicit' },
    });
    const run = await mailkeep.run('doctor');
    expect(run.code).toBe(1);
    expect(run.stdout).toContain(`sha256:${dovecot.certificates.fingerprint}`);
    expect(run.stdout).toMatch(/PROBLEM +tls +personal: .*not trusted/);
  });

  test('a refused password is 12, and the archive is looked at all the same', async () => {
    await mailkeep.configure({ ...settings(), password: 'wrong' });
    const run = await mailkeep.run('doctor', '--json');
    expect(run.code).toBe(12);
    expect(checksOf(run).get('sign-in')).toMatchObject({ status: 'problem', code: 'credentials' });
    expect(checksOf(run).get('archive')).toBeDefined();
  });

  test('a server out of reach is 75, with the step that fails', async () => {
    await mailkeep.configure({ ...settings(), port: 1 });
    const run = await mailkeep.run('doctor', '--json');
    expect(run.code).toBe(75);
    expect(checksOf(run).get('tcp')).toMatchObject({ status: 'problem', code: 'unreachable' });
    await mailkeep.configure(settings({ host: 'no-such-host.invalid' }));
    const unknown = await mailkeep.run('doctor', '--json');
    expect(unknown.code).toBe(75);
    expect(checksOf(unknown).get('name')?.status).toBe('problem');
  });

  test('a broken config is 2, and the program and its parts are looked at all the same', async () => {
    writeFileSync(mailkeep.configFile, 'acounts: []\n');
    const run = await mailkeep.run('doctor', '--json');
    expect(run.code).toBe(2);
    expect(checksOf(run).get('config')).toMatchObject({ status: 'problem', code: 'config' });
    expect(checksOf(run).get('config')?.message).toContain('did you mean "accounts"?');
    expect(checksOf(run).get('node')?.status).toBe('ok');
  });

  test('after a run it tells how that went; open folders and a damaged index are found', async () => {
    await mailkeep.configure(settings());
    expect((await mailkeep.sync()).code).toBe(0);
    expect(checksOf(await mailkeep.run('doctor', '--json')).get('runs')?.status).toBe('ok');
    chmodSync(mailkeep.root, 0o755);
    expect(checksOf(await mailkeep.run('doctor', '--json')).get('archive')).toMatchObject({
      status: 'warning',
      hint: `chmod 700 ${mailkeep.root}`,
    });
    truncateSync(join(mailkeep.root, 'index.db'), 8192);
    const run = await mailkeep.run('doctor', '--json');
    expect(run.code).toBe(1);
    expect(checksOf(run).get('archive')).toMatchObject({ status: 'problem', code: 'index' });
    expect(checksOf(run).get('sign-in')?.status).toBe('ok');
  });
});

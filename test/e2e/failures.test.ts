// What goes wrong before or beside the mail: each failure has its exit code, one clear sentence and a hint, one JSON
// document with --json, harms nothing and tells no secret.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveLines, contentLines, storeState } from '../support/archive.js';
import { makeCertificates } from '../support/certificates.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { dropBehind, rewrite, stall } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import { closeServer, listenAnywhere, portOf } from '../support/loopback.js';
import { type AccountSettings, documentOf, ENGINES, Mailkeep, type Run } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { onServer, PASSWORD, put } from './in-process.js';

interface Expected {
  readonly code: number;
  readonly error: string;
  readonly says: RegExp;
  readonly hint?: RegExp;
}

/** The command fails as it should, for people and for programs, and keeps the password to itself. */
async function expectFailure(mailkeep: Mailkeep, args: readonly string[], expected: Expected): Promise<void> {
  const plain = await mailkeep.run(...args);
  expect(plain.code, plain.stderr).toBe(expected.code);
  expect(plain.stdout).toBe('');
  const lines = plain.stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^mailkeep: /);
  expect(lines[0]).toMatch(expected.says);
  expect(lines[1]).toMatch(/^ {2}\S/);
  expect(lines[1]).toMatch(expected.hint ?? /\w/);

  const json = await mailkeep.run(...args, '--json');
  expect([json.code, json.stderr]).toEqual([expected.code, '']);
  const error = errorOf(json);
  expect(error.code).toBe(expected.error);
  expect(error.message).toMatch(expected.says);
  expect(error.hint).toMatch(expected.hint ?? /\w/);
  for (const text of [plain.stderr, json.stdout]) {
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(Buffer.from(PASSWORD).toString('base64'));
    expect(text).not.toMatch(/\n\s+at /);
  }
}

/** The error of a sync's only account, or of the command as a whole. */
function errorOf(run: Run): { code: string; message: string; hint: string } {
  const document = documentOf(run) as { error?: unknown; accounts?: { error: unknown }[] };
  return (document.error ?? document.accounts?.[0]?.error) as { code: string; message: string; hint: string };
}

describe.each(ENGINES)('an account that does not open (%s)', (engine) => {
  const open = (settings: Partial<AccountSettings>) =>
    Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD, engine, ...settings });

  test('a wrong password is 12, and the archive stays as it was', async () => {
    await using server = await ImapServer.start({ users: { alice: 'right' } });
    put(server.store('alice'), 'INBOX', 3);
    const account = { port: server.port, user: 'alice', engine };
    await using mailkeep = await Mailkeep.create({ ...account, password: 'right' });
    expect((await mailkeep.sync()).code).toBe(0);
    const before = archiveLines(mailkeep.archive());
    await mailkeep.configure({ ...account, password: PASSWORD });
    const expected = { code: 12, error: 'credentials', says: /refused.*alice/, hint: /password/ };
    await expectFailure(mailkeep, ['sync'], expected);
    expect(archiveLines(mailkeep.archive())).toEqual(before);
    const status = await mailkeep.run('status', '--json');
    expect([status.code, status.stdout.includes(PASSWORD)]).toEqual([0, false]);
    for (const name of readdirSync(mailkeep.root).filter((entry) => /\.(db|jsonl)/.test(entry)))
      expect(readFileSync(join(mailkeep.root, name)).includes(PASSWORD), name).toBe(false);
  });

  test('an unknown host is 75', async () => {
    await using mailkeep = await open({ keys: { host: 'no-such-host.invalid', tls: 'implicit' } });
    const expected = { code: 75, error: 'unreachable', says: /no-such-host\.invalid/, hint: /host/ };
    await expectFailure(mailkeep, ['sync'], expected);
  });

  test('a closed port is 75', async () => {
    const closed = await listenAnywhere(createServer());
    const port = portOf(closed);
    await closeServer(closed);
    await using mailkeep = await open({ port });
    const expected = {
      code: 75,
      error: 'unreachable',
      says: new RegExp(`127\\.0\\.0\\.1:${port}`),
      hint: /port/,
    };
    await expectFailure(mailkeep, ['sync'], expected);
  });

  test('a server that hangs up before its greeting, or asks to come later, is 75', async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    await using mailkeep = await open({ port: server.port });
    const fault = server.faults.add({ command: 'GREETING' }, dropBehind('rst'));
    await expectFailure(mailkeep, ['sync'], { code: 75, error: 'unreachable', says: /127\.0\.0\.1/ });
    server.faults.remove(fault);
    server.faults.add(
      { command: 'GREETING' },
      rewrite(() => Buffer.from('* BYE [UNAVAILABLE] Too many connections, try again later\r\n')),
    );
    await expectFailure(mailkeep, ['sync'], { code: 75, error: 'throttled', says: /later/ });
  });

  test('STARTTLS that somebody strips is refused before the password is sent', async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    await using mailkeep = await open({ port: server.port, keys: { tls: 'starttls' } });
    await expectFailure(mailkeep, ['sync'], { code: 1, error: 'tls', says: /STARTTLS/, hint: /encryption/ });
    expect(server.log.names.filter((name) => /LOGIN|AUTHENTICATE/.test(name))).toEqual([]);
  });
});

describeWithDovecot('TLS', () => {
  let server: Dovecot;
  beforeAll(async () => {
    server = await Dovecot.start();
    await server.putMessages('alice', 'INBOX', makeMessages({ seed: 1, count: 5 }));
  });
  afterAll(() => server?.stop());

  describe.each([
    ['implicit', () => server.tlsPort],
    ['starttls', () => server.port],
  ] as const)('%s', (tls, port) => {
    test.each(ENGINES)(
      'refuses a certificate nobody vouches for, takes it with its authority (%s)',
      async (engine) => {
        const account = { port: port(), user: 'alice', password: server.password, engine };
        await using mailkeep = await Mailkeep.create({ ...account, keys: { tls } });
        const expected = { code: 1, error: 'tls', says: /certificate/, hint: /tls_ca_file/ };
        await expectFailure(mailkeep, ['sync'], expected);

        await writeFile(join(mailkeep.folder, 'ca.pem'), readFileSync(server.certificates.caFile));
        await mailkeep.configure({ ...account, keys: { tls, tls_ca_file: 'ca.pem' } });
        expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 5 });

        const other = join(mailkeep.folder, 'other');
        await mkdir(other);
        await makeCertificates(other);
        await mailkeep.configure({ ...account, keys: { tls, tls_ca_file: 'other/ca.pem' } });
        await expectFailure(mailkeep, ['sync'], { ...expected, hint: /\w/ });
      },
    );
  });
});

describe('the command and its config', () => {
  /** Root reads every file. */
  const asRoot = process.getuid?.() === 0;

  test('a config that is missing, unreadable or wrong is 2 and names the place', async () => {
    await using mailkeep = await Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD });
    const missing = ['--config', 'nowhere.yaml', 'sync'];
    await expectFailure(mailkeep, missing, { code: 2, error: 'config', says: /nowhere\.yaml/ });
    await mkdir(join(mailkeep.folder, 'folder.yaml'));
    const folder = ['--config', 'folder.yaml', 'sync'];
    await expectFailure(mailkeep, folder, { code: 2, error: 'config', says: /folder\.yaml/ });
    await mailkeep.configure({ port: 1, user: 'alice', password: PASSWORD, keys: { hots: 'x' } });
    const wrong = await mailkeep.run('sync', '--json');
    expect(wrong.code).toBe(2);
    expect(errorOf(wrong).message).toMatch(/config\.yaml:\d+:\d+.*hots/s);
    expect(wrong.stdout).not.toContain(PASSWORD);
    await mailkeep.configure({ port: 1, user: 'alice', password: PASSWORD });
    await chmod(mailkeep.configFile, 0o644);
    const open = await mailkeep.run('sync', '--json');
    expect([open.code, errorOf(open).code]).toEqual([2, 'config']);
    expect(open.stdout).not.toContain(PASSWORD);
  });

  test.skipIf(asRoot)('a config that may not be read is 2', async () => {
    await using mailkeep = await Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD });
    await chmod(mailkeep.configFile, 0);
    await expectFailure(mailkeep, ['sync'], { code: 2, error: 'config', says: /config\.yaml/ });
  });

  test('flags, commands and accounts that do not exist are 2', async () => {
    await using mailkeep = await Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD });
    for (const args of [
      ['sync', '--nonsense'],
      ['snyc'],
      ['--log-level', 'loud', 'sync'],
      [],
      ['help', 'snyc'],
    ]) {
      const plain = await mailkeep.run(...args);
      expect([args, plain.code, plain.stdout]).toEqual([args, 2, '']);
      expect(plain.stderr).toMatch(/\w/);
      const json = await mailkeep.run('--json', ...args);
      expect([args, json.code]).toEqual([args, 2]);
      expect(errorOf(json)).toMatchObject({ code: 'usage', message: expect.stringMatching(/\w [\w']/) });
    }
    const unknown = { code: 2, error: 'usage', says: /"nobody"/, hint: /personal/ };
    await expectFailure(mailkeep, ['sync', 'nobody'], unknown);
  });

  test.each(['status', 'history', 'check'])('%s where nothing was backed up is 10', async (command) => {
    await using mailkeep = await Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD });
    await expectFailure(mailkeep, [command], {
      code: 10,
      error: 'no_archive',
      says: /no archive/i,
      hint: /sync/,
    });
    expect(readdirSync(mailkeep.folder)).toEqual(['config.yaml']);
  });

  test.each([
    'status',
    'history',
    'check',
    'check --drill',
    'search x',
    'show ffffffffffff',
    'attachments',
    'repair',
    'repair --rebuild-index',
    'prune',
    'accept personal',
    'sync',
    'sync --dry-run',
    'restore personal',
    'export personal --format eml --to out',
  ])('%s of an archive that can not be looked into is 1, and nobody is told of a bug', async (command) => {
    await using mailkeep = await Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD });
    // A folder of another user's says EACCES in the same places, but not to root.
    await mkdir(join(mailkeep.folder, 'data'));
    await writeFile(mailkeep.root, 'a file');
    const expected = { code: 1, error: 'io', says: /data\/personal/, hint: /data_dir/ };
    await expectFailure(mailkeep, command.split(' '), expected);
  });

  test('a second mailkeep on the same account is 11, and the first one goes on', async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    put(server.store('alice'), 'INBOX', 10);
    await using mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD });
    const fault = server.faults.add({ command: 'UID FETCH', text: /BODY/ }, stall());
    const first = mailkeep.start('sync', '--json');
    await fault.reached;
    const says = new RegExp(`locked.*pid ${first.child.pid}`);
    await expectFailure(mailkeep, ['sync'], { code: 11, error: 'locked', says, hint: /wait/ });
    expect((await mailkeep.run('status', '--json')).code).toBe(0);
    fault.release();
    expect((await first.ended).code).toBe(0);
    expect(archiveLines(mailkeep.archive())).toEqual(onServer(server.store('alice')));
    expect((await mailkeep.sync()).code).toBe(0);
  });
});

describe('a full disk', () => {
  const mountable = canMount();
  if (mountable !== undefined) console.warn(`SKIPPED "a full disk": ${mountable}`);

  test.skipIf(mountable !== undefined).each(ENGINES)(
    'is 1; with room again the next run goes on (%s)',
    async (engine) => {
      await using server = await ImapServer.start({ users: { alice: PASSWORD } });
      const store = server.store('alice');
      for (const { body } of makeMessages({ seed: 5, count: 1500, medianBytes: 8000 }))
        store.inbox.append({ body });
      await using mailkeep = await Mailkeep.create({
        port: server.port,
        user: 'alice',
        password: PASSWORD,
        engine,
      });
      const data = join(mailkeep.folder, 'data');
      await mkdir(data, { mode: 0o700 });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', data]);
      try {
        // A slow machine would see a line of progress first.
        const quiet = ['sync', '--quiet'];
        await expectFailure(mailkeep, quiet, { code: 1, error: 'disk_full', says: /space/, hint: /free/ });
        execFileSync('mount', ['-o', 'remount,size=200m', data]);
        const { code, report } = await mailkeep.sync();
        expect([code, report.error, report.failures]).toEqual([0, null, []]);
        const [inbox] = [...mailkeep.archive().values()];
        const truth = storeState(store).get('INBOX')!.messages;
        expect(contentLines(inbox!.values())).toEqual(contentLines(truth.values()));
        expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], corrupt: [], unindexed: [] });
      } finally {
        execFileSync('umount', [data]);
      }
    },
  );
});

/** Why no small file system can be had here, with the remedy. */
function canMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'a small tmpfs needs root';
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this machine lets nobody mount a tmpfs';
  }
}

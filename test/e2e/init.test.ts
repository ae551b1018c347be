// `init` without questions: what it writes works at once, and where something is wrong nothing is written.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';
import { program } from '../support/program.js';

const PASSWORD = 'Sesam-oeffne-dich-7f3a';

/** Records as a name service would give them, and nothing of any other name. */
const NAMES = `import { Resolver } from 'node:dns/promises';
  const none = () => { throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }); };
  const srv = {
    '_imaps._tcp.own.example': 'imap.own.example',
    '_imaps._tcp.foreign.example': 'imap.evil.example',
  };
  Resolver.prototype.resolveSrv = async (name) =>
    srv[name] ? [{ name: srv[name], port: 993, priority: 0, weight: 0 }] : none();
  Resolver.prototype.resolveMx = async (name) =>
    name === 'hosted.example' ? [{ exchange: 'in1-smtp.messagingengine.com', priority: 10 }] : none();
`;

describe('init', () => {
  let server: ImapServer;
  let mailkeep: Mailkeep;
  const target = () => join(mailkeep.folder, 'new', 'config.yaml');
  const flags = () => [
    ...['--config', target(), '--data-dir', join(mailkeep.folder, 'new-data'), '--email', 'mina@example.org'],
    ...['--host', '127.0.0.1', '--port', String(server.port), '--tls', 'none', '--user', 'mina'],
  ];
  const withPassword = (text: string) => {
    const file = join(mailkeep.folder, 'pw');
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return ['--password-file', file];
  };

  beforeAll(async () => {
    server = await ImapServer.start({ users: { mina: PASSWORD } });
    server.store('mina').inbox.append({ body: markedMessage('one') });
    mailkeep = await Mailkeep.create({ port: server.port, user: 'mina', password: PASSWORD });
  });

  afterAll(async () => {
    await mailkeep?.remove();
    await server?.close();
  });

  test('names every option that is missing and writes nothing', async () => {
    const run = await mailkeep.run('init', '--config', target());
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('missing: --email, --password-file or --password-command');
    const unknown = await mailkeep.run('init', '--config', target(), '--email', 'me@example.org');
    expect(unknown.stderr).toContain('missing: --host or --discover, --password-file or --password-command');
    expect(existsSync(target())).toBe(false);
  });

  test('asks the domain only with --discover, and takes nothing that could have been led elsewhere', async () => {
    const discover = async (domain: string) => {
      // The command's own name service would be the internet's.
      mailkeep.environment.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(NAMES)}`;
      const email = ['--email', `mina@${domain}`, '--discover', ...withPassword(PASSWORD)];
      try {
        return await mailkeep.run('init', '--config', target(), ...email);
      } finally {
        delete mailkeep.environment.NODE_OPTIONS;
      }
    };
    const own = await discover('own.example');
    expect(own.stderr).toContain(
      'found by the SRV record _imaps._tcp.own.example: imap.own.example, port 993',
    );
    expect(own.code).toBe(75);
    const foreign = await discover('foreign.example');
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toContain('names imap.evil.example, which is not below foreign.example');
    expect(foreign.stderr).toContain('--host imap.evil.example --port 993 --tls implicit');
    const hosted = await discover('hosted.example');
    expect(hosted.stderr).toContain('found by the MX record of hosted.example: imap.fastmail.com');
    const silent = await discover('silent.example');
    expect(silent.code).toBe(2);
    expect(silent.stderr).toContain('silent.example says nowhere which its mail server is');
    expect(existsSync(join(mailkeep.folder, 'new'))).toBe(false);
  });

  test('a refused password ends with 12, a dead server with 75, and nothing is written', async () => {
    expect((await mailkeep.run('init', ...flags(), ...withPassword('wrong-wrong'))).code).toBe(12);
    const dead = flags().map((word) => (word === String(server.port) ? '1' : word));
    expect((await mailkeep.run('init', ...dead, ...withPassword(PASSWORD))).code).toBe(75);
    expect(existsSync(join(mailkeep.folder, 'new'))).toBe(false);
  });

  test('writes a private, commented config with which sync works at once', async () => {
    const run = await mailkeep.run('init', '--json', ...flags(), ...withPassword(PASSWORD));
    expect(run.code).toBe(0);
    expect(documentOf(run)).toMatchObject({ version: 1, config: target(), account: 'mina', mailboxes: 1 });
    expect(statSync(target()).mode & 0o777).toBe(0o600);
    expect(statSync(join(mailkeep.folder, 'new')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(mailkeep.folder, 'new'))).toEqual(['config.yaml']);
    const text = readFileSync(target(), 'utf8');
    expect(text).toContain('schedule: "*/15 * * * *"');
    expect(text.split('\n').filter((line) => line.includes('#')).length).toBeGreaterThan(5);
    const sync = await mailkeep.run('sync', '--config', target(), '--json');
    expect(documentOf(sync)).toMatchObject({ accounts: [{ account: 'mina', status: 'ok', added: 1 }] });
  });

  test('leaves a config that is there alone, unless --force', async () => {
    const before = readFileSync(target(), 'utf8');
    const again = ['init', ...flags(), ...withPassword(PASSWORD), '--schedule', 'off'];
    const refused = await mailkeep.run(...again);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('is there already');
    expect(readFileSync(target(), 'utf8')).toBe(before);
    expect((await mailkeep.run(...again, '--force')).code).toBe(0);
    expect(readFileSync(target(), 'utf8')).toContain('schedule: "off"');
  });

  test('a schedule that is none is refused with the place, and nothing is written', async () => {
    const before = readFileSync(target(), 'utf8');
    const run = await mailkeep.run(
      'init',
      ...flags(),
      ...withPassword(PASSWORD),
      '--force',
      '--schedule',
      'often',
    );
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('cron expression');
    expect(readFileSync(target(), 'utf8')).toBe(before);
  });
});

/** A person at a terminal, played by util-linux's `script`: waits for a text, then types. */
class Person {
  heard = '';
  #wake: () => void = () => {};
  readonly child;
  readonly ended: Promise<number | null>;

  constructor(command: string, folder: string) {
    this.child = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm', LANG: 'C.UTF-8' },
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.heard += text;
      this.#wake();
    });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  async answer(question: string, keys: string): Promise<void> {
    while (!this.heard.includes(question)) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        this.ended.then(() => Promise.reject(new Error(`ended before "${question}":\n${this.heard}`))),
      ]);
    }
    this.heard = '';
    this.child.stdin.write(keys);
  }
}

describe.skipIf(program('script').missing)('init at a terminal', () => {
  const ENTER = '\r';
  const CLEAR = '\u0015';
  let server: ImapServer;
  let mailkeep: Mailkeep;
  const main = join(import.meta.dirname, '../../dist/main.js');
  const config = () => join(mailkeep.folder, '.config/mailkeep/config.yaml');
  const begin = () =>
    new Person(`stty rows 40 cols 100; exec ${process.execPath} ${main} init`, mailkeep.folder);

  beforeAll(async () => {
    server = await ImapServer.start({ users: { mina: PASSWORD } });
    server.store('mina').inbox.append({ body: markedMessage('one') });
    server.store('mina').create(encodeModifiedUtf7('日本語'));
    mailkeep = await Mailkeep.create({ port: server.port, user: 'mina', password: PASSWORD });
  });

  afterAll(async () => {
    await mailkeep?.remove();
    await server?.close();
  });

  const UP_TO_PASSWORD = (): (readonly [string, string])[] => [
    ['Your mail address', `mina@127.0.0.1${ENTER}`],
    ['Ask 127.0.0.1 for its mail server', ENTER],
    ['How is mail read there', ENTER],
    ['IMAP server', `${CLEAR}127.0.0.1${ENTER}`],
    ['Encryption', `\u001b[B\u001b[B${ENTER}`],
    ['Port', `${CLEAR}${server.port}${ENTER}`],
    ['User name', `${CLEAR}mina${ENTER}`],
    ['The password', ENTER],
  ];

  async function upToPassword(person: Person): Promise<void> {
    for (const [question, keys] of UP_TO_PASSWORD()) await person.answer(question, keys);
  }

  test('leaving at any question, by Ctrl-C or Esc, writes nothing and ends with 130', async () => {
    const questions: readonly (readonly [string, string])[] = [
      ...UP_TO_PASSWORD(),
      ['Password', `${PASSWORD}${ENTER}`],
      ['Which mailboxes', ENTER],
      ['Folder for the archive', ENTER],
      ['How often', ENTER],
    ];
    for (const [last, [question]] of questions.entries()) {
      const person = begin();
      for (const [asked, keys] of questions.slice(0, last)) await person.answer(asked, keys);
      await person.answer(question, last % 2 === 0 ? '\u0003' : '\u001b');
      expect([question, await person.ended]).toEqual([question, 130]);
      expect(person.heard).toContain('nothing was written');
      expect(existsSync(join(mailkeep.folder, '.config'))).toBe(false);
    }
  });

  test('asks, forgives a mistyped password, and writes what was tried', async () => {
    const person = begin();
    await upToPassword(person);
    await person.answer('Password', `mistyped-password${ENTER}`);
    await person.answer('That did not work', ENTER);
    await person.answer('The password', ENTER);
    await person.answer('Password', `${PASSWORD}${ENTER}`);
    await person.answer('日本語 (0 messages', `\u001b[B ${ENTER}`);
    await person.answer('Folder for the archive', ENTER);
    await person.answer('How often', ENTER);
    expect(await person.ended).toBe(0);
    expect(person.heard).toContain('mailkeep doctor');
    const text = readFileSync(config(), 'utf8');
    expect(text).toContain('exclude: ["日本語"]');
    expect(text).not.toContain(PASSWORD);
    expect(statSync(join(config(), '../mina.password')).mode & 0o777).toBe(0o600);
    const sync = await mailkeep.run('sync', '--config', config(), '--json');
    expect(documentOf(sync)).toMatchObject({ accounts: [{ status: 'ok', added: 1, mailboxes: 1 }] });
  });
});

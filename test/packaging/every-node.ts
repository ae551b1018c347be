// npm run packaging [-- --node 24]
// What a user gets: `npm pack`, installed with each supported Node.js, then init, doctor, sync and check of the
// installed command on a Dovecot. Node.js itself comes from npm (the packages that `npm i node@24` uses bring the
// headers too), so that the native module can be built where no ready-made one can be fetched. Takes minutes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Dovecot } from '../support/dovecot.js';
import { makeMessages } from '../support/messages.js';

const ROOT = resolve(import.meta.dirname, '../..');
const MESSAGES = 200;
const LARGEST_PACKAGE = 4_000_000;

const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true, default: ['20', '24', '26'] } },
});

const folder = mkdtempSync(join(tmpdir(), 'mailkeep-packaging-'));
try {
  const tarball = pack();
  const dovecot = await Dovecot.start();
  try {
    const messages = makeMessages({ count: MESSAGES, seed: 12 });
    await dovecot.putMessages('mina', 'INBOX', messages);
    for (const major of values.node) tryWith(install(major, tarball), dovecot);
  } finally {
    await dovecot.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The package as it would be published; looks at what is in it. */
function pack(): string {
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, stdio: 'ignore' });
  const [name] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  const tarball = join(folder, name!);
  const { size } = statSync(tarball);
  const files = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  const stray = files.filter(
    (file) => !/^package\/(dist|docs|systemd)\/|^package\/[^/]+$/.test(file) || file.includes('.test.'),
  );
  assert.deepEqual(stray, [], 'in the package that should not be');
  for (const file of ['dist/main.js', 'dist/commit', 'docs/man/mailkeep.1', 'config.example.yaml'])
    assert(files.includes(`package/${file}`), `${file} is missing in the package`);
  assert(size < LARGEST_PACKAGE, `the package has ${size} octets`);
  console.log(`${name}: ${files.length} files, ${size.toLocaleString('en')} octets`);
  return tarball;
}

interface Installed {
  readonly label: string;
  readonly command: string;
  readonly environment: NodeJS.ProcessEnv;
}

function install(major: string, tarball: string): Installed {
  const home = join(folder, `node-${major}`);
  mkdirSync(home);
  const runtime = `node-${process.platform}-${process.arch}`;
  npm(home, process.env, ['install', '--prefix', home, `${runtime}@${major}`]);
  const node = join(home, 'node_modules', runtime);
  const environment = {
    ...process.env,
    PATH: `${join(node, 'bin')}${delimiter}${process.env.PATH}`,
    HOME: home,
    npm_config_nodedir: node,
  };
  const version = execFileSync('node', ['--version'], { env: environment, encoding: 'utf8' }).trim();
  const began = Date.now();
  const prefix = join(home, 'prefix');
  npm(home, environment, [
    'install',
    '--global',
    '--prefix',
    prefix,
    '--allow-scripts=mailkeep,better-sqlite3',
    tarball,
  ]);
  const cache = join(prefix, 'lib/node_modules/mailkeep/dist/mailkeep.cache');
  assert(existsSync(cache), 'the installation compiled the program');
  console.log(`Node.js ${version}: installed in ${Math.round((Date.now() - began) / 1000)} s`);
  return { label: version, command: join(prefix, 'bin/mailkeep'), environment };
}

function npm(cwd: string, env: NodeJS.ProcessEnv, words: readonly string[]): void {
  try {
    execFileSync('npm', words, { cwd, env, stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    throw new Error(`npm ${words.join(' ')}: ${(error as { stderr?: string }).stderr?.slice(-3000)}`);
  }
}

function tryWith({ label, command, environment }: Installed, dovecot: Dovecot): void {
  const home = environment.HOME!;
  const env = { ...environment, XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data') };
  const mailkeep = (...words: string[]) =>
    execFileSync(command, words, { cwd: home, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  writeFileSync(join(home, 'pw'), `${dovecot.password}\n`, { mode: 0o600 });

  assert.match(mailkeep('--version'), /^\d+\.\d+\.\d+ \([0-9a-f]{12}\)\n$/, 'a version with its commit');
  const began = Date.now();
  mailkeep('--version');
  const start = Date.now() - began;

  const port = String(dovecot.tlsPort);
  const server = ['--host', 'localhost', '--port', port, '--tls-ca-file', dovecot.certificates.caFile];
  mailkeep(
    'init',
    '--email',
    'mina@example.org',
    '--user',
    'mina',
    ...server,
    '--password-file',
    'pw',
    '--yes',
  );
  mailkeep('doctor');
  const sync = JSON.parse(mailkeep('sync', '--json'));
  assert.equal(sync.accounts[0].added, MESSAGES);
  assert.equal(JSON.parse(mailkeep('sync', '--json')).accounts[0].added, 0);
  const check = JSON.parse(mailkeep('check', '--read-data', '--server', '--json'));
  assert.equal(check.accounts[0].files, MESSAGES);
  assert(existsSync(join(home, 'data/mailkeep/mina/mail/INBOX/cur')));
  console.log(`Node.js ${label}: init, doctor, sync and check are fine; --version takes ${start} ms`);
}

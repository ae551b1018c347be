import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigSource } from '../../src/config/config-file.js';
import { loadConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/core/errors.js';

const FINE = 'accounts:\n  - { name: a, host: h, user: me, password_env: PW }\n';

let root: string;
let source: ConfigSource;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailkeep-config-'));
  source = { env: {}, home: join(root, 'home'), workingFolder: root, file: null, dataDir: null };
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function put(path: string, text: string | Buffer = FINE): Promise<string> {
  const file = join(root, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

async function failure(changes: Partial<ConfigSource>): Promise<ConfigError> {
  const error: unknown = await loadConfig({ ...source, ...changes }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
}

describe('the configuration file', () => {
  test('is looked for where the command line, the environment, XDG and the home folder say, in that order', async () => {
    const inHome = await put('home/.config/mailkeep/config.yaml');
    expect((await loadConfig(source)).file).toBe(inHome);
    const xdg = await put('xdg/mailkeep/config.yaml');
    const env = { XDG_CONFIG_HOME: join(root, 'xdg') };
    expect((await loadConfig({ ...source, env })).file).toBe(xdg);
    const named = await put('named.yaml');
    expect((await loadConfig({ ...source, env: { ...env, MAILKEEP_CONFIG: named } })).file).toBe(named);
    await put('option.yaml');
    const all = { ...source, env: { ...env, MAILKEEP_CONFIG: named }, file: 'option.yaml' };
    expect((await loadConfig(all)).file).toBe('option.yaml');
  });

  test('of a relative or empty $XDG_CONFIG_HOME is the one in the home folder', async () => {
    const inHome = await put('home/.config/mailkeep/config.yaml');
    await put('xdg/mailkeep/config.yaml', 'broken: [');
    for (const XDG_CONFIG_HOME of ['xdg', '']) {
      expect((await loadConfig({ ...source, env: { XDG_CONFIG_HOME, MAILKEEP_CONFIG: '' } })).file).toBe(
        inHome,
      );
    }
  });

  test('that is nowhere is an error with the places that were looked at', async () => {
    const error = await failure({});
    expect(error.message).toBe(
      `no configuration file; looked for ${join(root, 'home/.config/mailkeep/config.yaml')} and /etc/mailkeep/config.yaml`,
    );
    expect(error).toMatchObject({
      code: 'config',
      hint: 'nothing was done; mailkeep init writes one, --config FILE names another place',
    });
    expect((await failure({ home: null })).message).toBe(
      'no configuration file; looked for /etc/mailkeep/config.yaml',
    );
  });

  test('that was named is an error when it is not there, whatever else is', async () => {
    await put('home/.config/mailkeep/config.yaml');
    expect(await failure({ file: 'nope.yaml' })).toMatchObject({
      message: 'nope.yaml: there is no such file',
      hint: 'nothing was done; mailkeep init writes one, config.example.yaml shows every key',
    });
    expect((await failure({ env: { MAILKEEP_CONFIG: '/nope/x.yaml' } })).message).toBe(
      '/nope/x.yaml: there is no such file',
    );
  });

  test('that is a folder is an error', async () => {
    await mkdir(join(root, 'folder'));
    expect(await failure({ file: 'folder' })).toMatchObject({
      message: 'folder: this is a folder',
      hint: 'name the file, such as folder/config.yaml',
    });
  });

  test('that is a loop of links, a usual one too, is an error and no reason to look on', async () => {
    const { symlink } = await import('node:fs/promises');
    await mkdir(join(root, 'home/.config/mailkeep'), { recursive: true });
    const link = join(root, 'home/.config/mailkeep/config.yaml');
    await symlink('config.yaml', link);
    expect((await failure({})).message).toBe(`${link}: cannot be read (ELOOP)`);
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read is an error', async () => {
    await chmod(await put('c.yaml'), 0);
    expect(await failure({ file: 'c.yaml' })).toMatchObject({ message: 'c.yaml: no permission to read it' });
  });

  test('that is not UTF-8 is an error that names the line', async () => {
    await put(
      'c.yaml',
      Buffer.concat([Buffer.from(`${FINE}# Gr\u00fc\u00dfe\n# Gr`), Buffer.from([0xfc, 0x0a])]),
    );
    expect(await failure({ file: 'c.yaml' })).toMatchObject({
      message: 'c.yaml:4:1: bytes that are not UTF-8',
      hint: 'save the file as UTF-8',
    });
    await put('d.yaml', Buffer.from([0x61, 0xff]));
    expect((await failure({ file: 'd.yaml' })).message).toBe('d.yaml:1:1: bytes that are not UTF-8');
  });

  test('that is huge is an error, and one of the greatest size is read', async () => {
    const most = 1024 * 1024;
    await put('fits.yaml', FINE + '#'.repeat(most - FINE.length));
    expect((await loadConfig({ ...source, file: 'fits.yaml' })).accounts).toHaveLength(1);
    await put('huge.yaml', FINE + '#'.repeat(most - FINE.length + 1));
    expect((await failure({ file: 'huge.yaml' })).message).toBe('huge.yaml: larger than 1048576 bytes');
  });

  test('may be a pipe', async () => {
    await promisify(execFile)('mkfifo', [join(root, 'pipe')]);
    const [config] = await Promise.all([
      loadConfig({ ...source, file: 'pipe' }),
      writeFile(join(root, 'pipe'), FINE),
    ]);
    expect(config.accounts).toHaveLength(1);
  });

  test('with a password must be private, and saying so is a mistake at its place', async () => {
    const file = await put('c.yaml', FINE.replace('password_env: PW', 'password: geheim-9f3'));
    expect((await loadConfig({ ...source, file })).accounts[0]?.credential.kind).toBe('password');
    await chmod(file, 0o644);
    const error = await failure({ file });
    expect(error.message).toBe(
      `${file}:2:35: accounts[0].password: others can read this file (mode 0644); run: chmod 600 ${file}`,
    );
    expect(error.hint).toBe('nothing was done; config.example.yaml shows every key');
  });

  test('gives paths relative to its own folder, whatever the working folder is', async () => {
    await put('etc/c.yaml', `data_dir: data\n${FINE.replace('password_env: PW', 'password_file: pw')}`);
    const config = await loadConfig({ ...source, file: 'etc/c.yaml' });
    expect(config.dataDir).toBe(join(root, 'etc/data'));
    expect(config.accounts[0]?.credential).toEqual({ kind: 'file', path: join(root, 'etc/pw') });
  });
});

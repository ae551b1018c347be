import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CredentialsError, InterruptedError } from '../../src/core/errors.js';
import type { SecretReference } from '../../src/core/ports/credential.js';
import { Secret } from '../../src/core/secret.js';
import { type ResolveOptions, resolveSecret } from '../../src/credentials/configured.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-credentials-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const QUIET: ResolveOptions = { env: {}, signal: new AbortController().signal };

async function reveal(reference: SecretReference, options: Partial<ResolveOptions> = {}): Promise<string> {
  const secret = await resolveSecret(reference, { ...QUIET, ...options });
  expect(secret).toBeInstanceOf(Secret);
  return secret.reveal();
}

async function failure(
  reference: SecretReference,
  options: Partial<ResolveOptions> = {},
): Promise<CredentialsError> {
  const error: unknown = await resolveSecret(reference, { ...QUIET, ...options }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CredentialsError);
  expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  return error as CredentialsError;
}

async function put(name: string, content: string | Buffer, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode });
  await chmod(path, mode);
  return path;
}

describe('a password in the configuration', () => {
  test('is what it is, spaces included', async () => {
    expect(await reveal({ kind: 'password', value: new Secret(' geheim \u00fc') })).toBe(' geheim \u00fc');
  });
});

describe('a password in a file', () => {
  test.each([
    ['geheim', 'geheim'],
    ['geheim\n', 'geheim'],
    ['geheim\r\n', 'geheim'],
    [' ge heim ', ' ge heim '],
    ['pässwörd 日本\n', 'pässwörd 日本'],
  ])('of %j is %j', async (content, password) => {
    expect(await reveal({ kind: 'file', path: await put('pw', content) })).toBe(password);
  });

  test('is asked for anew each time', async () => {
    const path = await put('pw', 'old\n');
    expect(await reveal({ kind: 'file', path })).toBe('old');
    await put('pw', 'new\n');
    expect(await reveal({ kind: 'file', path })).toBe('new');
  });

  test('that others can read is used with a warning, a private one without', async () => {
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const path = await put('pw', 'geheim\n', 0o640);
    expect(await reveal({ kind: 'file', path }, { warn })).toBe('geheim');
    expect(warnings).toEqual([`others can read ${path}; run: chmod 600 ${path}`]);
    await chmod(path, 0o600);
    await reveal({ kind: 'file', path }, { warn });
    expect(warnings).toHaveLength(1);
  });

  test.each([
    ['', 'empty'],
    ['\n', 'empty'],
    ['geheim\n\n', 'more than one line'],
    ['geheim\nuser: me\n', 'more than one line'],
    ['ge\rheim', 'more than one line'],
    ['ge\0heim', 'holds a NUL character'],
  ])('of %j is refused', async (content, problem) => {
    const path = await put('pw', content);
    expect((await failure({ kind: 'file', path })).message).toBe(`password_file ${path}: ${problem}`);
  });

  test('that is no text, or too long, or not there, or no file is refused', async () => {
    const path = join(folder, 'pw');
    const refused = async () => (await failure({ kind: 'file', path })).message;
    expect(await refused()).toBe(`password_file: there is no ${path}`);
    await put('pw', Buffer.from([0x67, 0xff]));
    expect(await refused()).toBe(`password_file: ${path} is not UTF-8 text`);
    await put('pw', 'x'.repeat(65_537));
    expect(await refused()).toBe(`password_file: ${path} is larger than 65536 bytes`);
    await put('pw', 'x'.repeat(65_536));
    expect(await reveal({ kind: 'file', path })).toHaveLength(65_536);
    await rm(path);
    await mkdir(path);
    expect(await refused()).toBe(`password_file: ${path} is no regular file`);
    expect(await failure({ kind: 'file', path: '/dev/zero' })).toMatchObject({
      message: 'password_file: /dev/zero is no regular file',
      code: 'credentials',
      hint: 'name a file that holds the secret',
    });
  });

  test('that is a pipe nobody writes to is refused, not waited for', async () => {
    const { execFileSync } = await import('node:child_process');
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    expect((await failure({ kind: 'file', path })).message).toBe(`password_file: ${path} is no regular file`);
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read is refused', async () => {
    const path = await put('pw', 'geheim', 0);
    expect((await failure({ kind: 'file', path })).message).toBe(
      `password_file: ${path} cannot be read (EACCES)`,
    );
  });
});

describe('a password in the environment', () => {
  test('is the value of the variable', async () => {
    expect(await reveal({ kind: 'env', name: 'PW' }, { env: { PW: 'geheim' } })).toBe('geheim');
  });

  test('that is not set, or empty, says which variable is meant', async () => {
    expect(await failure({ kind: 'env', name: 'PW' }, { env: { OTHER: 'geheim' } })).toMatchObject({
      message: 'password_env: the environment has no PW',
      hint: 'set it for the process that runs mailkeep (systemd: Environment= or EnvironmentFile=)',
    });
    expect((await failure({ kind: 'env', name: 'PW' }, { env: { PW: '' } })).message).toBe(
      'password_env PW: empty',
    );
  });
});

describe("a password among systemd's credentials", () => {
  test('is the file of that name, without a warning about its mode', async () => {
    await put('work', 'geheim\n', 0o444);
    const warn = () => expect.unreachable();
    const env = { CREDENTIALS_DIRECTORY: folder };
    expect(await reveal({ kind: 'credential', name: 'work' }, { env, warn })).toBe('geheim');
  });

  test('that is not there says how to hand it over', async () => {
    const hint = 'add LoadCredential=work:/path/to/the/secret to the systemd unit';
    expect(await failure({ kind: 'credential', name: 'work' })).toMatchObject({
      message: 'password_credential: $CREDENTIALS_DIRECTORY is not set',
      hint,
    });
    const env = { CREDENTIALS_DIRECTORY: folder };
    expect(await failure({ kind: 'credential', name: 'work' }, { env })).toMatchObject({
      message: `password_credential: there is no ${join(folder, 'work')}`,
      hint,
    });
  });

  test.each(['..', '.', '../work', '/etc/passwd', ''])('under the name %j is refused', async (name) => {
    const env = { CREDENTIALS_DIRECTORY: folder };
    const error = await failure({ kind: 'credential', name }, { env });
    expect(error.message).toBe('password_credential: not a plain file name');
  });
});

describe('a password in the keyring', () => {
  const reference: SecretReference = { kind: 'keyring', service: 'mailkeep', account: 'me@example.org' };
  const around = (path: string) => ({ env: { PATH: `${path}:/usr/bin:/bin` } });
  /** Stands for the program of libsecret, which needs a session bus and an unlocked keyring. */
  const secretTool = async (script: string) => {
    await put('secret-tool', `#!/bin/sh\n${script}\n`, 0o700);
    return around(folder);
  };

  test('is asked of secret-tool by its attributes', async () => {
    const options = await secretTool(
      '[ "$*" = "lookup service mailkeep account me@example.org" ] && printf geheim',
    );
    expect(await reveal(reference, options)).toBe('geheim');
  });

  test('that is not there says how to put it there', async () => {
    const options = await secretTool('exit 1');
    expect(await failure(reference, options)).toMatchObject({
      code: 'credentials',
      message: 'password_keyring: exit code 1',
      hint: expect.stringContaining(
        'secret-tool store --label=mailkeep service mailkeep account me@example.org',
      ),
    });
  });

  test('says which package has the program that is missing', async () => {
    expect(await failure(reference, { env: { PATH: folder } })).toMatchObject({
      message: 'password_keyring: not found',
      hint: expect.stringContaining('libsecret-tools'),
    });
  });
});

test('nothing is asked once the run is interrupted', async () => {
  const signal = AbortSignal.abort();
  const reference: SecretReference = { kind: 'password', value: new Secret('geheim') };
  await expect(resolveSecret(reference, { ...QUIET, signal })).rejects.toThrow(InterruptedError);
});

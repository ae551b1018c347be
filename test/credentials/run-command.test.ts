import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CredentialsError, InterruptedError } from '../../src/core/errors.js';
import { type ResolveOptions, resolveSecret } from '../../src/credentials/configured.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-command-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const ENV = { PATH: process.env.PATH };

function run(words: readonly string[], options: Partial<ResolveOptions> = {}) {
  const signal = new AbortController().signal;
  return resolveSecret({ kind: 'command', words, folder }, { env: ENV, signal, ...options });
}

const sh = (script: string, options: Partial<ResolveOptions> = {}) => run(['sh', '-c', script], options);
const node = (script: string, options: Partial<ResolveOptions> = {}) =>
  run([process.execPath, '-e', script], options);

async function failure(running: Promise<unknown>): Promise<CredentialsError> {
  const error: unknown = await running.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CredentialsError);
  expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  return error as CredentialsError;
}

/** Resolves when the process has ended; fails with the test's own time limit. */
async function ended(pid: number): Promise<void> {
  await vi.waitUntil(
    () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    },
    { timeout: 10_000, interval: 10 },
  );
}

describe('a password command', () => {
  test.each([
    ['printf geheim', 'geheim'],
    ['echo geheim', 'geheim'],
    ["printf 'geheim\\r\\n'", 'geheim'],
    ["printf ' ge heim '", ' ge heim '],
    ["printf 'p\u00e4ssw\u00f6rd'", 'p\u00e4ssw\u00f6rd'],
    ['echo chatter >&2; echo geheim', 'geheim'],
  ])('%j gives %j', async (script, password) => {
    expect((await sh(script)).reveal()).toBe(password);
  });

  test('gets its words as they are, without a shell between', async () => {
    const words = ['a b', '$HOME', '*', '; echo x', "'", '', '日本'];
    const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
    const secret = await run([process.execPath, '-e', script, ...words]);
    expect(JSON.parse(secret.reveal())).toEqual(words);
  });

  test('runs in the folder of the configuration, where relative programs are found', async () => {
    await writeFile(join(folder, 'print'), '#!/bin/sh\npwd\n');
    await chmod(join(folder, 'print'), 0o700);
    expect((await run(['./print'])).reveal()).toBe(folder);
  });

  test('has the environment it was given and no other, and nothing to read', async () => {
    expect((await sh('printf "$PW"', { env: { ...ENV, PW: 'geheim' } })).reveal()).toBe('geheim');
    const names = await node('process.stdout.write(Object.keys(process.env).join())', {
      env: { ONLY: 'this' },
    });
    expect(names.reveal()).toBe('ONLY');
    expect((await sh('cat; echo end')).reveal()).toBe('end');
  });

  test('that fails says how, and its last words, but not what it printed', async () => {
    const error = await failure(
      sh('echo geheim; for i in 1 2 3 4 5 6 7; do echo "line $i" >&2; done; exit 3'),
    );
    expect(error).toMatchObject({
      message: 'password_command "sh": exit code 3: line 3; line 4; line 5; line 6; line 7',
      code: 'credentials',
      hint: 'run it by hand, as the user and with the environment that mailkeep has',
    });
  });

  test('that fails and says the secret itself is not quoted with it', async () => {
    const script = 'echo "geheim-9f3 "; echo "+ echo geheim-9f3" >&2; printf "\\033[31mred\\007" >&2; exit 1';
    expect((await failure(sh(script))).message).toBe(
      'password_command "sh": exit code 1: + echo [secret]; [31mred',
    );
  });

  test('that fails with endless words is quoted with whole lines only', async () => {
    const script = 'process.stderr.write("x".repeat(9000) + "\\nlast\\n"); process.exitCode = 1';
    expect((await failure(node(script))).message).toBe(
      `password_command "${process.execPath}": exit code 1: last`,
    );
    const oneLine = 'process.stderr.write("geheim".repeat(9000)); process.exitCode = 1';
    expect((await failure(node(oneLine))).message).toBe(
      `password_command "${process.execPath}": exit code 1`,
    );
  });

  test('that is killed says by what', async () => {
    expect((await failure(sh('kill -KILL $$'))).message).toBe('password_command "sh": ended by SIGKILL');
  });

  test.each([
    ['true', 'empty'],
    ['echo', 'empty'],
    ["printf 'geheim\\nuser: me\\n'", 'more than one line'],
    ["printf 'ge\\0heim'", 'holds a NUL character'],
    ["printf 'ge\\377heim'", 'printed something else than UTF-8 text'],
  ])('that prints no password (%j) is refused', async (script, problem) => {
    expect((await failure(sh(script))).message).toBe(`password_command "sh": ${problem}`);
  });

  test('that prints without end is stopped', async () => {
    expect((await failure(run(['yes', 'geheim']))).message).toBe(
      'password_command "yes": printed more than 65536 bytes',
    );
  });

  test('that is not there, or no program, says so', async () => {
    expect(await failure(run(['no-such-program-here', 'geheim']))).toMatchObject({
      message: 'password_command "no-such-program-here": not found',
      hint: 'is it installed, and in the PATH of the user and service that run mailkeep?',
    });
    await writeFile(join(folder, 'text'), 'x', { mode: 0o600 });
    expect((await failure(run(['./text', 'geheim']))).message).toBe(
      'password_command "./text": cannot be started (EACCES)',
    );
    expect((await failure(run(['echo', 'geheim\0']))).message).toBe(
      'password_command "echo": cannot be started',
    );
  });

  test('that takes too long is stopped with all its children, even deaf ones', async () => {
    const pids = join(folder, 'pids');
    const deaf = `trap "" TERM; echo $$ >> ${pids}; for i in 1 2 3 4 5 6 7 8 9; do sleep 2; done`;
    const script = `(${deaf.replace('$$', '$(exec sh -c "echo \\$PPID")')}) & ${deaf}`;
    const error = await failure(sh(script, { timeoutMs: 300 }));
    expect(error.message).toBe('password_command "sh": no end after 0.3 s');
    const started = (await readFile(pids, 'utf8')).trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    for (const pid of started) await ended(pid);
  });

  test('that takes too long is stopped with a deaf child that outlives it', async () => {
    const pid = join(folder, 'pid');
    const deaf = `trap "" TERM; exec >/dev/null 2>&1; for i in 1 2 3 4 5 6 7 8 9; do sleep 2; done`;
    const error = await failure(
      sh(`(${deaf}) & echo $! > ${pid}; exec >/dev/null 2>&1; wait`, { timeoutMs: 300 }),
    );
    expect(error.message).toBe('password_command "sh": no end after 0.3 s');
    await ended(Number(await readFile(pid, 'utf8')));
  });

  test('is stopped with its children when the run is interrupted', async () => {
    const pid = join(folder, 'pid');
    const controller = new AbortController();
    const running = sh(`sleep 20 & echo $! > ${pid}.part; mv ${pid}.part ${pid}; wait`, {
      signal: controller.signal,
    });
    const outcome = expect(running).rejects.toThrow(InterruptedError);
    await vi.waitUntil(() => existsSync(pid), { timeout: 10_000, interval: 10 });
    controller.abort();
    await outcome;
    await ended(Number(await readFile(pid, 'utf8')));
  });

  test('that leaves a process behind is not waited for beyond its own end', async () => {
    const pid = join(folder, 'pid');
    const secret = await sh(`sleep 20 & echo $! > ${pid}; echo geheim`);
    expect(secret.reveal()).toBe('geheim');
    process.kill(Number(await readFile(pid, 'utf8')), 'SIGKILL');
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArchiveError } from '../../src/core/errors.js';
import { lockAccount, lockHolder } from '../../src/sqlite/lock.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailkeep-lock-'));
  file = join(folder, 'deep', 'lock.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const me = { pid: process.pid, command: 'sync', since: '2026-01-02T03:04:05.000Z' };

describe('the lock of an account', () => {
  test('is refused to a second holder, who hears of the first', () => {
    const first = lockAccount(file, 'personal', me);
    expect(() => lockAccount(file, 'personal', { ...me, pid: 1, command: 'prune' })).toThrow(
      expect.objectContaining({
        code: 'locked',
        message: expect.stringMatching(
          new RegExp(`personal.*sync \\(pid ${process.pid}, since 2026-01-02T03:04:05.000Z\\)`),
        ),
      }),
    );
    first.release();
    lockAccount(file, 'personal', { ...me, command: 'prune' }).release();
  });

  test('names the holder of the moment and not an earlier one', () => {
    lockAccount(file, 'personal', me).release();
    const second = lockAccount(file, 'personal', { ...me, pid: 4711, command: 'prune' });
    expect(() => lockAccount(file, 'personal', me)).toThrow(/prune \(pid 4711/);
    second.release();
  });

  test('tells who holds it without being touched, and nobody before and afterwards', () => {
    expect(lockHolder(file)).toBeNull();
    const lock = lockAccount(file, 'personal', me);
    expect(lockHolder(file)).toEqual(me);
    expect(lockHolder(file)).toEqual(me);
    lock.release();
    expect(lockHolder(file)).toBeNull();
  });

  test('has no holder any more where a killed one left its row', async () => {
    const child = await holderElsewhere(file);
    expect(lockHolder(file)?.pid).toBe(child.pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(lockHolder(file)).toBeNull();
  });

  test('of one account leaves others alone', () => {
    const first = lockAccount(file, 'personal', me);
    lockAccount(join(folder, 'other', 'lock.db'), 'other', me).release();
    first.release();
  });

  test('is free again at once when its holder is killed', async () => {
    const child = await holderElsewhere(file);
    try {
      expect(() => lockAccount(file, 'personal', me)).toThrow(new RegExp(`pid ${child.pid},`));
      child.kill('SIGKILL');
      await once(child, 'exit');
      lockAccount(file, 'personal', me).release();
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('says what may be removed where its file is rubbish', () => {
    writeFileSync(join(folder, 'lock.db'), 'garbage'.repeat(1000));
    const take = () => lockAccount(join(folder, 'lock.db'), 'personal', me);
    expect(take).toThrow(expect.objectContaining({ code: 'io', hint: expect.stringContaining('remove it') }));
  });

  test('is refused where the file is none of ours, not taken', () => {
    const foreign = new Database(join(folder, 'lock.db'));
    foreign.exec('CREATE TABLE holder (something TEXT)');
    foreign.close();
    expect(() => lockAccount(join(folder, 'lock.db'), 'personal', me)).toThrow(ArchiveError);
  });
});

/** Another process that takes the lock in the same way and says so. */
async function holderElsewhere(path: string): Promise<ChildProcess> {
  const script = `
    import { lockAccount, lockHolder } from './src/sqlite/lock.ts';
    lockAccount(${JSON.stringify(path)}, 'personal', { pid: process.pid, command: 'sync', since: 'just now' });
    console.log('locked');
    setInterval(() => undefined, 60_000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  expect(String(said)).toBe('locked\n');
  return child;
}

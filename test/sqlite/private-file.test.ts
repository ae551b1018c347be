import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openIndex } from '../../src/sqlite/database.js';
import { lockAccount } from '../../src/sqlite/lock.js';

describe('database files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are readable by their owner alone, the -wal and journal files too', () => {
    const holder = { pid: 1, command: 'test', since: '2026-01-01T00:00:00Z' };
    const lock = lockAccount(join(folder, 'lock.db'), 'a', holder);
    const index = openIndex(join(folder, 'index.db'), { create: true });
    index.exec('CREATE TABLE t (x INTEGER NOT NULL) STRICT');
    const names = readdirSync(folder);
    expect(names).toEqual(expect.arrayContaining(['index.db', 'index.db-wal', 'index.db-shm', 'lock.db']));
    for (const name of names)
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    index.close();
    lock.release();
  });
});

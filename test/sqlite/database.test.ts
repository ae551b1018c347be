import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArchiveError } from '../../src/core/errors.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { openIndex } from '../../src/sqlite/database.js';
import { MIGRATIONS } from '../../src/sqlite/migrations.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailkeep-index-'));
  file = join(folder, 'index.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

function refusal(work: () => unknown): ArchiveError {
  try {
    work();
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('the index file', () => {
  test('is made with all migrations, durable to the last commit, and opened again as it is', () => {
    const database = openIndex(file, { create: true });
    expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
    database.close();
    const index = openSyncIndex(file);
    expect(index.beginRun()).toEqual({ run: 1, unclean: false });
    index.close();
    const again = openSyncIndex(file);
    expect(again.beginRun()).toEqual({ run: 2, unclean: true });
    again.close();
  });

  test('has only strict tables', () => {
    const database = openIndex(file, { create: true });
    const loose = database
      .prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND type = 'table'",
      )
      .all();
    expect(loose).toEqual([]);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });

  test('of a newer program is refused and left as it was', () => {
    const database = openIndex(file, { create: true });
    database.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    database.close();
    const error = refusal(() => openSyncIndex(file));
    expect(error.code).toBe('index');
    expect(error.hint).toContain('upgrade mailkeep');
    const untouched = new Database(file, { readonly: true });
    expect(untouched.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length + 1);
    untouched.close();
  });

  test('of another program is refused and left as it was', () => {
    const foreign = new Database(file);
    foreign.exec('CREATE TABLE theirs (x)');
    foreign.close();
    const before = readFileSync(file);
    const error = refusal(() => openSyncIndex(file));
    expect(error.code).toBe('index');
    expect(error.message).toContain("not mailkeep's");
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test.each([
    [
      'that is no database',
      Buffer.from('this is a text and no database at all, not even a short one'.repeat(100)),
    ],
    ['that was cut short', null],
  ])('%s is called damaged, with the way out', (_, content) => {
    if (content !== null) writeFileSync(file, content);
    else {
      const index = openSyncIndex(file);
      index.beginRun();
      index.close();
      writeFileSync(file, readFileSync(file).subarray(0, 5000));
    }
    const error = refusal(() => {
      const index = openSyncIndex(file);
      index.mailboxes();
      index.beginRun();
    });
    expect(error.code).toBe('index');
    expect(error.hint).toContain('the mail itself is in mail/');
  });

  test('with its pages overwritten is called damaged when they are read', () => {
    const index = openSyncIndex(file);
    index.beginRun();
    index.close();
    const octets = readFileSync(file);
    octets.fill(0xa5, 4096);
    writeFileSync(file, octets);
    const error = refusal(() => openSyncIndex(file).beginRun());
    expect(error.code).toBe('index');
    expect(error.hint).toContain('mail/');
  });

  test('is not made by whoever only reads', () => {
    const error = refusal(() => ArchiveReader.open(file));
    expect(error.code).toBe('no_archive');
    expect(existsSync(file)).toBe(false);
  });
});

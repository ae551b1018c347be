import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    expect(error.hint).toContain('mailkeep repair --rebuild-index');
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

  describe.each([
    ['random octets', () => Buffer.from('neither a database nor a short text '.repeat(300))],
    ['zeros', () => Buffer.alloc(20_000)],
    ['a few octets', () => Buffer.from('short')],
    ['cut behind its first page', (whole: Buffer) => whole.subarray(0, 4096)],
    ['cut in the middle of a page', (whole: Buffer) => whole.subarray(0, 5000)],
    ['cut by its last page', (whole: Buffer) => whole.subarray(0, whole.length - 4096)],
    [
      'pages overwritten',
      (whole: Buffer) => Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 0xa5)]),
    ],
  ] as const)('that is damaged (%s)', (_, damaged) => {
    test.each(['a run', 'a reader'])('is recognised by %s, with the way out', (who) => {
      const index = openSyncIndex(file);
      index.beginRun();
      index.close();
      const octets = damaged(readFileSync(file));
      writeFileSync(file, octets);
      const error = refusal(() => {
        if (who === 'a run') openSyncIndex(file).beginRun();
        else ArchiveReader.open(file).status();
      });
      expect(error.code).toBe('index');
      expect(error.hint).toContain('mailkeep repair --rebuild-index');
      expect(readFileSync(file).equals(octets)).toBe(true);
    });
  });

  describe.each(['mail', 'journal.jsonl'])('that is gone or empty where there is %s', (evidence) => {
    test.each(['gone', 'empty'])('is no new archive (%s)', (how) => {
      if (evidence === 'mail') mkdirSync(join(folder, 'mail/INBOX/cur'), { recursive: true });
      else writeFileSync(join(folder, evidence), '{}\n');
      if (how === 'empty') writeFileSync(file, '');
      for (const open of [() => openSyncIndex(file), () => ArchiveReader.open(file)]) {
        const error = refusal(open);
        expect(error.code).toBe('index');
        expect(error.hint).toContain('mailkeep repair --rebuild-index');
      }
      expect(existsSync(file)).toBe(how === 'empty');
    });
  });

  test('that is empty where nothing was stored yet is no archive to a reader, and a new one to a run', () => {
    writeFileSync(file, '');
    expect(refusal(() => ArchiveReader.open(file)).code).toBe('no_archive');
    const index = openSyncIndex(file);
    expect(index.beginRun()).toMatchObject({ run: 1 });
    index.close();
  });

  test('is not made by whoever only reads', () => {
    const error = refusal(() => ArchiveReader.open(file));
    expect(error.code).toBe('no_archive');
    expect(existsSync(file)).toBe(false);
  });

  test('answers whoever asks in one form, although somebody has asked the same in another', () => {
    const database = openIndex(file, { create: true });
    const text = 'SELECT 7 AS seven';
    const plain = () => database.prepare(text).get();
    expect(plain()).toEqual({ seven: 7 });
    expect(database.prepare(text).pluck().get()).toBe(7);
    expect(plain()).toEqual({ seven: 7 });
    expect(database.prepare(text).raw().get()).toEqual([7]);
    expect(database.prepare(text).pluck().get()).toBe(7);
    expect(plain()).toEqual({ seven: 7 });
    database.close();
  });
});

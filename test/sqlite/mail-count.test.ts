// What mail_count says is what counting the rows says, whatever is done to them; and check finds where it is not.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openIndex } from '../../src/sqlite/database.js';
import { ProofRows } from '../../src/sqlite/proof-rows.js';

let folder: string;
let file: string;
let database: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailkeep-count-'));
  file = join(folder, 'index.db');
  database = openIndex(file, { create: true });
  database.exec(`INSERT INTO flag_set (id, flags) VALUES (1, '')`);
  for (const id of [1, 2, 3]) {
    database.exec(
      `INSERT INTO mailbox (id, wire_name, path, components, folder, subscribed, generation, on_server, first_run, since_run)
       VALUES (${id}, 'm${id}', 'path ${id}', '[]', 'f${id}', 1, 1, 0, 1, 1)`,
    );
    database.exec(
      `INSERT INTO message (id, sha256, size, header_sha256) VALUES (${id}, x'0${id}', ${10 ** id}, x'00')`,
    );
  }
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

interface Row {
  readonly mailbox: number;
  readonly uid: number;
  readonly message: number | null;
  readonly tree: 'mail' | 'removed' | null;
  readonly lastRun: number | null;
}

const rows = fc.record({
  mailbox: fc.integer({ min: 1, max: 2 }),
  uid: fc.integer({ min: 1, max: 4 }),
  message: fc.constantFrom(null, 1, 2, 3),
  tree: fc.constantFrom(null, 'mail' as const, 'removed' as const),
  lastRun: fc.constantFrom(null, 7),
});

/** As a run does it: a row that is there already is changed. */
function put(row: Row): void {
  database
    .prepare(
      `INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, letters, settled, adopted,
         first_run, last_run, message, tree, attempts, next_attempt_at)
       VALUES (@mailbox, 1, @uid, 1, 1, 0, 1, '', 0, 0, 1, @lastRun, @message, @tree, 0, 0)
       ON CONFLICT DO UPDATE SET last_run = excluded.last_run, message = excluded.message, tree = excluded.tree`,
    )
    .run(row);
}

function faults(): string[] {
  const proof = new ProofRows(file);
  try {
    return proof.integrity();
  } finally {
    proof.close();
  }
}

describe('the count of mail', () => {
  test('is what the rows say after any changes of them', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 12 }), (changes) => {
        for (const change of changes) put(change);
        expect(faults()).toEqual([]);
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  test('follows a row through its life', () => {
    const counts = () =>
      database.prepare('SELECT messages, bytes, removed FROM mail_count WHERE mailbox = 1').raw().get();
    const row: Row = { mailbox: 1, uid: 1, message: null, tree: null, lastRun: null };
    put(row);
    expect(counts()).toEqual([0, 0, 0]);
    put({ ...row, message: 2, tree: 'mail' });
    expect(counts()).toEqual([1, 100, 0]);
    put({ ...row, message: 2, tree: 'removed', lastRun: 7 });
    expect(counts()).toEqual([0, 0, 1]);
    put({ ...row, message: 2, tree: null, lastRun: 7 });
    expect(counts()).toEqual([0, 0, 0]);
    put({ ...row, message: 3, tree: 'mail' });
    expect(counts()).toEqual([1, 1000, 0]);
  });

  test('is rolled back with the rows', () => {
    const row: Row = { mailbox: 2, uid: 1, message: 1, tree: 'mail', lastRun: null };
    expect(() =>
      database.transaction(() => {
        put(row);
        throw new Error('in between');
      })(),
    ).toThrow('in between');
    expect(faults()).toEqual([]);
  });

  test('that is wrong is found by check', () => {
    put({ mailbox: 1, uid: 1, message: 1, tree: 'mail', lastRun: null });
    database.exec('UPDATE mail_count SET bytes = bytes + 1 WHERE mailbox = 1');
    database.exec('DELETE FROM mail_count WHERE mailbox = 3');
    expect(faults()).toEqual([
      'the mail of path 1 is counted wrongly',
      'the mail of path 3 is counted wrongly',
    ]);
  });

  test.each([
    ['UPDATE placement SET mailbox = 2', 'a placement stays in its mailbox'],
    ['DELETE FROM placement', 'a placement stays for good'],
    ['UPDATE message SET size = 5', 'content does not change'],
  ])('can rest on it that nobody does: %s', (statement, refusal) => {
    put({ mailbox: 1, uid: 1, message: 1, tree: 'mail', lastRun: null });
    expect(() => database.exec(statement)).toThrow(refusal);
  });
});

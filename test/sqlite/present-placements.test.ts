// Looked up one by one or read at once, the rows say the same.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openIndex } from '../../src/sqlite/database.js';
import { PresentPlacements } from '../../src/sqlite/present-placements.js';

const FLAGS = ['', '\\Seen', 'Work'];
let folder: string;
let database: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailkeep-present-'));
  database = openIndex(join(folder, 'index.db'), { create: true });
  for (const [at, flags] of FLAGS.entries())
    database.prepare('INSERT INTO flag_set (id, flags) VALUES (?, ?)').run(at + 1, flags);
  for (const id of [1, 2]) {
    database
      .prepare(
        `INSERT INTO mailbox (id, wire_name, path, components, folder, subscribed, generation, on_server, first_run, since_run)
         VALUES (?, ?, 'x', '[]', ?, 1, 2, 0, 1, 1)`,
      )
      .run(id, `m${id}`, `f${id}`);
  }
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function place(mailbox: number, generation: number, uid: number, goneRun: number | null): void {
  database
    .prepare(
      `INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, letters, settled,
         adopted, first_run, gone_run, attempts, next_attempt_at) VALUES (?, ?, ?, ?, 1, 0, 1, '', 0, 0, 1, ?, 0, 0)`,
    )
    .run(mailbox, generation, uid, (uid % FLAGS.length) + 1, goneRun);
}

describe('the placements that are present', () => {
  test('are those of the current generation that did not leave', () => {
    for (let uid = 1; uid <= 5000; uid++) place(1, 2, uid * 2, uid % 10 === 0 ? 7 : null);
    place(1, 1, 3, null);
    place(2, 2, 5, null);
    const expected = Array.from({ length: 5000 }, (_, at) => at + 1)
      .filter((uid) => uid % 10 !== 0)
      .map((uid) => uid * 2);

    const present = new PresentPlacements(database, 1, new Set());
    expect(present.uids.size).toBe(expected.length);
    const asked = [0, 1, 2, 3, 4, 5, 20, 22, 9998, 10_000, 10_002];
    const one = asked.map((uid) => present.flagsOf(uid));
    expect(one).toEqual(asked.map((uid) => (expected.includes(uid) ? FLAGS[uid % FLAGS.length]! : null)));
    expect(asked.map((uid) => present.uids.has(uid))).toEqual(one.map((flags) => flags !== null));
    // From some number of questions on all rows are read; the answers stay the same.
    for (let uid = 1; uid < 4000; uid++) present.flagsOf(uid);
    expect(asked.map((uid) => present.flagsOf(uid))).toEqual(one);
    expect([...present.uids]).toEqual(expected);
    expect(present.uids.size).toBe(expected.length);
  });

  test('of a mailbox without any are none', () => {
    const present = new PresentPlacements(database, 1, new Set());
    expect([present.uids.size, [...present.uids], present.flagsOf(1)]).toEqual([0, [], null]);
  });
});

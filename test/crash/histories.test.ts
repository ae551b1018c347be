// Random lives of an account: changes on the server, answers that lack something, syncs, syncs that are
// stopped anywhere, by a kill or a power cut, power cuts some time after a kill. Whatever happened: what was stored once stays stored, and a
// run that ends well leaves mail/ equal to the server. MAILKEEP_SOAK=1 tries many more.

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { Tier } from '../support/imap-server/server-context.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { differences, readArchive } from './archive-files.js';
import { contentsOf, demand, expectNone, temporaryFolder } from './crash-everywhere.js';
import { lostConnection, shortAnswers } from './lies.js';
import { type RunOptions, runOnce } from './one-run.js';
import { alter, type Change, change } from './random-changes.js';
import { Unsynced } from './unsynced.js';

const RUNS = process.env.MAILKEEP_SOAK === '1' ? 3000 : 60;

const sync = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('sync' as const), full: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      effect: fc.integer({ min: 1, max: 45 }),
      powerCut: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('blind' as const), nth: fc.nat({ max: 3 }), lost: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant('outage' as const) }),
  fc.record({ kind: fc.constant('cut' as const), visits: fc.nat({ max: 3 }), bodies: fc.nat({ max: 2 }) }),
);
const history = fc.record({
  tier: fc.constantFrom<Tier>('qresync', 'condstore', 'plain'),
  objectId: fc.boolean(),
  events: fc.array(fc.oneof({ weight: 5, arbitrary: change }, { weight: 3, arbitrary: sync }), {
    minLength: 4,
    maxLength: 24,
  }),
});
type Sync = typeof sync extends fc.Arbitrary<infer T> ? T : never;

describe('random histories of an account', () => {
  test('lose nothing and end equal to the server', async () => {
    let crashes = 0;
    await fc.assert(
      fc.asyncProperty(history, async ({ tier, objectId, events }) => {
        const folder = temporaryFolder();
        const root = join(folder, 'archive');
        const server: MemoryServer = { mail: new MailStore(), tier, objectId };
        const stored = new Set<string>();
        mkdirSync(join(folder, 'unsynced'));
        const unsynced = new Unsynced(join(folder, 'unsynced'));
        try {
          for (const event of events) {
            if (!isSync(event)) {
              alter(server.mail, event);
              continue;
            }
            if (event.kind === 'outage') {
              if (existsSync(root)) unsynced.cut(root);
              if (existsSync(root)) keepsAll(root, stored);
              continue;
            }
            const { report } = await runOnce(root, server, { ...optionsOf(event), unsynced });
            if (report === null) crashes += 1;
            // "damage" is what a run says of itself; here it may only say what the test did to it.
            if (report?.status === 'failed') expect(report.error?.code).toBe('unreachable');
            if (report?.status === 'ok') expectNone('differs', differences(root, server.mail));
            keepsAll(root, stored);
          }
          const { report } = await runOnce(root, server);
          expect(report).toMatchObject({ status: 'ok', error: null });
          keepsAll(root, stored);
          await demand(root, server, {});
          keepsAll(root, stored);
        } finally {
          rmSync(folder, { recursive: true });
        }
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: RUNS * 1000 },
    );
    expect(crashes).toBeGreaterThan(RUNS / 5);
  }, 3_600_000);
});

/** Everything that the index ever said was stored is whole somewhere in the archive now. */
function keepsAll(root: string, stored: Set<string>): void {
  const here = contentsOf(root);
  for (const sha256 of recordedContents(root)) stored.add(sha256);
  expectNone(
    'lost',
    [...stored].filter((sha256) => !here.has(sha256)),
  );
  const broken = readArchive(root).files.filter(({ name: file, sha256 }) => !file.includes(sha256));
  expectNone(
    'named but not whole',
    broken.map((file) => file.name),
  );
}

function recordedContents(root: string): string[] {
  const database = new Database(join(root, 'index.db'), { readonly: true });
  try {
    return database
      .prepare<[], string>(
        'SELECT DISTINCT lower(hex(g.sha256)) FROM placement p JOIN message g ON g.id = p.message WHERE p.tree IS NOT NULL',
      )
      .pluck()
      .all();
  } finally {
    database.close();
  }
}

function isSync(event: Change | Sync): event is Sync {
  return ['sync', 'crash', 'blind', 'cut', 'outage'].includes(event.kind);
}

function optionsOf(event: Exclude<Sync, { kind: 'outage' }>): RunOptions {
  switch (event.kind) {
    case 'sync':
      return { full: event.full };
    case 'crash':
      return { crashAfter: event.effect, powerCut: event.powerCut };
    case 'blind':
      return { lie: shortAnswers(event.nth, event.lost) };
    case 'cut':
      return { lie: lostConnection(event.visits, event.bodies) };
  }
}

// The index made anew from the files and the journal: it must answer everything as before, and the next run must
// find nothing to do.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { demand, temporaryFolder } from '../crash/crash-everywhere.js';
import { shortAnswers } from '../crash/lies.js';
import { runOnce } from '../crash/one-run.js';
import { alter, change } from '../crash/random-changes.js';
import { put } from '../crash/scenarios.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { Tier } from '../support/imap-server/server-context.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { answers, rebuild } from './answers.js';

const RUNS = process.env.MAILKEEP_SOAK === '1' ? 2000 : 60;

let folder: string;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder, 'archive');
});
afterEach(() => rmSync(folder, { recursive: true }));

function loseIndex(): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(root, `index.db${suffix}`), { force: true });
}

describe('an index made anew', () => {
  test('answers as the old one, whatever the history, and the next run downloads nothing', async () => {
    const sync = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ kind: 'sync' as const }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('crash' as const),
          effect: fc.integer({ min: 1, max: 45 }),
          powerCut: fc.boolean(),
        }),
      },
      fc.record({ kind: fc.constant('blind' as const), nth: fc.nat({ max: 3 }), lost: fc.nat({ max: 3 }) }),
    );
    const history = fc.record({
      tier: fc.constantFrom<Tier>('qresync', 'condstore', 'plain'),
      events: fc.array(fc.oneof({ weight: 5, arbitrary: change }, { weight: 3, arbitrary: sync }), {
        minLength: 6,
        maxLength: 30,
      }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ tier, events }) => {
        rmSync(root, { recursive: true, force: true });
        const server: MemoryServer = { mail: new MailStore(), tier, objectId: false };
        for (const event of events) {
          if (event.kind === 'sync') await runOnce(root, server);
          else if (event.kind === 'crash')
            await runOnce(root, server, { crashAfter: event.effect, powerCut: event.powerCut });
          else if (event.kind === 'blind')
            await runOnce(root, server, { lie: shortAnswers(event.nth, event.lost) });
          else alter(server.mail, event);
        }
        await runOnce(root, server);
        const before = answers(root);
        loseIndex();
        const report = await rebuild(root);
        // A power cut may have torn a line; nothing that a run counted on was in it.
        const tears = events.filter((event) => event.kind === 'crash' && event.powerCut).length;
        expect(report.leftOut).toEqual([]);
        expect(report.damagedLines).toBeLessThanOrEqual(tears);
        expect(answers(root)).toEqual(before);
        const next = await runOnce(root, server);
        expect(next.report).toMatchObject({
          status: 'ok',
          added: 0,
          adopted: 0,
          flagsChanged: 0,
          bytesDownloaded: 0,
        });
        await demand(root, server, {});
        expect(answers(root)).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);

  test('knows keywords beyond those that have letters, and the flags of every run', async () => {
    const server: MemoryServer = { mail: new MailStore(), tier: 'qresync', objectId: false };
    const { inbox } = server.mail;
    const keywords = Array.from({ length: 40 }, (_, at) => `Keyword${String(at).padStart(2, '0')}`);
    put(inbox, 'one', keywords);
    put(inbox, 'two', keywords.slice(30));
    await runOnce(root, server);
    inbox.setFlags([2], 'replace', ['\\Seen', 'Keyword39']);
    await runOnce(root, server);
    const before = answers(root);
    loseIndex();
    await rebuild(root);
    expect(answers(root)).toEqual(before);
    expect((await runOnce(root, server)).report).toMatchObject({ status: 'ok', added: 0, flagsChanged: 0 });
  });
});

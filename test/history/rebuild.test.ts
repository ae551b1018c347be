// The index made anew from the files and the journal: it must answer everything as before, and the next run must
// find nothing to do.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { journalCommand } from '../../src/jobs/journal-run.js';
import { pruneArchive } from '../../src/jobs/prune.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { MaildirPruner } from '../../src/maildir/pruner.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { PruneRows } from '../../src/sqlite/prune-rows.js';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { contentsOf, demand, temporaryFolder } from '../crash/crash-everywhere.js';
import { shortAnswers } from '../crash/lies.js';
import { type RunOptions, runOnce } from '../crash/one-run.js';
import { alter, change } from '../crash/random-changes.js';
import { put } from '../crash/scenarios.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { Tier } from '../support/imap-server/server-context.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { answers, rebuild } from './answers.js';
import { type AccountState, archiveState, serverState } from './at-moment.js';

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
type Event = (typeof history extends fc.Arbitrary<infer T> ? T : never)['events'][number];

async function play(
  server: MemoryServer,
  event: Event,
  run: (options?: RunOptions) => Promise<unknown>,
): Promise<void> {
  if (event.kind === 'sync') await run();
  else if (event.kind === 'crash') await run({ crashAfter: event.effect, powerCut: event.powerCut });
  else if (event.kind === 'blind') await run({ lie: shortAnswers(event.nth, event.lost) });
  else alter(server.mail, event);
}

describe('an index made anew', () => {
  test('answers as the old one, whatever the history, and the next run downloads nothing', async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ tier, events }) => {
        rmSync(root, { recursive: true, force: true });
        const server: MemoryServer = { mail: new MailStore(), tier, objectId: false };
        for (const event of events) await play(server, event, (options) => runOnce(root, server, options));
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

  test('after a run that was cut short knows every run before it, and the next run puts the rest right', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.integer({ min: 1, max: 45 }),
        fc.boolean(),
        async ({ tier, events }, effect, cut) => {
          rmSync(root, { recursive: true, force: true });
          const server: MemoryServer = { mail: new MailStore(), tier, objectId: false };
          const states = new Map<number, AccountState>();
          const run = async (options: RunOptions = {}) => {
            const { report } = await runOnce(root, server, options);
            if (report?.status === 'ok') states.set(report.run!, serverState(server.mail));
          };
          await run();
          for (const event of events) await play(server, event, run);
          await run({ crashAfter: effect, powerCut: cut });
          loseIndex();
          await rebuild(root);
          const demandHistory = () => {
            const here = contentsOf(root);
            for (const [number, state] of states) {
              const told = archiveState(root, { kind: 'run', run: number });
              expect(Object.keys(told).sort()).toEqual(Object.keys(state).sort());
              for (const [mailbox, lines] of Object.entries(state)) {
                expect(lines).toEqual(expect.arrayContaining(told[mailbox]!));
                // What the killed run had moved already has no file that tells its old place: its octets are here.
                const missing = lines.filter((line) => !told[mailbox]!.includes(line));
                expect(missing.filter((line) => !here.has(line.split(' ')[1]!))).toEqual([]);
              }
            }
          };
          // A run without change has no line: after a rebuild its number may be given again.
          const known = new JournalFile(join(root, 'journal.jsonl')).last()!.run!;
          for (const number of states.keys()) if (number > known) states.delete(number);
          demandHistory();
          const { report } = await runOnce(root, server);
          expect(report).toMatchObject({ status: 'ok' });
          demandHistory();
          await demand(root, server, {});
        },
      ),
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

  test('knows what was pruned, and that there is no giving it back', async () => {
    const server: MemoryServer = { mail: new MailStore(), tier: 'qresync', objectId: false };
    for (const text of ['one', 'two', 'three']) put(server.mail.inbox, text);
    await runOnce(root, server);
    server.mail.inbox.expunge([1, 2]);
    await runOnce(root, server);
    const rows = new PruneRows(join(root, 'index.db'));
    const { pruned } = await pruneArchive(
      {
        index: rows,
        folders: new MaildirInventory(root),
        pruner: new MaildirPruner(root),
        clock: () => 2e12,
      },
      { account: 'test', retention: { ms: 1 }, dryRun: false, signal: new AbortController().signal },
    );
    rows.close();
    expect(pruned).toHaveLength(2);
    const index = openSyncIndex(join(root, 'index.db'));
    const journal = new JournalFile(join(root, 'journal.jsonl'));
    journalCommand({ index, journal }, 2e12);
    index.close();
    expect(journal.last()).toMatchObject({ run: null, changes: [{ do: 'prune', path: 'INBOX' }] });
    const before = answers(root);
    expect(before).toMatchObject({ moments: [{ messages: 1, removed: 0 }, {}, { at: 1, messages: 3 }] });
    loseIndex();
    await rebuild(root);
    expect(answers(root)).toEqual(before);
  });

  test('learns the identities of messages from the next run', async () => {
    const server: MemoryServer = { mail: new MailStore(), tier: 'qresync', objectId: true };
    for (const text of ['one', 'two', 'three']) put(server.mail.inbox, text);
    await runOnce(root, server);
    const identities = () => {
      const reader = ArchiveReader.open(join(root, 'index.db'));
      const found = reader
        .mailboxes()
        .flatMap((mailbox) =>
          [...reader.placements(mailbox, { removed: false })].map(({ emailId }) => emailId),
        );
      reader.close();
      return found;
    };
    const before = identities();
    expect(before).toEqual(Array(3).fill(expect.stringMatching(/^M\d+$/)));
    loseIndex();
    await rebuild(root);
    expect(identities()).toEqual([null, null, null]);
    await runOnce(root, server);
    expect(identities()).toEqual(before);
  });

  test('is not needed to know mail that the journal does not tell of', async () => {
    const server: MemoryServer = { mail: new MailStore(), tier: 'condstore', objectId: false };
    put(server.mail.inbox, 'one', ['\\Seen', 'Work']);
    put(server.mail.inbox, 'two');
    put(server.mail.create('Work/2024'), 'three', ['\\Flagged']);
    await runOnce(root, server);
    server.mail.inbox.expunge([2]);
    await runOnce(root, server);
    loseIndex();
    rmSync(join(root, 'journal.jsonl'));
    expect(await rebuild(root)).toMatchObject({ lines: 0, mailboxes: 2, files: 3 });
    const { report } = await runOnce(root, server);
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: 0, removed: 0, flagsChanged: 0 });
    await demand(root, server, {});
    // Mail that another server holds under the same UIDs is other mail.
    loseIndex();
    rmSync(join(root, 'journal.jsonl'));
    await rebuild(root);
    const other: MemoryServer = { ...server, mail: new MailStore() };
    put(other.mail.inbox, 'another message, and a longer one');
    expect((await runOnce(root, other)).report).toMatchObject({ status: 'ok', added: 1 });
    await demand(root, other, {});
  });

  test('leaves the old one as it is when it is stopped, and can be made again', async () => {
    const server: MemoryServer = { mail: new MailStore(), tier: 'qresync', objectId: false };
    for (let number = 0; number < 30; number++) put(server.mail.inbox, `number ${number}`);
    await runOnce(root, server);
    const before = answers(root);
    const stop = new AbortController();
    stop.abort();
    await expect(rebuild(root, { signal: stop.signal })).rejects.toThrow(
      expect.objectContaining({ code: 'interrupted' }),
    );
    expect(answers(root)).toEqual(before);
    expect(readdirSync(root).filter((name) => name.includes('.new'))).toEqual([]);
    // As a kill leaves it.
    writeFileSync(join(root, 'index.db.new'), 'half an index');
    await rebuild(root);
    await rebuild(root);
    expect(answers(root)).toEqual(before);
    expect(readdirSync(join(root, 'quarantine')).filter((name) => name.endsWith('.db'))).toHaveLength(1);
  });

  test('leaves out what is no whole message, and names it', async () => {
    const server: MemoryServer = { mail: new MailStore(), tier: 'qresync', objectId: false };
    for (const text of ['one', 'two', 'three']) put(server.mail.inbox, text);
    await runOnce(root, server);
    const cur = join(root, 'mail/INBOX/cur');
    const [short, rotten] = readdirSync(cur).sort();
    writeFileSync(join(cur, short!), 'short');
    const octets = readFileSync(join(cur, rotten!));
    octets[200] = 0;
    writeFileSync(join(cur, rotten!), octets);
    writeFileSync(join(cur, 'somebody.else'), 'x');
    expect(await rebuild(root)).toMatchObject({ files: 2, leftOut: [{}, {}] });
    const { leftOut } = await rebuild(root, { readData: true });
    expect(leftOut.map(({ reason }) => reason).sort()).toEqual([
      expect.stringMatching(/^5 octets instead of/),
      'its octets do not match its SHA-256',
      'mailkeep has not named it',
    ]);
    expect((await runOnce(root, server)).report).toMatchObject({ status: 'ok', added: 2 });
  });

  test.each([
    ['torn', () => '{"torn'],
    ['senseless', (line: string) => line.replace('{"":"2"}', '{"":"0:x"}')],
  ])('of a journal with a damaged line (%s) lacks what that line told, and no mail', async (_, damage) => {
    const server: MemoryServer = { mail: new MailStore(), tier: 'qresync', objectId: false };
    for (const text of ['one', 'two', 'three']) {
      put(server.mail.inbox, text);
      await runOnce(root, server);
    }
    const file = join(root, 'journal.jsonl');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    writeFileSync(file, `${lines.with(1, damage(lines[1]!)).join('\n')}\n`);
    loseIndex();
    expect(await rebuild(root)).toMatchObject({ lines: 3, damagedLines: 1, files: 3 });
    expect((await runOnce(root, server)).report).toMatchObject({ status: 'ok', added: 0 });
    await demand(root, server, {});
  });
});

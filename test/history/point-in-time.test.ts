// The account as it was: after each run the server's state is noted, and whatever happens later, the archive
// must give exactly that state for that run.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { temporaryFolder } from '../crash/crash-everywhere.js';
import { shortAnswers } from '../crash/lies.js';
import { type RunOptions, runOnce } from '../crash/one-run.js';
import { alter, change } from '../crash/random-changes.js';
import { put } from '../crash/scenarios.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { Tier } from '../support/imap-server/server-context.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { type AccountState, archiveState, serverState } from './at-moment.js';

const RUNS = process.env.MAILKEEP_SOAK === '1' ? 2000 : 60;

let folder: string;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder, 'archive');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An account whose states are noted run by run. */
class Account {
  readonly server: MemoryServer;
  readonly states = new Map<number, AccountState>();
  readonly #root: string;

  constructor(at: string, tier: Tier = 'qresync', objectId = false) {
    this.#root = at;
    this.server = { mail: new MailStore(), tier, objectId };
  }

  get mail(): MailStore {
    return this.server.mail;
  }

  async run(options: RunOptions = {}): Promise<number> {
    const { report } = await runOnce(this.#root, this.server, options);
    if (report?.status === 'ok') this.states.set(report.run!, serverState(this.mail));
    return report?.run ?? 0;
  }

  demand(): void {
    for (const [run, state] of this.states)
      expect({ run, state: archiveState(this.#root, { kind: 'run', run }) }).toEqual({ run, state });
  }
}

describe('the account at the end of an earlier run', () => {
  test('has what was deleted, moved and renamed since, with the flags of then', async () => {
    const account = new Account(root);
    const { mail } = account;
    for (const text of ['one', 'two', 'three']) put(mail.inbox, text, ['\\Seen']);
    put(mail.create('Work/2024'), 'four', ['Later']);
    await account.run();
    mail.inbox.setFlags([1], 'replace', ['\\Flagged']);
    mail.rename('Work/2024', 'Past');
    await account.run();
    mail.inbox.setFlags([1], 'replace', ['\\Seen']);
    mail.move('INBOX', [2], 'Past');
    await account.run();
    mail.inbox.expunge([3]);
    mail.inbox.bumpUidValidity({ renumber: true });
    await account.run();
    mail.delete('Past');
    await account.run();
    put(mail.create('Past'), 'five');
    await account.run();
    expect(account.states.size).toBe(6);
    account.demand();
    expect(Object.keys(account.states.get(1)!)).toEqual(['INBOX 1700000001', 'Work/2024 1700000002']);
  });

  test('has a message that went and came back under its UID in the runs in which it was there', async () => {
    const account = new Account(root);
    put(account.mail.inbox, 'one', ['\\Seen']);
    put(account.mail.inbox, 'two');
    await account.run();
    const honest = account.server.mail;
    const without = new MailStore();
    put(without.inbox, 'one');
    without.inbox.expunge([1]);
    put(without.inbox, 'two');
    const gone = { ...account.server, mail: without, tier: 'plain' as const };
    const { report } = await runOnce(root, gone);
    expect(report).toMatchObject({ status: 'ok', removed: 1 });
    account.states.set(2, serverState(without));
    honest.inbox.setFlags([1], 'replace', ['\\Answered']);
    await account.run({ full: true });
    expect([...account.states.keys()]).toEqual([1, 2, 3]);
    account.demand();
  });

  test('keeps what the guard did not believe to be gone', async () => {
    const account = new Account(root);
    for (const text of ['one', 'two', 'three', 'four']) put(account.mail.inbox, text);
    await account.run();
    account.mail.inbox.wipe();
    const guard = { maxRemovedPercent: 50, minMessages: 3 };
    const { report } = await runOnce(root, account.server, { guard });
    expect(report).toMatchObject({ hold: true, run: 2 });
    expect(archiveState(root, { kind: 'run', run: 2 })).toEqual(account.states.get(1));
    const reader = ArchiveReader.open(join(root, 'index.db'));
    expect(reader.status({ at: 2 })).toMatchObject({
      messages: 4,
      removed: 0,
      lastReport: { run: 2, hold: true },
    });
    reader.close();
  });

  test('is the same for every random history', async () => {
    const sync = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ kind: 'sync' as const }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('crash' as const),
          effect: fc.integer({ min: 1, max: 45 }),
        }),
      },
      fc.record({ kind: fc.constant('blind' as const), nth: fc.nat({ max: 3 }), lost: fc.nat({ max: 3 }) }),
    );
    const history = fc.record({
      tier: fc.constantFrom<Tier>('qresync', 'condstore', 'plain'),
      objectId: fc.boolean(),
      events: fc.array(fc.oneof({ weight: 5, arbitrary: change }, { weight: 3, arbitrary: sync }), {
        minLength: 6,
        maxLength: 30,
      }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ tier, objectId, events }) => {
        rmSync(root, { recursive: true, force: true });
        const account = new Account(root, tier, objectId);
        for (const event of events) {
          if (event.kind === 'sync') await account.run();
          else if (event.kind === 'crash') await account.run({ crashAfter: event.effect });
          else if (event.kind === 'blind') await account.run({ lie: shortAnswers(event.nth, event.lost) });
          else alter(account.mail, event);
        }
        await account.run();
        account.demand();
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});

describe('a moment', () => {
  test('between two runs means the earlier one, and one ahead of the first run is an error', async () => {
    const account = new Account(root);
    put(account.mail.inbox, 'one');
    await account.run();
    put(account.mail.inbox, 'two');
    await account.run();
    await account.run();
    const reader = ArchiveReader.open(join(root, 'index.db'));
    const [second, first] = reader.history();
    const ended = ({ startedAt, durationMs }: { startedAt: number; durationMs: number }) =>
      startedAt + durationMs;
    expect(reader.runAt({ kind: 'time', time: ended(first!) })).toBe(1);
    expect(reader.runAt({ kind: 'time', time: ended(second!) - 1 })).toBe(1);
    expect(reader.runAt({ kind: 'time', time: ended(second!) })).toBe(2);
    expect(reader.runAt({ kind: 'time', time: Number.MAX_SAFE_INTEGER })).toBe(2);
    expect(reader.runAt({ kind: 'run', run: 3 })).toBe(2);
    expect(() => reader.runAt({ kind: 'time', time: ended(first!) - 1 })).toThrow(
      expect.objectContaining({
        code: 'no_archive',
        hint: expect.stringContaining('begins with run 1') as string,
      }),
    );
    expect(() => reader.runAt({ kind: 'run', run: 4 })).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(reader.status({ at: 1 })).toMatchObject({
      messages: 1,
      mailboxes: [{ path: 'INBOX', stored: 1 }],
    });
    reader.close();
  });
});

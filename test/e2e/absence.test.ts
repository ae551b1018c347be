// Absence is not deletion: whatever a server fails to show, nothing leaves mail/ for it. The run says what it could not
// see, and the next good run puts it right.

import { describe, expect, test } from 'vitest';
import {
  answerWith,
  dropAfter,
  emptyList,
  insertLines,
  misreport,
  omitRow,
  refuse,
} from '../support/imap-server/fault-actions.js';
import type { FaultAction, FaultMatch } from '../support/imap-server/faults.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep, type SyncReport } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';
import { archived, TIERS } from './every-tier.js';
import { onServer, PASSWORD, put, type Scene, testScene } from './in-process.js';

const EXAMINE = /^(EXAMINE|SELECT)$/;

interface Blindness {
  readonly match: Omit<FaultMatch, 'mailbox'>;
  readonly action: FaultAction;
  /** How the run must put it. */
  readonly reason: RegExp;
}

/** By the mailbox that is made to suffer: each holds 21 messages when the faulty run begins. */
const BLINDNESSES: Readonly<Record<string, Blindness>> = {
  'FETCH answers short': {
    match: { command: 'UID FETCH', uid: 22, text: /FLAGS/ },
    action: omitRow(),
    reason: /21 messages but listed 20/,
  },
  'EXISTS too small': {
    match: { command: EXAMINE },
    action: misreport({ EXISTS: (count) => count - 5n }),
    reason: /16 messages but listed 21/,
  },
  'EXISTS too large': {
    match: { command: EXAMINE },
    action: misreport({ EXISTS: (count) => count + 5n }),
    reason: /26 messages but listed 21/,
  },
  'EXISTS of zero': {
    match: { command: EXAMINE },
    action: misreport({ EXISTS: 0n }),
    reason: / 0 messages but listed 21/,
  },
  'EXAMINE answers NO': {
    match: { command: EXAMINE },
    action: refuse('NO', 'Locked by a backup'),
    reason: /Locked by a backup/,
  },
  'FETCH answers NO': {
    match: { command: 'UID FETCH' },
    action: refuse('NO', 'Cannot read the index'),
    reason: /Cannot read the index/,
  },
};
const MAILBOXES = ['INBOX', ...Object.keys(BLINDNESSES)];

/** A good run, then changes that the faulty run may see or not: in each mailbox two gone, two new, one flagged. */
async function before(
  { store, mailkeep }: Scene,
  mailboxes: readonly string[] = ['INBOX', 'Work'],
): Promise<void> {
  for (const mailbox of mailboxes) put(store, mailbox, 21);
  expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 21 * mailboxes.length });
  for (const mailbox of mailboxes) {
    put(store, mailbox, 2);
    store.mailbox(mailbox).setFlags([4], 'add', ['\\Flagged']);
    store.mailbox(mailbox).expunge([7, 8]);
  }
}

function contents({ mailkeep }: Scene): string[] {
  return [...mailkeep.archive().values()].flatMap((messages) =>
    [...messages.values()].map(({ sha256 }) => sha256),
  );
}

/** Everything that was in mail/ still is, whatever was seen of the server. */
function expectNothingRetired(scene: Scene, had: readonly string[], report: SyncReport): void {
  expect(report).toMatchObject({ removed: 0, moved: 0, hold: false });
  const has = new Set(contents(scene));
  expect(had.filter((sha256) => !has.has(sha256))).toEqual([]);
  expect([...scene.mailkeep.archive('removed').values()].filter((messages) => messages.size > 0)).toEqual([]);
}

/** Without the fault the next run brings all to order. */
async function expectRepaired(scene: Scene, removed: number): Promise<void> {
  const { server, store, mailkeep } = scene;
  server.faults.clear();
  const { code, report } = await mailkeep.sync();
  expect([code, report.status, report.failures]).toEqual([0, 'ok', []]);
  expect(report).toMatchObject({ removed, hold: false });
  expect(archived(mailkeep.archive())).toEqual(onServer(store));
}

describe('mailboxes that are not shown whole', () => {
  testScene('are named with the reason, nothing is retired, and the next run repairs it', async (scene) => {
    const { server, mailkeep } = scene;
    await before(scene, MAILBOXES);
    const had = contents(scene);
    const faults = Object.entries(BLINDNESSES).map(([mailbox, { match, action }]) =>
      server.faults.add({ ...match, mailbox }, action),
    );
    const { code, report } = await mailkeep.sync();
    expect(faults.map(({ hits }) => hits > 0)).toEqual(faults.map(() => true));
    expect(code).toBe(3);
    expect(report).toMatchObject({ status: 'incomplete', error: null, failed: faults.length });
    const named = Object.fromEntries(report.failures.map(({ mailbox, reason }) => [mailbox, reason]));
    for (const [mailbox, { reason }] of Object.entries(BLINDNESSES)) expect(named[mailbox]).toMatch(reason);
    expectNothingRetired(scene, had, report);
    expect((await mailkeep.status()).last_run).toMatchObject({ status: 'incomplete', failed: faults.length });
    await expectRepaired(scene, 2 * MAILBOXES.length);
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', mailboxes_changed: 0, removed: 0 });
    expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [] });
  });
});

describe('an empty LIST', () => {
  testScene('retires nothing', async (scene) => {
    const { server, mailkeep } = scene;
    await before(scene);
    const had = contents(scene);
    server.faults.add({ command: 'LIST' }, emptyList());
    const { code, report } = await mailkeep.sync();
    expect([code, report.status]).toEqual([3, 'incomplete']);
    expect(report.failures).toEqual([
      { mailbox: '*', uid: null, reason: expect.stringMatching(/no mailbox/) },
    ]);
    expectNothingRetired(scene, had, report);
    await expectRepaired(scene, 4);
  });
});

describe.each([
  ['every listing', { command: 'UID FETCH', text: /FLAGS/ }, 60, TIERS],
  ['every EXAMINE', { command: EXAMINE }, 20, ['qresync']],
] as const)('a connection that is cut in %s', (_, match, octets, tiers) => {
  const play = async (scene: Scene) => {
    const { server, mailkeep } = scene;
    await before(scene);
    const had = contents(scene);
    server.faults.add(match, dropAfter(octets, 'rst'));
    const { code, report } = await mailkeep.sync();
    expect([code, report.status, report.error?.code]).toEqual([75, 'failed', 'unreachable']);
    expectNothingRetired(scene, had, report);
    await expectRepaired(scene, 4);
  };
  testScene('retires nothing and asks to try later', play, { tiers });
});

describe('a VANISHED of messages that are there', () => {
  testScene(
    'is not believed against the count',
    async (scene) => {
      const { server, store, mailkeep } = scene;
      await before(scene);
      const lie = insertLines(['* VANISHED (EARLIER) 1:20'], 'closing');
      const fault = server.faults.add({ command: EXAMINE, mailbox: 'INBOX' }, lie);
      const { code, report } = await mailkeep.sync();
      expect(fault.hits).toBeGreaterThan(0);
      expect([code, report.status, report.removed]).toEqual([0, 'ok', 4]);
      expect(archived(mailkeep.archive())).toEqual(onServer(store));
    },
    { tiers: ['qresync'] },
  );
});

describe('an empty answer to UID SEARCH where the count says that something is gone', () => {
  testScene(
    'does not empty the mailbox',
    async (scene) => {
      await before(scene);
      const { server, mailkeep, engine } = scene;
      const empty = '* ESEARCH (TAG "{tag}") UID\r\n{tag} OK SEARCH completed\r\n';
      const fault = server.faults.add({ command: 'UID SEARCH' }, answerWith(empty));
      const { code, report } = await mailkeep.sync();
      expect(fault.hits, engine).toBeGreaterThan(0);
      expect([code, report.status, report.removed]).toEqual([3, 'incomplete', 0]);
      expect(report.failures).toMatchObject([{ mailbox: 'INBOX' }, { mailbox: 'Work' }]);
      await expectRepaired(scene, 4);
    },
    { tiers: ['condstore'] },
  );
});

describe('a connection that is cut once in the bodies', () => {
  testScene('is opened again in the same run', async (scene) => {
    const { server, store, mailkeep } = scene;
    put(store, 'INBOX', 60);
    server.faults.add({ command: 'UID FETCH', text: /BODY/, times: 2 }, dropAfter(20_000, 'rst'));
    const { code, report } = await mailkeep.sync();
    expect([code, report.failures]).toEqual([0, []]);
    expect(report).toMatchObject({ status: 'ok', added: 60 });
    expect(archived(mailkeep.archive())).toEqual(onServer(store));
  });
});

describe('most of an account gone in one run', () => {
  testScene('is kept and put on hold until a person accepts it', async (scene) => {
    const { store, mailkeep } = scene;
    put(store, 'INBOX', 150);
    put(store, 'Work', 30);
    await mailkeep.sync();
    const had = contents(scene);
    store.inbox.wipe();
    put(store, 'Work', 1);
    const { code, report, stderr } = await mailkeep.sync();
    expect([code, report.status, report.hold, report.removed]).toEqual([3, 'incomplete', true, 0]);
    expect(report).toMatchObject({
      added: 1,
      error: { code: 'hold', hint: expect.stringMatching(/accept/) },
    });
    expect(stderr).toBe('');
    expect(contents(scene)).toEqual(expect.arrayContaining(had));
    expect(mailkeep.archive().get('INBOX')!.size).toBe(150);
    expect(await mailkeep.status()).toMatchObject({ hold: true });
    // It doesn't wear off by itself.
    expect((await mailkeep.sync()).report).toMatchObject({ hold: true, removed: 0 });
    const accepted = await mailkeep.run('accept', 'personal', '--json');
    expect(accepted.code).toBe(0);
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', hold: false, removed: 150 });
    expect(archived(mailkeep.archive())).toEqual(onServer(store));
    expect(mailkeep.archive('removed').get('INBOX')!.size).toBe(150);
  });

  test('of a server with labels is held and let go in the same way', async () => {
    await using server = await ImapServer.start({
      users: { alice: PASSWORD },
      tier: 'condstore',
      gmail: true,
    });
    const all = server.store('alice').create('[Gmail]/All Mail', { attributes: ['\\All'] });
    const append = (n: number) =>
      all.append({
        body: markedMessage(`labelled ${n}`),
        labels: ['"\\\\Inbox"'],
        internalDate: { seconds: 1_500_000_000 + n, zone: 0 },
      });
    for (let n = 0; n < 20; n++) append(n);
    const keys = { guard: { max_removed_percent: 50, min_messages: 5 } };
    await using mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      keys,
    });
    await mailkeep.sync();
    all.expunge(all.uids.slice(0, 15));
    expect((await mailkeep.sync()).report).toMatchObject({ hold: true, removed: 0 });
    // With eight of them back nobody would suspect the rest; but a hold outlives its cause.
    for (let n = 0; n < 8; n++) append(n);
    expect((await mailkeep.sync()).report).toMatchObject({ hold: true, removed: 0 });
    expect((await mailkeep.run('accept', 'personal')).code).toBe(0);
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', hold: false, removed: 7 });
  });
});

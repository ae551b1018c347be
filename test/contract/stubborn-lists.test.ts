// Servers that fall silent, lists that name a UID twice or none, and mailboxes that go away while they are read: every
// wait has an end, nothing is taken for gone, and the next good run is whole.

import { describe, expect, test } from 'vitest';
import {
  omitRow,
  pretendUid,
  refuse,
  repeatRow,
  rewrite,
  stall,
  stallAfter,
} from '../support/imap-server/fault-actions.js';
import type { FaultAction, FaultMatch } from '../support/imap-server/faults.js';
import { ENGINES, type Engine } from '../support/mailkeep.js';
import { Play } from './play.js';

const COUNT = 12;

/** Two mailboxes with mail. */
async function start(engine: Engine): Promise<Play> {
  const play = await Play.start(engine, { tier: 'condstore' });
  for (const name of ['INBOX', 'Work']) play.put(name, COUNT, name.length);
  return play;
}

/** Without patience a silent server costs a moment and not two minutes. */
const impatient = { silenceTimeout: 300, connectTimeout: 300 };

async function expectWholeNow(play: Play): Promise<void> {
  play.server.faults.clear();
  expect(await play.sync()).toMatchObject({ status: 'ok', failures: [], removed: 0 });
  play.expectSame();
  expect(await play.backup.findings()).toEqual([]);
}

const BODIES = { command: 'UID FETCH', text: /BODY/ };
const LISTS = { command: 'UID FETCH', text: /INTERNALDATE/, mailbox: 'Work' };

const SILENCES: Readonly<Record<string, readonly [FaultMatch, FaultAction]>> = {
  'instead of a greeting': [{ command: 'GREETING' }, stall()],
  'at the sign-in': [{ command: /^(LOGIN|AUTHENTICATE)$/ }, stall()],
  'at ENABLE': [{ command: 'ENABLE' }, stall()],
  'at LIST': [{ command: 'LIST' }, stall()],
  'in the middle of LIST': [{ command: 'LIST' }, stallAfter(30)],
  'at EXAMINE': [{ command: /^(EXAMINE|SELECT)$/ }, stall()],
  'in the middle of a listing': [{ command: 'UID FETCH', text: /INTERNALDATE/ }, stallAfter(200)],
  'at bodies': [BODIES, stall()],
};

describe.each(ENGINES)('a server that falls silent (%s)', (engine) => {
  test.each(Object.entries(SILENCES))('%s: ends the run as out of reach', async (_, [match, action]) => {
    await using play = await start(engine);
    const fault = play.server.faults.add(match, action);
    const report = await play.sync(impatient);
    expect(report.status).not.toBe('ok');
    if (report.error !== null) expect(report.error.code).toBe('unreachable');
    expect(fault.hits).toBeGreaterThan(0);
    await expectWholeNow(play);
  });

  test('in the middle of a body: costs nothing where it happens once', async () => {
    await using play = await start(engine);
    play.server.faults.add({ ...BODIES, times: 1 }, stallAfter(1500));
    expect(await play.sync(impatient)).toMatchObject({
      status: 'ok',
      added: 2 * COUNT,
      failures: [],
    });
    await expectWholeNow(play);
  });
});

const WRONG_LISTS: Readonly<Record<string, FaultAction>> = {
  'UID 0': pretendUid(0),
  "the neighbour's UID": pretendUid(6),
  'a UID beyond UIDNEXT': pretendUid(4000),
  'no row': omitRow(),
};
/** Its lower 32 bits are a UID. */
const WIDE_UID = 2 ** 32 + 500;

describe.each(ENGINES)('a list with (%s)', (engine) => {
  test.each(Object.entries(WRONG_LISTS))('%s for a message is incomplete', async (_, action) => {
    await using play = await start(engine);
    const fault = play.server.faults.add({ ...LISTS, uid: 5 }, action);
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'incomplete', error: null, removed: 0 });
    expect(report.failures).toEqual([
      { mailbox: 'Work', uid: null, reason: expect.stringMatching(/12 messages but listed 11/) },
    ]);
    expect(fault.hits).toBeGreaterThan(0);
    await expectWholeNow(play);
  });

  test('a UID of 33 bits is nobody else’s', async () => {
    await using play = await start(engine);
    play.server.faults.add({ ...LISTS, uid: 5 }, pretendUid(WIDE_UID));
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'incomplete', error: null, removed: 0 });
    expect(report.failures).toEqual([
      { mailbox: 'Work', uid: null, reason: expect.stringMatching(/12 messages but listed 11|out of range/) },
    ]);
    await expectWholeNow(play);
  });

  test('a row twice is whole', async () => {
    await using play = await start(engine);
    for (const uid of [1, 5, COUNT]) play.server.faults.add({ ...LISTS, uid }, repeatRow());
    expect(await play.sync()).toMatchObject({
      status: 'ok',
      added: 2 * COUNT,
      failures: [],
    });
    await expectWholeNow(play);
  });
});

test('a line of LIST that nobody can read hides no other mailbox, and no other counts as gone (wire)', async () => {
  await using play = await start('wire');
  await play.sync();
  const odd = rewrite((answer) =>
    Buffer.from(answer.toString('latin1').replace(/^\* LIST .*Work.*$/m, '* LIST () "//" Work'), 'latin1'),
  );
  play.server.faults.add({ command: 'LIST' }, odd);
  play.put('INBOX', 1, 77);
  for (const added of [1, 0]) {
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'incomplete', error: null, added, removed: 0 });
    expect(report.failures).toEqual([
      {
        mailbox: '*',
        uid: null,
        reason: expect.stringMatching(/can't be read: .*Work.*none is taken for gone/),
      },
    ]);
  }
  await expectWholeNow(play);
});

test('a list of mailboxes that is refused names the account, and what to do (wire)', async () => {
  await using play = await start('wire');
  play.server.faults.add({ command: 'LIST' }, refuse('NO', 'Not for you', 'NOPERM'));
  const { status, error } = await play.sync();
  expect(status).toBe('failed');
  expect(error).toMatchObject({ code: 'refused', message: expect.stringMatching(/^test: .*Not for you/) });
  expect(error?.hint).toMatch(/safe/);
});

describe.each(ENGINES)('a mailbox that goes away during the run (%s)', (engine) => {
  test.each([
    ['before it is opened', { command: /^(EXAMINE|SELECT)$/, mailbox: 'Work' }],
    ['before its bodies are fetched', { ...BODIES, mailbox: 'Work' }],
  ])('%s is named and stops no other', async (_, match) => {
    await using play = await start(engine);
    play.server.faults.add(
      { ...match, times: 1 },
      {
        before: () => {
          play.store.delete('Work');
          return undefined;
        },
      },
    );
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'incomplete', error: null });
    expect(new Set(report.failures.map(({ mailbox }) => mailbox))).toEqual(new Set(['Work']));
    play.server.faults.clear();
    expect(await play.sync()).toMatchObject({ status: 'ok', failures: [], hold: false });
    play.expectSame();
    expect(await play.backup.findings()).toEqual([]);
  });
});

describe.each(ENGINES)('mailkeep introduces itself (%s)', (engine) => {
  test('with ID on every connection, and opens nothing for writing', async () => {
    await using play = await start(engine);
    play.server.faults.add({ ...BODIES, times: 1 }, stallAfter(100));
    await play.sync(impatient);
    await expectWholeNow(play);
    const { commands } = play.server.log;
    const connections = new Set(
      commands
        .filter(({ name }) => name === 'LIST' || name === 'EXAMINE')
        .map(({ connection }) => connection),
    );
    expect(connections.size).toBeGreaterThanOrEqual(2);
    for (const connection of connections) {
      const ids = commands.filter((command) => command.connection === connection && command.name === 'ID');
      expect(ids.some(({ text }) => text.includes('mailkeep'))).toBe(true);
    }
    expect(commands.filter(({ name }) => /^(SELECT|(UID )?STORE|APPEND|CREATE|CLOSE)$/.test(name))).toEqual(
      [],
    );
  });
});

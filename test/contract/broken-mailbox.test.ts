// A mailbox whose answers end the connection, or are no IMAP, costs itself and nothing else: all others are backed up,
// it is named with the reason, nothing is taken for gone, and once it is well the next run is whole.

import { describe, expect, test } from 'vitest';
import { dropBefore, insertLines, poison, rewrite, stall } from '../support/imap-server/fault-actions.js';
import type { FaultAction, FaultMatch } from '../support/imap-server/faults.js';
import { ENGINES, type Engine } from '../support/mailkeep.js';
import { Play } from './play.js';

const OPENING = /^(EXAMINE|SELECT)$/;
const LISTING = { command: 'UID FETCH', text: /INTERNALDATE/ };
const BODIES = { command: 'UID FETCH', text: /BODY/ };
const MAILBOXES = ['INBOX', 'Work', 'Zoo'];
const COUNT = 30;

const BREAKS: Readonly<Record<string, readonly [FaultMatch, FaultAction, RegExp]>> = {
  'says BYE to its EXAMINE': [{ command: OPENING }, poison('Index is corrupt'), /Index is corrupt/],
  'hangs up at its EXAMINE': [{ command: OPENING }, dropBefore('fin'), /over Work \(/],
  'resets the connection at its listing': [LISTING, dropBefore('rst'), /over Work \(/],
  'is silent at its listing': [LISTING, stall(), /over Work \(/],
  'says BYE to every one of its bodies': [BODIES, poison('Cache is corrupt'), /Cache is corrupt/],
};

async function start(engine: Engine, mailboxes: readonly string[] = MAILBOXES): Promise<Play> {
  const play = await Play.start(engine);
  for (const [seed, name] of mailboxes.entries()) play.put(name, COUNT, seed);
  return play;
}

async function expectWholeNow(play: Play): Promise<void> {
  play.server.faults.clear();
  expect(await play.sync()).toMatchObject({ status: 'ok', failures: [], removed: 0 });
  play.expectSame();
  expect(await play.backup.findings()).toEqual([]);
}

describe.each(ENGINES)('a mailbox that breaks every connection (%s)', (engine) => {
  test.each(Object.entries(BREAKS))('and %s: stops no other', async (_, [match, action, reason]) => {
    await using play = await start(engine);
    play.server.faults.add({ ...match, mailbox: 'Work' }, action);
    const patience = { silenceTimeout: 300 };
    for (const added of [2 * COUNT, 0]) {
      const report = await play.sync(patience);
      expect(report).toMatchObject({ status: 'incomplete', error: null, added, removed: 0 });
      expect(report.failures).toEqual([
        { mailbox: 'Work', uid: null, reason: expect.stringMatching(reason) },
      ]);
    }
    await expectWholeNow(play);
  });

  test('is found among others of its kind', async () => {
    const names = Array.from({ length: 24 }, (_, n) => `Box ${n}`);
    await using play = await Play.start(engine);
    for (const [seed, name] of names.entries()) play.put(name, 2, seed);
    const broken = names.filter((_, n) => n % 4 === 1);
    for (const mailbox of broken) play.server.faults.add({ command: OPENING, mailbox }, poison('Corrupt'));
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'incomplete', error: null, added: 2 * 18 });
    expect(report.failures.map(({ mailbox }) => mailbox).sort()).toEqual([...broken].sort());
    await expectWholeNow(play);
  });

  test('only where it is compared is fetched instead', async () => {
    await using play = await start(engine, ['INBOX']);
    await play.sync();
    play.store.inbox.bumpUidValidity({ renumber: true });
    play.server.faults.add({ command: 'UID FETCH', text: /HEADER|TEXT/ }, poison('Cannot cut this'));
    expect(await play.sync()).toMatchObject({ status: 'ok', failures: [], added: COUNT });
    await expectWholeNow(play);
  });
});

test('a server that breaks off over every mailbox is out of reach, and is not asked for all of them', async () => {
  const names = Array.from({ length: 40 }, (_, n) => `Box ${n}`);
  await using play = await Play.start('wire');
  for (const [seed, name] of names.entries()) play.put(name, 1, seed);
  play.server.faults.add({ command: OPENING }, poison('Going down'));
  const report = await play.sync();
  expect(report).toMatchObject({ status: 'failed', error: { code: 'unreachable' } });
  expect(play.server.log.named('AUTHENTICATE').length).toBeLessThan(8);
  await expectWholeNow(play);
});

test('a mailbox whose listing goes on and on costs itself only (wire)', async () => {
  await using play = await start('wire');
  const row = '* 1 FETCH (UID 1 FLAGS () INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE 3)';
  const flood = insertLines(Array<string>(101_000).fill(row));
  play.server.faults.add({ ...LISTING, mailbox: 'Work' }, flood);
  const report = await play.sync();
  expect(report).toMatchObject({ status: 'incomplete', error: null, added: 2 * COUNT });
  expect(report.failures).toEqual([
    { mailbox: 'Work', uid: null, reason: expect.stringMatching(/rows of a mailbox with 30 messages/) },
  ]);
  await expectWholeNow(play);
});

test('a mailbox whose listing is no IMAP costs itself only (wire)', async () => {
  await using play = await start('wire');
  const garble = rewrite((answer) =>
    Buffer.from(answer.toString('latin1').replace('FLAGS (', 'FLAGS (('), 'latin1'),
  );
  play.server.faults.add({ ...LISTING, mailbox: 'Work' }, garble);
  const report = await play.sync();
  expect(report).toMatchObject({ status: 'incomplete', error: null, added: 2 * COUNT });
  expect(report.failures).toEqual([
    { mailbox: 'Work', uid: null, reason: expect.stringMatching(/malformed flag list/) },
  ]);
  await expectWholeNow(play);
});

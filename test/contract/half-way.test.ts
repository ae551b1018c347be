// Runs that follow a new UIDVALIDITY and don't come to their end: what was recognised is not there twice for longer than
// it must be, and none of it counts as lost.

import { describe, expect, test } from 'vitest';
import { dropBefore, refuse } from '../support/imap-server/fault-actions.js';
import { ENGINES, type Engine } from '../support/mailkeep.js';
import { Play } from './play.js';

const COUNT = 120;
/** Every UID that INBOX begins with. */
const ALL = Array.from({ length: COUNT }, (_, at) => at + 1);
const OPENING = /^(EXAMINE|SELECT)$/;

/** INBOX with mail, and a mailbox beside it; both are archived. */
async function start(engine: Engine): Promise<Play> {
  const play = await Play.start(engine);
  play.put('INBOX', COUNT, 3);
  play.put('Other', 2, 4);
  expect(await play.sync()).toMatchObject({ status: 'ok', added: COUNT + 2 });
  return play;
}

/** Something is new in the mailbox, and it can't be opened. */
function closeOther(play: Play): void {
  play.put('Other', 1, 5);
  play.server.faults.add({ command: OPENING, mailbox: 'Other' }, refuse('NO', 'Not today'));
}

/** UIDs of INBOX's files in mail/, from whatever generation; throws where two files have one. */
function uids(play: Play): number[] {
  return [...play.backup.archive().get('INBOX')!.keys()].sort((a, b) => a - b);
}

async function expectWhole(play: Play): Promise<void> {
  play.server.faults.clear();
  expect(await play.sync()).toMatchObject({ status: 'ok', hold: false, failed: 0 });
  play.expectSame();
  expect(await play.backup.findings()).toEqual([]);
}

describe.each(ENGINES)('a new UIDVALIDITY in a run that does not come to its end (%s)', (engine) => {
  test('messages that were recognised have one name where another mailbox is closed', async () => {
    await using play = await start(engine);
    play.store.inbox.expunge([1, 2]);
    play.store.inbox.bumpUidValidity();
    closeOther(play);
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'incomplete', adopted: COUNT - 2, moved: COUNT - 2, removed: 0 });
    // What is not there any more has not left the archive: nobody has seen everything.
    expect(uids(play)).toEqual(ALL);
    expect(await play.backup.findings()).toEqual([]);
    await expectWhole(play);
    expect(play.backup.archive('removed').get('INBOX')!.size).toBe(2);
  });

  test('and where the account is put on hold', async () => {
    await using play = await start(engine);
    play.store.inbox.expunge(play.store.inbox.uids.slice(0, COUNT - 10));
    play.store.inbox.bumpUidValidity();
    const held = { status: 'incomplete', hold: true, adopted: 10, moved: 10, removed: 0 };
    expect(await play.sync()).toMatchObject(held);
    expect(uids(play)).toEqual(ALL);
    expect(await play.sync()).toMatchObject({ status: 'incomplete', hold: true, moved: 0, removed: 0 });
    expect(uids(play)).toEqual(ALL);
    expect(await play.backup.findings()).toEqual([]);
  });

  test('two new ones in a row are no loss', async () => {
    await using play = await start(engine);
    closeOther(play);
    for (const _ of [1, 2]) {
      play.store.inbox.bumpUidValidity({ renumber: true });
      const report = await play.sync();
      expect(report).toMatchObject({ status: 'incomplete', hold: false, added: 0, adopted: COUNT });
      expect(uids(play)).toHaveLength(COUNT);
    }
    await expectWhole(play);
    expect(play.backup.archive('removed').get('INBOX')).toBe(undefined);
  });

  test('what was listed and never fetched is no loss either', async () => {
    await using play = await start(engine);
    play.put('INBOX', 4 * COUNT, 6);
    play.server.faults.add({ command: 'UID FETCH', text: /BODY/ }, dropBefore('fin'));
    expect(await play.sync()).toMatchObject({ status: 'incomplete', added: 0 });
    play.store.inbox.expunge(play.store.inbox.uids.slice(COUNT));
    await expectWhole(play);
  });
});

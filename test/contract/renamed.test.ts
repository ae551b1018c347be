// A mailbox that goes on under another name keeps its row, history and folder, also where only MAILBOXID (RFC 8474) tells
// that it is the same. An identity that lies costs nothing.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SyncReport } from '../../src/core/report.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { rewrite } from '../support/imap-server/fault-actions.js';
import { ENGINES, type Engine } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { type Backend, CYRUS, settingsFor } from './backends.js';
import { Backup } from './backup.js';
import { Play } from './play.js';

const COUNT = 30;

/** Every mailbox that the archive ever knew: its row, its path, and whether the server lists it. */
function rows(backup: Backup): Record<string, { id: number; listed: boolean }> {
  const reader = ArchiveReader.open(join(backup.root, 'index.db'));
  try {
    return Object.fromEntries(reader.mailboxes().map(({ id, path, listed }) => [path, { id, listed }]));
  } finally {
    reader.close();
  }
}

const start = (engine: Engine) => Play.start(engine, { objectId: true });

/** The run ends well, with the archive equal to the server and nothing forgotten. */
async function follow(play: Play, expected: Partial<SyncReport>): Promise<void> {
  expect(await play.sync()).toMatchObject({ status: 'ok', hold: false, failures: [], ...expected });
  play.expectSame();
  expect(await play.backup.findings()).toEqual([]);
}

/** The server says of every mailbox that it is this one. */
const sayOfAll = (id: string) =>
  rewrite((answer) =>
    Buffer.from(answer.toString('latin1').replace(/MAILBOXID \([^)]*\)/, `MAILBOXID (${id})`), 'latin1'),
  );
const OPENING = /^(EXAMINE|SELECT)$/;

describe.each(ENGINES)('a renamed mailbox with MAILBOXID (%s)', (engine) => {
  test('is known under a new UIDVALIDITY and new UIDs', async () => {
    await using play = await start(engine);
    play.put('Old', COUNT, 1);
    play.store.mailbox('Old').expunge([1, 2]);
    await follow(play, { added: COUNT - 2 });
    const before = rows(play.backup);
    play.store.rename('Old', 'New', { newUidValidity: true });
    play.store.mailbox('New').bumpUidValidity({ renumber: true });
    await follow(play, { added: 0, adopted: COUNT - 2, moved: COUNT - 2, removed: 0 });
    expect(rows(play.backup)).toEqual({ INBOX: before.INBOX, New: before.Old });
  });

  test('is known when it is empty, and when little of its mail is left', async () => {
    await using play = await start(engine);
    play.store.create('Empty');
    play.put('Old', COUNT, 1);
    await follow(play, { added: COUNT });
    const before = rows(play.backup);
    play.store.rename('Empty', 'Still empty');
    play.store.mailbox('Old').expunge(play.store.mailbox('Old').uids.slice(2));
    play.put('Old', 3, 2);
    play.store.rename('Old', 'New');
    await follow(play, { added: 3, adopted: 0, removed: COUNT - 2 });
    expect(rows(play.backup)).toEqual({
      INBOX: before.INBOX,
      'Still empty': before.Empty,
      New: before.Old,
    });
    expect(play.backup.archive('removed').get('New')!.size).toBe(COUNT - 2);
  });

  test('is not taken for another one that has the same identity', async () => {
    await using play = await start(engine);
    play.server.faults.add(
      { command: OPENING, text: /Empty|Old|Other|Elsewhere|New/ },
      sayOfAll('all-alike'),
    );
    play.store.create('Empty');
    play.put('Old', COUNT, 1);
    play.put('Other', COUNT, 2);
    await follow(play, { added: 2 * COUNT });
    const before = rows(play.backup);
    play.store.delete('Empty');
    play.store.delete('Old');
    play.store.rename('Other', 'Elsewhere');
    play.put('New', COUNT, 3);
    await follow(play, { added: COUNT, adopted: 0, removed: COUNT });
    const after = rows(play.backup);
    expect(after.Elsewhere).toEqual(before.Other);
    expect(after.Old).toEqual({ ...before.Old, listed: false });
    expect(play.backup.archive('removed').get('Old')!.size).toBe(COUNT);
  });

  test('is not believed to be the one whose identity it has where the messages are others', async () => {
    for (const newUidValidity of [false, true]) {
      await using play = await start(engine);
      play.put('Old', COUNT, 1);
      const { mailboxId, uidValidity } = play.store.mailbox('Old');
      await follow(play, { added: COUNT });
      const before = rows(play.backup);
      play.store.delete('Old');
      play.store.create('New', newUidValidity ? {} : { uidValidity });
      play.put('New', COUNT, 2);
      play.server.faults.add({ command: OPENING, mailbox: 'New' }, sayOfAll(mailboxId));
      await follow(play, { added: COUNT, adopted: 0, removed: COUNT });
      expect(rows(play.backup).Old).toEqual({ ...before.Old, listed: false });
      expect(play.backup.archive('removed').get('Old')!.size).toBe(COUNT);
    }
  });
});

CYRUS.describe('a renamed mailbox on Cyrus', () => {
  let server: Backend;
  beforeAll(async () => {
    server = await CYRUS.start([...ENGINES]);
  });
  afterAll(() => server?.stop());

  test.each(ENGINES)('is known by its MAILBOXID when most of its mail has gone (%s)', async (engine) => {
    await using backup = new Backup();
    const sync = () => backup.sync(settingsFor(server, engine, engine));
    await server.putMessages(engine, 'INBOX.Old', makeMessages({ seed: 1, count: COUNT, medianBytes: 400 }));
    expect(await sync()).toMatchObject({ status: 'ok', added: COUNT });
    const before = rows(backup);
    const client = await server.client(engine);
    await client.mailboxOpen('INBOX.Old');
    await client.messageDelete('1:28', { uid: true });
    await client.mailboxClose();
    await client.mailboxRename('INBOX.Old', 'INBOX.New');
    expect(await sync()).toMatchObject({ status: 'ok', added: 0, adopted: 0, removed: 28 });
    expect(rows(backup)).toEqual({ INBOX: before.INBOX, New: before.Old });
    expect(backup.archive('removed').get('New')!.size).toBe(28);
    expect(await backup.findings()).toEqual([]);
  });
});

// Where the server itself says which messages are the same (Gmail's labels, EMAILID), each is downloaded once, from the
// first run on, and has one inode under all its names.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SyncReport } from '../../src/core/report.js';
import { serverLines, storeState } from '../support/archive.js';
import { refuse } from '../support/imap-server/fault-actions.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { type Backend, CYRUS, settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

const COUNT = 60;
const ALL = '[Gmail]/Alle Nachrichten';
const LABELS = ['INBOX', 'Arbeit', 'Wichtiges'];

/** Every message in All Mail, and under each of three labels too. */
async function gmail(): Promise<{ server: ImapServer; store: MailStore }> {
  const server = await ImapServer.start({ users: { alice: 'pass' }, tier: 'condstore', gmail: true });
  const store = server.store('alice');
  for (const label of LABELS.slice(1)) store.create(label);
  store.create('[Gmail]', { attributes: ['\\Noselect'] });
  const all = store.create(ALL, { attributes: ['\\All'] });
  makeMessages({ seed: 21, count: COUNT, medianBytes: 2000 }).forEach(({ body, internalDate }, at) => {
    all.append({ body, internalDate: { seconds: internalDate, zone: 0 }, flags: at % 2 ? ['\\Seen'] : [] });
  });
  for (const label of LABELS) store.copy(ALL, all.uids, label);
  return { server, store };
}

describe.each(ENGINES)('Gmail (%s)', (engine) => {
  const settings = (server: ImapServer) =>
    settingsFor({ port: server.port, password: 'pass' }, 'alice', engine);
  const same = (backup: Backup, store: MailStore) =>
    expect(backup.lines()).toEqual(filled(serverLines(storeState(store))));
  const inodes = (backup: Backup) =>
    [...backup.archive().values()].flatMap((messages) => [...messages.values()].map(({ inode }) => inode));

  test('a message with three labels is fetched once in the first run, from All Mail', async () => {
    const { server, store } = await gmail();
    await using _closing = server;
    await using backup = new Backup();
    const report = await backup.sync(settings(server));
    expect(report).toMatchObject({ status: 'ok', added: COUNT, adopted: COUNT * LABELS.length, failed: 0 });
    expect(server.stats.bodyFetches).toBe(COUNT);
    const bodies = server.log.named('UID FETCH').filter(({ text }) => /BODY/.test(text));
    expect(new Set(bodies.map(({ selected }) => selected))).toEqual(new Set(['[Gmail]/Alle Nachrichten']));
    same(backup, store);
    expect(inodes(backup)).toHaveLength(COUNT * 4);
    expect(new Set(inodes(backup)).size).toBe(COUNT);

    server.stats.reset();
    store.create('Neu');
    store.copy('INBOX', [1, 2, 3], 'Neu');
    store.mailbox('Arbeit').expunge([5]);
    expect(await backup.sync(settings(server))).toMatchObject({ added: 0, adopted: 3, removed: 1 });
    expect(server.stats.bodyFetches).toBe(0);
    same(backup, store);
    expect(await backup.findings()).toEqual([]);
  });

  test('Spam and Trash hold mail of their own, and only where they are wanted', async () => {
    const { server, store } = await gmail();
    await using _closing = server;
    const own = { '[Gmail]/Spam': '\\Junk', '[Gmail]/Papierkorb': '\\Trash' };
    Object.entries(own).forEach(([name, use], at) => {
      const mailbox = store.create(name, { attributes: [use] });
      for (const { body } of makeMessages({ seed: 40 + at, count: 5, medianBytes: 500 }))
        mailbox.append({ body });
    });
    const wanted = (path: string) => path !== '[Gmail]/Spam';
    await using without = new Backup();
    const report = await without.sync({ ...settings(server), selects: wanted });
    expect(report).toMatchObject({ status: 'ok', added: COUNT + 5, adopted: COUNT * LABELS.length });
    expect(server.log.commands.some(({ text }) => /EXAMINE.*Spam/.test(text))).toBe(false);
    const { '[Gmail]/Spam': _spam, ...others } = filled(serverLines(storeState(store)));
    expect(without.lines()).toEqual(others);

    await using whole = new Backup();
    expect(await whole.sync(settings(server))).toMatchObject({ status: 'ok', added: COUNT + 10 });
    same(whole, store);
    // Thrown away: it leaves All Mail and its labels, and is the same message in the trash.
    const { identity, content } = store.mailbox(ALL).get(3)!;
    for (const name of [ALL, ...LABELS]) {
      const mailbox = store.mailbox(name);
      mailbox.expunge(mailbox.uids.filter((uid) => mailbox.get(uid)!.identity === identity));
    }
    store.mailbox('[Gmail]/Papierkorb').append({ body: content, identity });
    expect(await whole.sync(settings(server))).toMatchObject({
      status: 'ok',
      added: 0,
      adopted: 1,
      hold: false,
    });
    same(whole, store);
    expect(await whole.findings()).toEqual([]);
  });

  test('what All Mail does not hand out is fetched under one of its labels', async () => {
    const { server, store } = await gmail();
    await using _closing = server;
    server.faults.add({ command: 'UID FETCH', mailbox: ALL, uid: 7, text: /BODY/ }, refuse('NO', 'Broken'));
    await using backup = new Backup();
    const report = await backup.sync(settings(server));
    // The label's copy is here then, and All Mail's is linked with the next run.
    expect(report).toMatchObject({ status: 'incomplete', failed: 1 });
    expect(report.failures).toMatchObject([{ mailbox: ALL, uid: 7 }]);
    expect(await backup.sync(settings(server))).toMatchObject({ status: 'ok', added: 0, adopted: 1 });
    same(backup, store);
    expect(await backup.findings()).toEqual([]);
  });
});

CYRUS.describe('EMAILID on Cyrus', () => {
  let server: Backend;
  beforeAll(async () => {
    server = await CYRUS.start([...ENGINES]);
  });
  afterAll(() => server?.stop());

  test.each(ENGINES)('copies are fetched once in the first run (%s)', async (engine) => {
    const messages = makeMessages({ seed: 22, count: 30, medianBytes: 1500 });
    await server.putMessages(engine, 'INBOX', messages);
    const client = await server.client(engine);
    for (const name of ['INBOX.One', 'INBOX.Two']) {
      await client.mailboxCreate(name);
      await client.mailboxOpen('INBOX');
      await client.messageCopy('1:*', name, { uid: true });
    }
    await using backup = new Backup();
    const report: SyncReport = await backup.sync(settingsFor(server, engine, engine));
    expect(report).toMatchObject({ status: 'ok', added: 30, adopted: 60 });
    expect(report.bytesDownloaded).toBe(messages.reduce((sum, { body }) => sum + body.length, 0));
    expect([...backup.archive().values()].map(({ size }) => size)).toEqual([30, 30, 30]);
    expect(await backup.findings()).toEqual([]);
  });
});

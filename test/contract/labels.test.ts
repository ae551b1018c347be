// Gmail's labels (X-GM-LABELS) are kept with each message, and a change of labels alone is noticed: through MODSEQ,
// through a label's mailbox that a message came to or left, or by a full run.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openIndex } from '../../src/sqlite/database.js';
import { rebuild } from '../history/answers.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup } from './backup.js';

const ALL = '[Gmail]/All Mail';
const COUNT = 12;

/** UID 1 has no label, every other one the inbox, every third also a label with a space, a quote and an umlaut. */
async function gmail(): Promise<{ server: ImapServer; store: MailStore }> {
  const server = await ImapServer.start({ users: { alice: 'pass' }, tier: 'condstore', gmail: true });
  const store = server.store('alice');
  const all = store.create(ALL, { attributes: ['\\All'] });
  makeMessages({ seed: 31, count: COUNT, medianBytes: 600 }).forEach(({ body }, at) => {
    const odd = at % 3 === 2 ? ['"&AMQ-rger \\"neu\\""'] : [];
    all.append({ body, labels: at === 0 ? [] : ['"\\\\Inbox"', ...odd] });
  });
  store.copy(ALL, all.uids.slice(1), 'INBOX');
  return { server, store };
}

/** Each of the label sets that a placement has had, with its life span in runs. */
function spansOf(backup: Backup, uid: number): unknown[] {
  const database = openIndex(join(backup.root, 'index.db'), { create: false });
  try {
    return database
      .prepare(
        `SELECT s.labels, l.first_run AS "from", l.last_run AS "to" FROM placement_labels l JOIN label_set s ON s.id = l.label_set
         JOIN placement p ON p.id = l.placement JOIN mailbox m ON m.id = p.mailbox
         WHERE m.wire_name = ? AND p.uid = ? ORDER BY l.first_run`,
      )
      .all(ALL, uid);
  } finally {
    database.close();
  }
}

describe.each(ENGINES)('labels (%s)', (engine) => {
  const settings = (server: ImapServer) =>
    settingsFor({ port: server.port, password: 'pass' }, 'alice', engine);

  test('are kept with each message of each mailbox, decoded', async () => {
    const { server } = await gmail();
    await using _closing = server;
    await using backup = new Backup();
    expect(await backup.sync(settings(server))).toMatchObject({ status: 'ok', flagsChanged: 0 });
    const labels = backup.labels(ALL);
    expect(labels.size).toBe(COUNT);
    expect(labels.get(1)).toEqual([]);
    expect(labels.get(2)).toEqual(['\\Inbox']);
    expect(labels.get(3)).toEqual(['\\Inbox', 'Ärger "neu"']);
    expect(backup.labels('INBOX').get(2)).toEqual(['\\Inbox', 'Ärger "neu"']);
    expect(await backup.sync(settings(server))).toMatchObject({ flagsChanged: 0, mailboxesChanged: 0 });
  });

  test('that change alone count as a change of flags, and the old ones stay known', async () => {
    const { server, store } = await gmail();
    await using _closing = server;
    await using backup = new Backup();
    const first = await backup.sync(settings(server));
    store.mailbox(ALL).setLabels([2, 4], 'add', ['Work']);
    store.mailbox(ALL).setFlags([4, 5], 'add', ['\\Flagged']);
    const report = await backup.sync(settings(server));
    expect(report).toMatchObject({ status: 'ok', flagsChanged: 3, added: 0, adopted: 0, bytesDownloaded: 0 });
    expect(backup.labels(ALL).get(2)).toEqual(['Work', '\\Inbox']);
    expect(spansOf(backup, 2)).toEqual([
      { labels: '["\\\\Inbox"]', from: first.run, to: report.run },
      { labels: '["Work","\\\\Inbox"]', from: report.run, to: null },
    ]);
    expect(await backup.sync(settings(server))).toMatchObject({ flagsChanged: 0 });
    expect(await backup.findings()).toEqual([]);
  });

  test('that no MODSEQ tells of are noticed where a message comes to or leaves a label', async () => {
    const { server, store } = await gmail();
    await using _closing = server;
    await using backup = new Backup();
    await backup.sync(settings(server));
    store.create('Work');
    store.copy(ALL, [2, 4], 'Work');
    store.mailbox(ALL).setLabelsSilently([2, 4], 'add', ['Work']);
    const came = await backup.sync(settings(server));
    expect(came).toMatchObject({ status: 'ok', adopted: 2, added: 0, flagsChanged: 2 });
    expect(backup.labels(ALL).get(4)).toEqual(['Work', '\\Inbox']);

    server.log.reset();
    store.mailbox('Work').expunge([1]);
    store.mailbox(ALL).setLabelsSilently([2], 'remove', ['Work']);
    expect(await backup.sync(settings(server))).toMatchObject({ removed: 1, flagsChanged: 1 });
    expect(backup.labels(ALL).get(2)).toEqual(['\\Inbox']);
    // Only the message that left is asked about, under its other names.
    const asked = server.log
      .named('UID FETCH')
      .filter(({ text, selected }) => /X-GM-LABELS/.test(text) && selected === ALL)
      .map(({ text }) => /\d+[\d:,*]*/.exec(text)?.[0]);
    expect(asked).toEqual(['2']);
    expect(await backup.sync(settings(server))).toMatchObject({ flagsChanged: 0, mailboxesChanged: 0 });
  });

  test('that nothing tells of are found by a full run', async () => {
    const { server, store } = await gmail();
    await using _closing = server;
    await using backup = new Backup();
    await backup.sync(settings(server));
    store.mailbox(ALL).setLabelsSilently([6], 'replace', ['Hidden']);
    expect(await backup.sync(settings(server))).toMatchObject({ flagsChanged: 0 });
    expect(await backup.sync({ ...settings(server), full: true })).toMatchObject({ flagsChanged: 1 });
    expect(backup.labels(ALL).get(6)).toEqual(['Hidden']);
  });

  test('stand in the journal, from which an index made anew has them again, with their past', async () => {
    const { server, store } = await gmail();
    await using _closing = server;
    await using backup = new Backup();
    await backup.sync(settings(server));
    store.mailbox(ALL).setLabels([2], 'add', ['Work']);
    await backup.sync(settings(server));
    // One that only the label's mailbox tells of.
    store.create('Later');
    store.copy(ALL, [4], 'Later');
    store.mailbox(ALL).setLabelsSilently([4], 'replace', ['Later']);
    await backup.sync(settings(server));
    const before = { labels: backup.labels(ALL), spans: [1, 2, 4].map((uid) => spansOf(backup, uid)) };
    expect(before.spans.map((spans) => spans.length)).toEqual([1, 2, 2]);
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(backup.root, `index.db${suffix}`), { force: true });
    await rebuild(backup.root);
    expect({ labels: backup.labels(ALL), spans: [1, 2, 4].map((uid) => spansOf(backup, uid)) }).toEqual(
      before,
    );
    expect(await backup.sync(settings(server))).toMatchObject({ status: 'ok', added: 0, flagsChanged: 0 });
    expect(backup.labels(ALL)).toEqual(before.labels);
  });

  test('are unknown, not none, on a server that has no such thing', async () => {
    await using server = await ImapServer.start({ users: { alice: 'pass' } });
    await using backup = new Backup();
    server.store('alice').inbox.append({ body: 'Subject: one\r\n\r\n' });
    await backup.sync(settings(server));
    expect([...backup.labels('INBOX').values()]).toEqual([null]);
    expect(server.log.named('UID FETCH').filter(({ text }) => /X-GM/.test(text))).toEqual([]);
  });
});

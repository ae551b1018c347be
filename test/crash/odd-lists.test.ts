// Lists of mailboxes that no server should send: a mailbox twice, two that want one folder, one whose path
// changes under an unchanged name.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ListedMailbox, MailboxReader } from '../../src/imap/reader.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import { differences, readArchive } from './archive-files.js';
import { demand, temporaryFolder } from './crash-everywhere.js';
import { overriding } from './lies.js';
import { runOnce } from './one-run.js';
import { put } from './scenarios.js';

let folder: string;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder, 'archive');
});
afterEach(() => rmSync(folder, { recursive: true }));

const serverOf = (mail: MailStore) => ({ mail, tier: 'qresync' as const, objectId: false });
const listing = (change: (list: ListedMailbox[]) => ListedMailbox[], ours: Partial<MailboxReader> = {}) => ({
  lie: (reader: MailboxReader) =>
    overriding(reader, { list: async () => change(await reader.list()), ...ours }),
});

describe('a list of mailboxes', () => {
  test('that names one twice is taken as if it named it once', async () => {
    const mail = new MailStore();
    for (const marker of ['one', 'two']) put(mail.inbox, marker);
    const twice = listing((list) => [...list, ...list]);
    expect((await runOnce(root, serverOf(mail), twice)).report).toMatchObject({
      status: 'ok',
      mailboxes: 1,
      added: 2,
    });
    mail.inbox.bumpUidValidity({ renumber: true });
    expect((await runOnce(root, serverOf(mail), twice)).report).toMatchObject({
      status: 'ok',
      adopted: 2,
      moved: 2,
    });
    await demand(root, serverOf(mail), {});
  });

  test('with two names for one path keeps them apart, whichever was there first', async () => {
    const mail = new MailStore({ separator: '.', prefix: 'INBOX.' });
    put(mail.create('Sent'), 'one');
    await runOnce(root, serverOf(mail));
    put(mail.create('INBOX.Sent'), 'two');
    put(mail.mailbox('INBOX.Sent'), 'three');
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({
      status: 'ok',
      mailboxes: 3,
      added: 2,
    });
    put(mail.mailbox('Sent'), 'four');
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({
      status: 'ok',
      added: 1,
      removed: 0,
    });
    const folders = readArchive(root).files.map((file) => file.folder);
    expect(folders.sort()).toEqual(['Sent', 'Sent', 'Sent%2', 'Sent%2']);
  });

  test('whose namespace prefix goes away under unchanged names keeps the mailboxes that it had', async () => {
    const mail = new MailStore({ separator: '.', prefix: 'INBOX.' });
    put(mail.inbox, 'one');
    put(mail.create('INBOX.Sent'), 'two');
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({ status: 'ok', added: 2 });
    put(mail.mailbox('INBOX.Sent'), 'three');
    const bare = { lie: (reader: MailboxReader) => overriding(reader, { prefix: '' }) };
    expect((await runOnce(root, serverOf(mail), bare)).report).toMatchObject({
      status: 'ok',
      added: 1,
      error: null,
    });
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({
      status: 'ok',
      added: 0,
      error: null,
    });
    expect(readArchive(root).files.map((file) => file.tree)).toEqual(['mail', 'mail', 'mail']);
  });

  test('that is empty, or short, loses nothing', async () => {
    const mail = new MailStore();
    put(mail.inbox, 'one');
    put(mail.create('Archive'), 'two');
    await runOnce(root, serverOf(mail));
    expect(
      (
        await runOnce(
          root,
          serverOf(mail),
          listing(() => []),
        )
      ).report,
    ).toMatchObject({ status: 'incomplete', removed: 0 });
    expect(differences(root, mail)).toEqual([]);
    // A list that lacks a mailbox is believed, but its mail is kept and comes back by itself.
    const short = listing((list) => list.filter(({ wireName }) => wireName === 'INBOX'));
    expect((await runOnce(root, serverOf(mail), short)).report).toMatchObject({ status: 'ok', removed: 1 });
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({
      status: 'ok',
      added: 0,
      adopted: 1,
    });
    await demand(root, serverOf(mail), {});
  });

  test('that shows only the newest messages (Yahoo) is incomplete, and what falls out of sight is not gone', async () => {
    const mail = new MailStore();
    const windowLimit = { messages: 3, hint: 'another host shows all of them' };
    const run = async () => (await runOnce(root, { ...serverOf(mail), windowLimit })).report;
    for (const marker of ['one', 'two', 'three']) put(mail.inbox, marker);
    const incomplete = { status: 'incomplete', error: null, removed: 0, hold: false };
    const failures = [
      { mailbox: 'INBOX', uid: null, reason: expect.stringMatching(/newest 3 messages; another host/) },
    ];
    expect(await run()).toMatchObject({ ...incomplete, added: 3, failures });
    put(mail.inbox, 'four');
    put(mail.inbox, 'five');
    mail.inbox.expunge([1, 2]);
    expect(await run()).toMatchObject({ ...incomplete, added: 2, failures });
    expect(readArchive(root).files.map((file) => file.tree)).toEqual(Array(5).fill('mail'));
    // With less than a window full everything is in sight, and what is not there is gone.
    mail.inbox.expunge([3]);
    expect(await run()).toMatchObject({ status: 'ok', removed: 3, failures: [] });
    await demand(root, serverOf(mail), {});
  });
});

// Stored mail is deleted from the server after a while: what goes, what stays, and what the archive says of it.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answers, rebuild } from '../history/answers.js';
import { PopServer } from '../support/pop3-server/server.js';
import { DAY, hashesOf, mail, mails, NOW, Stage } from './stage.js';

const AFTER = { deleteAfterMs: 30 * DAY };
const IDLE = { status: 'ok', added: 0, adopted: 0, removed: 0, moved: 0, hold: false };

describe('delete_after', () => {
  test('deletes what was stored for so long, and keeps it as mail of the mailbox', async () => {
    await using server = await PopServer.start(mails(20));
    using stage = new Stage();
    expect(await stage.sync(server, AFTER)).toMatchObject({ added: 20, deletedOnServer: 0 });
    const all = hashesOf(server.messages);
    server.messages.push(mail('late'));
    expect(await stage.sync(server, { ...AFTER, now: NOW + 29 * DAY })).toMatchObject({
      added: 1,
      deletedOnServer: 0,
    });
    const report = await stage.sync(server, { ...AFTER, now: NOW + 31 * DAY });
    expect(report).toMatchObject({ ...IDLE, deletedOnServer: 20 });
    expect(server.messages.map(({ uidl }) => uidl)).toEqual(['uidl-late']);
    // Seen gone, and seen gone again: by our own doing.
    for (const days of [32, 33, 34])
      expect(await stage.sync(server, { ...AFTER, now: NOW + days * DAY })).toMatchObject({
        ...IDLE,
        deletedOnServer: 0,
      });
    expect(stage.hashes()).toEqual([...all, ...hashesOf(server.messages)]);
    expect(stage.hashes('removed')).toEqual([]);
    // Without the setting as well.
    expect(await stage.sync(server)).toMatchObject(IDLE);
    expect(stage.hashes()).toHaveLength(21);
  });

  test('leaves what the server lost in another way to removed/', async () => {
    await using server = await PopServer.start(mails(20));
    using stage = new Stage();
    await stage.sync(server, { deleteAfterMs: 0 });
    expect(server.messages).toEqual([]);
    server.messages = [mail('x'), mail('y')];
    await stage.sync(server);
    const [gone] = server.messages.splice(0, 1);
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', removed: 1 });
    expect(stage.hashes('removed')).toEqual(hashesOf([gone!]));
    expect(stage.hashes()).toHaveLength(21);
  });

  test('never deletes in a dry run, on hold, or when something could not be seen', async () => {
    await using server = await PopServer.start(mails(20));
    using stage = new Stage();
    await stage.sync(server, AFTER);
    const late = { ...AFTER, now: NOW + 100 * DAY };
    await stage.sync(server, { ...late, dryRun: true });
    const all = server.messages;
    server.messages = all.slice(0, 2);
    expect(await stage.sync(server, late)).toMatchObject({ hold: true, deletedOnServer: 0 });
    server.messages = all;
    server.options = { answer: (line) => (line === 'UIDL' ? '+OK\r\n1 uidl-m1\r\n.\r\n' : undefined) };
    expect(await stage.sync(server, late)).toMatchObject({ status: 'incomplete', deletedOnServer: 0 });
    expect(server.count('DELE')).toBe(0);
  });

  test('never deletes a message whose file is not what was stored', async () => {
    await using server = await PopServer.start(mails(3));
    using stage = new Stage();
    await stage.sync(server, AFTER);
    const damaged = stage.archived()[1]!;
    appendFileSync(damaged.file, 'x');
    const report = await stage.sync(server, { ...AFTER, now: NOW + 40 * DAY });
    expect(report).toMatchObject({ status: 'incomplete', deletedOnServer: 2 });
    expect(report.failures[0]).toMatchObject({ mailbox: 'INBOX', uid: 2 });
    expect(server.messages.map(({ uidl }) => uidl)).toEqual(['uidl-m2']);
  });

  test.each([
    ['did it', true],
    ['did not do it', false],
  ])('whose confirmation is lost is resolved by the next listing, when the server %s', async (_, done) => {
    await using server = await PopServer.start(mails(5), {
      answer: (line, own) => {
        if (line !== 'QUIT' || server.count('DELE') === 0) return undefined;
        if (done) own();
        return { say: '', thenHangUp: true };
      },
    });
    using stage = new Stage();
    const all = hashesOf(server.messages);
    expect(await stage.sync(server, { deleteAfterMs: 0 })).toMatchObject({
      status: 'ok',
      deletedOnServer: 0,
    });
    expect(server.messages).toHaveLength(done ? 0 : 5);
    server.options = {};
    expect(await stage.sync(server, { deleteAfterMs: 0, now: NOW + DAY })).toMatchObject({
      ...IDLE,
      deletedOnServer: done ? 0 : 5,
    });
    expect(stage.hashes()).toEqual(all);
    expect(server.messages).toEqual([]);
    expect(await stage.sync(server)).toMatchObject(IDLE);
  });

  test('that the server refuses deletes nothing and loses nothing', async () => {
    await using server = await PopServer.start(mails(5), {
      answer: (line) => (line === 'DELE 2' ? '-ERR read-only\r\n' : undefined),
    });
    using stage = new Stage();
    expect(await stage.sync(server, { deleteAfterMs: 0 })).toMatchObject({
      status: 'ok',
      deletedOnServer: 4,
    });
    // It goes in another way later, and that is a loss.
    server.messages = [];
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', removed: 1 });
    expect([stage.hashes().length, stage.hashes('removed').length]).toEqual([4, 1]);
  });

  test('is remembered by an index that is made anew, and by a server that begins anew', async () => {
    await using server = await PopServer.start(mails(6));
    using stage = new Stage();
    await stage.sync(server, { deleteAfterMs: 0 });
    const all = stage.hashes();
    server.messages = [mail('new'), mail('newer')];
    await stage.sync(server);
    const index = join(stage.root, 'index.db');
    const before = answers(stage.root);
    await rebuild(stage.root, { index });
    expect(answers(stage.root, index)).toEqual(before);
    const report = await stage.sync(server);
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: 2, removed: 0, hold: false });
    expect(stage.hashes().sort()).toEqual([...all, ...hashesOf(server.messages)].sort());
    expect(stage.hashes('removed')).toEqual([]);
  });
});

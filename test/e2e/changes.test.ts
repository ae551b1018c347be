// The life of an account, step by step: after each step one run, whose counts are those of the step and whose archive
// equals the server. What is already here never travels again.

import { expect } from 'vitest';
import { contentLines } from '../support/archive.js';
import type { Mailkeep, SyncReport } from '../support/mailkeep.js';
import { type GeneratedMessage, makeMessages, markedMessage } from '../support/messages.js';
import { archived, describeInEveryTier, onServer, type Stage } from './every-tier.js';

const some = (seed: number, count: number): GeneratedMessage[] =>
  makeMessages({ seed, count, medianBytes: 1500, mostBytes: 100_000 }).map((message) => ({
    ...message,
    flags: 'S',
  }));

/** One run that ends well and leaves the archive equal to the server. */
async function follow(stage: Stage, mailkeep: Mailkeep, expected: Partial<SyncReport>): Promise<SyncReport> {
  const { code, report } = await mailkeep.sync();
  const zero = { added: 0, adopted: 0, moved: 0, flags_changed: 0, removed: 0, failed: 0, hold: false };
  expect(report).toMatchObject({ status: 'ok', error: null, ...zero, ...expected });
  expect(code).toBe(0);
  expect(archived(mailkeep.archive())).toEqual(await onServer(stage, ['Spam']));
  return report;
}

function removed(mailkeep: Mailkeep): string[] {
  return contentLines(
    [...mailkeep.archive('removed').values()].flatMap((messages) => [...messages.values()]),
  );
}

describeInEveryTier('an account that changes', {
  'is followed through additions, flags, deletions, moves, copies and renames': async (stage) => {
    const { server, user } = stage;
    await server.putMessages(user, 'INBOX', some(1, 120));
    await server.putMessages(user, 'Work', some(2, 60));
    await server.putMessages(user, 'Alte Post', some(3, 40));
    await server.putMessages(user, 'Alte Post/2019', some(4, 20));
    await server.putMessages(user, 'Spam', some(5, 10));
    const mailkeep = await stage.mailkeep({ keys: { folders: { include: ['*'], exclude: ['Spam'] } } });
    await follow(stage, mailkeep, { added: 240, mailboxes: 4 });

    await server.putMessages(user, 'INBOX', some(6, 5));
    await server.putMessages(user, 'Work', some(7, 3));
    await server.putMessages(user, 'Spam', some(8, 3));
    await follow(stage, mailkeep, { added: 8, mailboxes_changed: 2 });

    const client = await server.client(user);
    await client.mailboxOpen('INBOX');
    await client.messageFlagsSet('1:4', ['\\Flagged', '\\Draft'], { uid: true });
    await client.messageFlagsSet('5:9', [], { uid: true });
    await client.messageFlagsSet('10:12', ['$Label1', 'Work', '$Forwarded', '\\Seen'], { uid: true });
    const flagged = await follow(stage, mailkeep, { flags_changed: 12, mailboxes_changed: 1 });
    expect(flagged.bytes_downloaded).toBe(0);
    // Back to where some of them were: only those are changes.
    await client.messageFlagsSet('1:4', ['\\Draft'], { uid: true });
    await client.messageFlagsSet('10:12', ['\\Seen', 'Work', '$Label1', '$Forwarded'], { uid: true });
    await follow(stage, mailkeep, { flags_changed: 4 });

    const before = (await server.state(user)).get('INBOX')!.messages;
    const doomed = [...before].filter(([uid]) => uid >= 20 && uid < 30).map(([, message]) => message);
    await client.messageDelete('20:29', { uid: true });
    await follow(stage, mailkeep, { removed: 10, mailboxes_changed: 1 });
    expect(removed(mailkeep)).toEqual(contentLines(doomed));

    await client.mailboxCreate('Neu');
    await client.messageMove('40:59', 'Neu', { uid: true });
    await client.messageCopy('70:79', 'Work', { uid: true });
    const moved = await follow(stage, mailkeep, { adopted: 30, moved: 20, mailboxes_changed: 3 });
    expect(moved.bytes_downloaded).toBeLessThan(30 * 6000);
    expect(removed(mailkeep)).toHaveLength(10);
    expect(inodesShared(mailkeep, 'INBOX', 'Work')).toBe(10);

    await client.mailboxRename('Alte Post', 'Archiv/Neue Post');
    // The folders move along: nothing is new, nothing has left.
    await follow(stage, mailkeep, { bytes_downloaded: 0 });
    expect([...mailkeep.archive().keys()].filter((folder) => folder.startsWith('Alte Post'))).toEqual([]);
    expect(removed(mailkeep)).toHaveLength(10);

    const gone = (await server.state(user)).get('Work')!.messages;
    await client.mailboxDelete('Work');
    await follow(stage, mailkeep, { removed: 73, mailboxes: 5 - 1 });
    expect(removed(mailkeep)).toEqual(contentLines([...doomed, ...gone.values()]));

    await server.putMessages(user, 'Wieder da', some(2, 60).slice(0, 7));
    await follow(stage, mailkeep, { adopted: 7, mailboxes_changed: 1 });
    expect(removed(mailkeep)).toHaveLength(83);
    expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], corrupt: [], unindexed: [] });
  },

  'keeps a mailbox that is excluded later as it was': async (stage) => {
    const { server, user } = stage;
    await server.putMessages(user, 'INBOX', some(1, 10));
    await server.putMessages(user, 'Later', some(2, 10));
    await server.putMessages(user, 'Later/Sub', some(3, 10));
    const mailkeep = await stage.mailkeep();
    await follow(stage, mailkeep, { added: 30 });
    const before = archived(mailkeep.archive());
    const { port, password } = server;
    const keys = { folders: { include: ['*'], exclude: ['Later', 'Later/**'] } };
    await mailkeep.configure({ port, user, password, engine: stage.engine, keys });
    const client = await server.client(user);
    await client.mailboxOpen('Later');
    await client.messageDelete('1:4', { uid: true });
    await client.mailboxDelete('Later/Sub');
    const { report } = await mailkeep.sync();
    expect(report).toMatchObject({ status: 'ok', mailboxes: 1, removed: 0, flags_changed: 0, failures: [] });
    expect(archived(mailkeep.archive())).toEqual(before);
    expect(removed(mailkeep)).toEqual([]);
    await mailkeep.configure({ port, user, password, engine: stage.engine });
    await follow(stage, mailkeep, { removed: 14 });
  },

  'knows more keywords in a mailbox than Maildir has letters': async (stage) => {
    const { server, user } = stage;
    await server.putMessages(user, 'INBOX', some(1, 40));
    const client = await server.client(user);
    await client.mailboxOpen('INBOX');
    for (let n = 1; n <= 40; n++) await client.messageFlagsAdd(String(n), [`Keyword${n}`], { uid: true });
    const mailkeep = await stage.mailkeep();
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 40 });
    const keywords = [...mailkeep.archive().get('INBOX')!.values()].flatMap(({ flags }) =>
      flags.filter((flag) => /^Keyword/.test(flag)),
    );
    expect(keywords).toHaveLength(26);
    expect((await mailkeep.sync()).report).toMatchObject({ flags_changed: 0, mailboxes_changed: 0 });
    // The index knows those without a letter too: a change of one is a change.
    await client.messageFlagsRemove('40', ['Keyword40'], { uid: true });
    await client.messageFlagsAdd('39', ['Keyword1'], { uid: true });
    expect((await mailkeep.sync()).report).toMatchObject({ flags_changed: 2, bytes_downloaded: 0 });
    expect((await mailkeep.sync()).report).toMatchObject({ flags_changed: 0 });
    expect((await mailkeep.check()).code).toBe(0);
  },

  'takes a message that comes back for what it is': async (stage) => {
    const { server, user } = stage;
    const messages = ['one', 'two', 'three'].map((marker, at) => ({
      body: markedMessage(marker),
      flags: 'S',
      internalDate: 1_300_000_000 + at,
    }));
    await server.putMessages(user, 'INBOX', messages);
    const mailkeep = await stage.mailkeep();
    await follow(stage, mailkeep, { added: 3 });
    const client = await server.client(user);
    await client.mailboxOpen('INBOX');
    await client.messageDelete('2', { uid: true });
    await follow(stage, mailkeep, { removed: 1 });
    await server.putMessages(user, 'INBOX', [messages[1]!]);
    await follow(stage, mailkeep, { adopted: 1 });
    await client.noop();
    await client.messageDelete('4', { uid: true });
    await follow(stage, mailkeep, { removed: 1 });
    expect(new Set(removed(mailkeep)).size).toBe(1);
    expect((await mailkeep.check()).code).toBe(0);
  },
});

function inodesShared(mailkeep: Mailkeep, one: string, other: string): number {
  const archive = mailkeep.archive();
  const inodes = new Set([...archive.get(one)!.values()].map(({ inode }) => inode));
  return [...archive.get(other)!.values()].filter(({ inode }) => inodes.has(inode)).length;
}

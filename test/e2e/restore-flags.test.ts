// Flags, dates and line ends that a target refuses cost nobody the message: it is restored without them, and that is
// said.

import { describe, expect, test } from 'vitest';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { no } from '../support/imap-server/command-error.js';
import { refuse } from '../support/imap-server/fault-actions.js';
import type { NewMessage } from '../support/imap-server/message.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { inboxStage, numbered, numberedBody, subjects } from '../support/scripted-restore.js';
import { restore, targetAccount } from './restore-stage.js';

describeWithDovecot('restore to Dovecot', () => {
  test('sends no flag for which it would obey the message as commands', async () => {
    const body = Buffer.from('a1 CREATE obeyed\r\nSubject: x\r\n\r\nb1 CREATE obeyed-too\r\n');
    await withFlags(
      [{ body, flags: ['\\Custom', '\\Seen', 'work}', 'no]atom'] }],
      async ({ server, run }) => {
        expect([run.code, run.report.restored, run.report.error]).toEqual([0, 1, null]);
        expect(run.report.remarks).toEqual([
          'INBOX: the target did not keep no]atom on 1 message',
          'INBOX: the target does not keep \\Custom; the messages are restored without',
        ]);
        const state = await server.state('bob');
        expect([...state.keys()]).toEqual(['INBOX']);
        expect([...state.get('INBOX')!.messages.values()].map(({ flags }) => flags)).toEqual([
          ['\\Seen', 'work}'],
        ]);
      },
    );
  });

  test('leaves out a keyword that is too long for it, and no other', async () => {
    const long = 'k'.repeat(60);
    const messages = numbered(4).map((message, n) => ({
      ...message,
      flags: n === 2 ? ['\\Flagged', 'home', long, 'work'] : ['work'],
    }));
    await withFlags(messages, async ({ server, run, again }) => {
      expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 4, []]);
      expect(run.report.remarks).toEqual([`INBOX: the target did not keep ${long} on 1 message`]);
      const { messages } = (await server.state('bob')).get('INBOX')!;
      const flags = [...messages.values()].map((message) => message.flags.join(' ')).sort();
      expect(flags).toEqual(['\\Flagged home work', 'work', 'work', 'work']);
      expect((await again()).report).toMatchObject({ restored: 0, present: 4, failed: 0 });
    });
  });
});

describe('restore', () => {
  test('gives a date that the target refuses up, and not the message', async () => {
    const messages = [-2_208_988_800, 1e9].map((seconds, n) => ({
      body: numberedBody(n),
      flags: ['\\Seen', 'work'],
      internalDate: { seconds, zone: 0 },
    }));
    await using it = await inboxStage(messages);
    it.target.faults.add({ command: 'APPEND', text: /-1900 / }, refuse('BAD', 'Invalid date-time'));
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 2, []]);
    expect(run.report.remarks).toEqual(['INBOX: the target gave 1 message another date']);
    const { inbox } = it.target.store('bob');
    const held = inbox.uids.map((uid) => inbox.get(uid)!);
    expect(held.map(({ internalDate }) => internalDate.seconds).sort()).toEqual([1, 1e9]);
    expect(held.map(({ flags }) => [...flags].sort())).toEqual([
      ['\\Seen', 'work'],
      ['\\Seen', 'work'],
    ]);
    expect((await it.toOther()).report).toMatchObject({ restored: 0, present: 2, failed: 0 });
  });

  test('puts CR LF where the target refuses bare line feeds, and says that the octets are others', async () => {
    const lines = 'line\r\nbare\n'.repeat(60_000);
    const messages = ['short\n', lines, 'whole\r\n'].map((text, n) => ({
      body: Buffer.from(`Message-ID: <${n}@example.org>\r\nSubject: number ${n}\r\n\r\n${text}`),
      flags: ['work'],
    }));
    await using it = await inboxStage(messages);
    const { inbox } = it.target.store('bob');
    const append = inbox.append.bind(inbox);
    inbox.append = (message) => {
      if (/(?<!\r)\n/.test((message.body as Buffer).toString())) throw no('Message contains bare newlines');
      return append(message);
    };
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed, run.report.remarks]).toEqual([3, 1, 2, []]);
    for (const { reason } of run.report.failures)
      expect(reason).toMatch(/^the target keeps it in \d+ octets instead of \d+/);
    expect(subjects(it.target).sort()).toEqual(['number 0', 'number 1', 'number 2']);
    expect(inbox.uids.map((uid) => [...inbox.get(uid)!.flags])).toEqual([['work'], ['work'], ['work']]);
    const again = await it.toOther();
    expect(again.report).toMatchObject({ restored: 0, present: 3, failed: 0 });
    expect(subjects(it.target)).toHaveLength(3);
  });

  test('goes on where a mailbox takes no further keyword', async () => {
    const messages = numbered(3).map((message, n) => ({ ...message, flags: ['\\Seen', `key${n}`, 'work'] }));
    await using it = await inboxStage(messages);
    it.target.faults.add(
      { command: /APPEND|UID STORE/, text: /key1/ },
      refuse('NO', 'Too many user flags in mailbox'),
    );
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 3, []]);
    expect(run.report.remarks).toEqual(['INBOX: the target did not keep key1 on 1 message']);
    const { inbox } = it.target.store('bob');
    const flags = inbox.uids.map((uid) => [...inbox.get(uid)!.flags].sort().join(' ')).sort();
    expect(flags).toEqual(['\\Seen key0 work', '\\Seen key2 work', '\\Seen work']);
  });
});

interface Restored {
  readonly server: Dovecot;
  readonly run: Awaited<ReturnType<typeof restore>>;
  readonly again: () => ReturnType<typeof restore>;
}

/** From a scripted server, which takes any flag, to bob on Dovecot. */
async function withFlags(
  messages: readonly NewMessage[],
  work: (restored: Restored) => Promise<void>,
): Promise<void> {
  await using source = await ImapServer.start({ users: { alice: 'pass' } });
  for (const message of messages) source.store('alice').inbox.append(message);
  const server = await Dovecot.start();
  try {
    const others = [targetAccount('other', server, 'bob')];
    const account = { port: source.port, user: 'alice', password: 'pass', others };
    await using mailkeep = await Mailkeep.create(account);
    expect((await mailkeep.sync('personal')).code).toBe(0);
    const again = () => restore(mailkeep, '--to', 'other', '--in-place');
    await work({ server, run: await again(), again });
  } finally {
    await server.stop();
  }
}

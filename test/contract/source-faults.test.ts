// What a server refuses or does not have reaches the jobs as such, message by message and mailbox by mailbox, from both
// engines alike.

import { describe, expect, test } from 'vitest';
import { MailboxError } from '../../src/core/errors.js';
import { CommandError } from '../support/imap-server/command-error.js';
import { nilBody, omitRow, refuse } from '../support/imap-server/fault-actions.js';
import type { FaultAction } from '../support/imap-server/faults.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { openSource, settingsFor } from './backends.js';
import { Backup } from './backup.js';
import { fetchBodies, NEVER, observe, observeAll, requestOf } from './drive-source.js';

const PASSWORD = 'pass';

async function serve(...mailboxes: string[]): Promise<ImapServer> {
  const server = await ImapServer.start({ users: { alice: PASSWORD } });
  for (const name of mailboxes) {
    const store = server.store('alice');
    const mailbox = store.find(name) ?? store.create(name);
    for (const { body } of makeMessages({ seed: 3, count: 9, medianBytes: 400 })) mailbox.append({ body });
  }
  return server;
}

describe.each(ENGINES)('a source of a server that fails (%s)', (engine) => {
  const open = (server: ImapServer) =>
    openSource(settingsFor({ port: server.port, password: PASSWORD }, 'alice', engine));

  const perMessage: readonly (readonly [string, FaultAction, RegExp])[] = [
    ['NIL in place of a body', nilBody(), /NIL/],
    ['no row for a message', omitRow(), /does not send/],
    ['NO for a message', refuse('NO', 'Corrupt record'), /Corrupt record/],
    ['BAD for a message', refuse('BAD', 'Bad in the head'), /Bad in the head/],
  ];
  test.each(perMessage)('%s fails that message alone, with the reason', async (_, action, reason) => {
    await using server = await serve('INBOX');
    const source = await open(server);
    const observation = await observe(source, 'INBOX', NEVER);
    server.faults.add({ command: 'UID FETCH', uid: 4, text: /BODY/ }, action);
    const { bodies, failed, mailboxFailed } = await fetchBodies(source, requestOf('INBOX', observation));
    expect([...bodies.keys()].sort()).toEqual([1, 2, 3, 5, 6, 7, 8, 9]);
    expect(failed).toEqual([{ uid: 4, reason: expect.stringMatching(reason) }]);
    expect(mailboxFailed).toEqual([]);
    await source.close();
  });

  test('a refused EXAMINE and a refused listing fail their mailboxes alone', async () => {
    await using server = await serve('INBOX', 'Closed', 'Mute', 'Work');
    const source = await open(server);
    const polled = await source.poll(new Map());
    server.faults.add(
      { command: /^(EXAMINE|SELECT)$/, mailbox: 'Closed' },
      refuse('NO', 'Not today', 'NOPERM'),
    );
    server.faults.add({ command: 'UID FETCH', mailbox: 'Mute' }, refuse('NO', 'The index is broken'));
    const outcomes = await observeAll(source, polled);
    const of = (name: string) => outcomes[polled.findIndex(({ wireName }) => wireName === name)];
    expect(of('Closed')).toBeInstanceOf(MailboxError);
    expect(of('Closed')).toMatchObject({ message: expect.stringMatching(/Closed.*Not today/) });
    expect(of('Mute')).toBeInstanceOf(MailboxError);
    expect(of('Mute')).toMatchObject({ message: expect.stringMatching(/Mute.*The index is broken/) });
    for (const name of ['INBOX', 'Work']) expect(of(name)).toMatchObject({ exists: 9, incomplete: null });
    await source.close();
  });

  test('a mailbox that closes before its bodies are fetched is named once and stops no other', async () => {
    await using server = await serve('INBOX', 'Work');
    server.faults.add(
      { command: /^(EXAMINE|SELECT)$/, mailbox: 'INBOX' },
      {
        before: (_, { hits }) => {
          if (hits > 1) throw new CommandError('NO', 'Closed for today');
          return undefined;
        },
      },
    );
    await using backup = new Backup();
    const report = await backup.sync(settingsFor({ port: server.port, password: PASSWORD }, 'alice', engine));
    expect(report).toMatchObject({ status: 'incomplete', added: 9 });
    expect(report.failures).toEqual([
      { mailbox: 'INBOX', uid: null, reason: expect.stringMatching(/Closed for today/) },
    ]);
  });
});

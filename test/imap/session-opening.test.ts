// What goes over the wire from the greeting to the first list of mailboxes, and that a server which refuses parts of
// it is read all the same.

import { afterEach, describe, expect, test } from 'vitest';
import { displayPath } from '../../src/core/mailbox/mailbox-path.js';
import { openSource, settingsFor } from '../contract/backends.js';
import { answerWith, refuse, rewrite } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { ServerOptions } from '../support/imap-server/server-context.js';

const PASSWORD = 'päss "word"';

let server: ImapServer;
afterEach(() => server.close());

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await ImapServer.start({ users: { alice: PASSWORD }, ...options });
  server.store('alice').create(`${options.prefix ?? ''}Work`);
}

/** Paths as people see them. */
async function listed(password = PASSWORD): Promise<string[]> {
  const source = await openSource(settingsFor({ port: server.port, password }, 'alice', 'wire'));
  try {
    return (await source.poll(new Map())).map(({ path }) => displayPath(path)).sort();
  } finally {
    await source.close();
  }
}

describe('the way to the first list', () => {
  test('is one command for the password, and one flight for all the rest', async () => {
    await start();
    expect(await listed()).toEqual(['INBOX', 'Work']);
    expect(server.log.names.slice(0, 5)).toEqual(['AUTHENTICATE', 'ID', 'NAMESPACE', 'ENABLE', 'LIST']);
  });

  test('is the longer one where the server takes no initial response', async () => {
    await start({ tier: 'plain' });
    expect(await listed()).toEqual(['INBOX', 'Work']);
    expect(server.log.names.filter((name) => name === 'AUTHENTICATE')).toHaveLength(1);
  });

  test('ends at a wrong password, which is asked once', async () => {
    await start();
    await expect(listed('wrong')).rejects.toMatchObject({ name: 'CredentialsError' });
    expect(server.log.names).toEqual(['AUTHENTICATE']);
  });
});

describe('the personal namespace', () => {
  test('is taken off the names that people see', async () => {
    await start({ prefix: 'INBOX.', separator: '.' });
    expect(await listed()).toEqual(['INBOX', 'Work']);
  });

  test('is found without NAMESPACE too', async () => {
    await start({
      prefix: 'INBOX.',
      separator: '.',
      capabilities: ['IMAP4rev1', 'AUTH=PLAIN', 'SASL-IR', 'ENABLE', 'CONDSTORE'],
    });
    server.faults.add(
      { command: 'LIST', times: 1 },
      answerWith('* LIST (\\Noselect) "." "INBOX."\r\n{tag} OK done\r\n'),
    );
    expect(await listed()).toEqual(['INBOX', 'Work']);
    expect(server.log.names).not.toContain('NAMESPACE');
  });

  test.each([
    ['refused', refuse('NO', 'not today')],
    ['unreadable', rewrite((answer) => Buffer.from(answer.toString().replace('"/"', '"long"')))],
  ])('counts as none where it is %s', async (_, fault) => {
    await start();
    server.faults.add({ command: 'NAMESPACE' }, fault);
    expect(await listed()).toEqual(['INBOX', 'Work']);
  });
});

test('a server that will not hear who we are is read all the same', async () => {
  await start();
  server.faults.add({ command: 'ID' }, refuse('BAD', 'what?'));
  expect(await listed()).toEqual(['INBOX', 'Work']);
});

test('Exchange, which lets a user in without a mailbox, has refused the password', async () => {
  await start();
  server.faults.add({ command: 'NAMESPACE' }, refuse('BAD', 'User is authenticated but not connected.'));
  server.faults.add({ command: 'LIST' }, refuse('BAD', 'User is authenticated but not connected.'));
  await expect(listed()).rejects.toMatchObject({ name: 'CredentialsError' });
});

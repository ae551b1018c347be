// Further connections only ever help: they share the bodies of a run, and whatever becomes of them, each message is
// stored once and none is missing.

import { describe, expect, test } from 'vitest';
import { CommandError } from '../support/imap-server/command-error.js';
import { dropAfter, refuse, stall } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup } from './backup.js';

const COUNT = 1200;
const MESSAGES = makeMessages({ seed: 5, count: COUNT, medianBytes: 8000 });

async function serve(): Promise<ImapServer> {
  const server = await ImapServer.start({ users: { alice: 'pass' } });
  const mailbox = server.store('alice').find('INBOX')!;
  for (const { body } of MESSAGES) mailbox.append({ body });
  return server;
}

const settings = (server: ImapServer, engine: (typeof ENGINES)[number]) => ({
  ...settingsFor({ port: server.port, password: 'pass' }, 'alice', engine),
  connections: 3,
});

const bodyFetches = (server: ImapServer) =>
  server.log.named('UID FETCH').filter((command) => /BODY/.test(command.text));

/** The first connection is not answered before another one asks for bodies, however slow this machine is. */
function holdBackTheFirst(server: ImapServer): void {
  server.faults.add(
    { command: 'UID FETCH', text: /BODY/, connection: 1, nth: 1 },
    {
      before: async () => {
        await server.log.next(({ text, connection }) => connection > 1 && /UID FETCH.*BODY/.test(text));
        return undefined;
      },
    },
  );
}

describe.each(ENGINES)('several connections (%s)', (engine) => {
  test('share the windows of one large mailbox', async () => {
    await using server = await serve();
    holdBackTheFirst(server);
    await using backup = new Backup();
    expect(await backup.sync(settings(server, engine))).toMatchObject({ status: 'ok', added: COUNT });
    expect(new Set(bodyFetches(server).map((command) => command.connection)).size).toBeGreaterThan(1);
    expect(await backup.findings()).toEqual([]);
  });

  test('that are refused leave the work to the first', async () => {
    await using server = await serve();
    server.faults.add(
      { command: /^(LOGIN|AUTHENTICATE)$/ },
      {
        before: ({ connection }) => {
          if (connection > 1) throw new CommandError('NO', 'Too many connections', 'LIMIT');
          return undefined;
        },
      },
    );
    await using backup = new Backup();
    expect(await backup.sync(settings(server, engine))).toMatchObject({ status: 'ok', added: COUNT });
    expect(new Set(bodyFetches(server).map((command) => command.connection))).toEqual(new Set([1]));
  });

  test('that are cut in the middle give back what they had not delivered', async () => {
    await using server = await serve();
    holdBackTheFirst(server);
    const cut = [2, 3].map((connection) =>
      server.faults.add({ command: 'UID FETCH', text: /BODY/, connection, nth: 1 }, dropAfter(5000, 'rst')),
    );
    await using backup = new Backup();
    expect(await backup.sync(settings(server, engine))).toMatchObject({ status: 'ok', added: COUNT });
    expect(cut.reduce((sum, fault) => sum + fault.hits, 0)).toBeGreaterThan(0);
    expect(await backup.findings()).toEqual([]);
  });

  test('that never come to be hold nothing up', async () => {
    await using server = await serve();
    const stalled = [2, 3].map((connection) =>
      server.faults.add({ command: /^(LOGIN|AUTHENTICATE)$/, connection }, stall()),
    );
    await using backup = new Backup();
    expect(await backup.sync(settings(server, engine))).toMatchObject({ status: 'ok', added: COUNT });
    expect(stalled.every((fault) => fault.hits === 1)).toBe(true);
  });

  test('are not opened for a few messages', async () => {
    await using server = await ImapServer.start({ users: { alice: 'pass' } });
    server
      .store('alice')
      .find('INBOX')!
      .append({ body: Buffer.from('Subject: one\r\n\r\n') });
    await using backup = new Backup();
    expect(await backup.sync(settings(server, engine))).toMatchObject({ status: 'ok', added: 1 });
    expect(server.stats.connectionsTotal).toBe(1);
  });

  test('do not hide what the server refuses', async () => {
    await using server = await serve();
    server.faults.add({ command: 'UID FETCH', uid: 1034, text: /BODY/ }, refuse('NO', 'Corrupt record'));
    await using backup = new Backup();
    const report = await backup.sync(settings(server, engine));
    expect(report).toMatchObject({ status: 'incomplete', added: COUNT - 1 });
    expect(report.failures).toEqual([
      { mailbox: 'INBOX', uid: 1034, reason: expect.stringMatching(/Corrupt record/) },
    ]);
  });
});

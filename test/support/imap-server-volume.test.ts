// The test server under load: it must not be what makes a test slow, fat or flaky.

import { describe, expect, test } from 'vitest';
import { RawClient } from './imap-server/raw-client.js';
import { ImapServer } from './imap-server/server.js';

const start = (): Promise<ImapServer> => ImapServer.start({ users: { alice: 'secret' } });

async function signIn(server: ImapServer): Promise<RawClient> {
  const client = await RawClient.connect(server.port);
  await client.command('LOGIN alice secret');
  return client;
}

describe('an answer', () => {
  test('waits for the client to read it', async () => {
    await using server = await start();
    const size = 100_000;
    server.store('alice').inbox.fill(1000, { body: () => Buffer.alloc(size, 'x'), size: () => size });
    const client = await signIn(server);
    const other = await signIn(server);
    await client.command('EXAMINE INBOX');
    client.socket.pause();
    client.send('a UID FETCH 1:* BODY.PEEK[]\r\nb NOOP\r\n');
    await server.log.next(({ name }) => name === 'UID FETCH');
    for (let at = 0; at < 200; at++) await other.command('NOOP');
    // What is under way is what two socket buffers hold.
    expect(server.stats.bytesOut).toBeLessThan(20_000_000);
    let received = 0;
    client.socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      client.received = client.received.slice(-200);
    });
    client.socket.resume();
    await client.until(/^b OK.*\r\n/m);
    expect(received).toBeGreaterThan(1000 * size);
    expect(server.stats.bodyFetches).toBe(1000);
  });

  test('counts bytes, connections and commands until they are reset', async () => {
    await using server = await start();
    const [client, other] = [await signIn(server), await signIn(server)];
    expect(server.stats).toMatchObject({ connectionsOpen: 2, connectionsTotal: 2, connectionsPeak: 2 });
    server.stats.reset();
    server.log.reset();
    const answer = await client.command('NOOP');
    expect(server.stats).toMatchObject({ bytesIn: 9, bytesOut: answer.length });
    expect(server.log.commands).toMatchObject([{ connection: 1, tag: 'r2', text: 'NOOP', user: 'alice' }]);
    await other.command('LOGOUT');
    expect(await other.ended).toBe('fin');
    await client.command('NOOP');
    expect(server.stats).toMatchObject({ connectionsOpen: 1, connectionsTotal: 2 });
  });

  test('may have a million rows', { timeout: 120_000 }, async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    inbox.fill(1_000_000, { body: (uid) => Buffer.from(String(uid)), size: () => 100, flags: ['\\Seen'] });
    inbox.setFlags([500_000], 'add', ['$Odd']);
    inbox.expunge([3]);
    const client = await signIn(server);
    await client.command('EXAMINE INBOX');
    const counts = { '\n': 0, $: 0 };
    client.socket.on('data', (chunk: Buffer) => {
      for (const byte of ['\n', '$'] as const)
        counts[byte] += chunk.toString('latin1').split(byte).length - 1;
      client.received = client.received.slice(-200);
    });
    client.send('a UID FETCH 1:* (FLAGS RFC822.SIZE)\r\n');
    await client.until(/^a OK.*\r\n/m);
    expect(counts).toEqual({ '\n': 1_000_000, $: 1 });
  });
});

// The test server in TLS, from the first byte and by STARTTLS.

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from './certificates.js';
import { RawClient } from './imap-server/raw-client.js';
import { ImapServer } from './imap-server/server.js';

describe('TLS', () => {
  let folder: string;
  let files: { ca: string; cert: string; key: string };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-imap-server-'));
    const { caFile, certFile, keyFile } = await makeCertificates(folder);
    const [ca, cert, key] = await Promise.all(
      [caFile, certFile, keyFile].map((file) => readFile(file, 'utf8')),
    );
    files = { ca: ca!, cert: cert!, key: key! };
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const start = (mode: 'implicit' | 'starttls'): Promise<ImapServer> =>
    ImapServer.start({ users: { alice: 'secret' }, tls: { key: files.key, cert: files.cert, mode } });

  test.each([
    ['implicit', { secure: true }],
    ['starttls', { secure: false, doSTARTTLS: true }],
  ] as const)('is spoken to whoever trusts it: %s', async (mode, options) => {
    await using server = await start(mode);
    server.store('alice').inbox.append({ body: Buffer.alloc(300_000, 'x') });
    const clientWith = (tls: { ca?: string }): ImapFlow => {
      const auth = { user: 'alice', pass: 'secret' };
      const client = new ImapFlow({
        ...options,
        host: server.host,
        port: server.port,
        auth,
        tls,
        logger: false,
      });
      return client.on('error', () => undefined);
    };
    const client = clientWith({ ca: files.ca });
    await client.connect();
    expect(client.secureConnection).toBe(true);
    await client.mailboxOpen('INBOX');
    const message = await client.fetchOne('1', { source: true }, { uid: true });
    expect((message || undefined)?.source).toHaveLength(300_000);
    client.close();
    await expect(clientWith({}).connect()).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('forgets what was said in the clear behind STARTTLS', async () => {
    await using server = await start('starttls');
    const client = await RawClient.connect(server.port);
    client.send('a STARTTLS\r\nb LOGIN alice secret\r\n');
    expect(await client.until(/\r\n/)).toBe('a OK Begin TLS negotiation now.\r\n');
    client.socket.removeAllListeners('data');
    const secured = connect({ socket: client.socket, ca: files.ca, host: 'localhost' });
    secured.write('c CAPABILITY\r\n');
    const [answer] = (await once(secured, 'data')) as [Buffer];
    expect(answer.toString()).not.toContain('STARTTLS');
    expect(server.log.names).toEqual(['STARTTLS', 'CAPABILITY']);
    secured.destroy();
  });
});

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as openTls } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithCourier, startCourier } from './courier.js';
import { describeWithCyrus, startCyrus } from './cyrus.js';
import { Dovecot, describeWithDovecot } from './dovecot.js';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.js';
import type { RealServer } from './real-server.js';

const message = (text: string) => Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('modified UTF-7', () => {
  test('gives the examples of RFC 3501 and comes back', () => {
    for (const [text, wire] of [
      ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
      ['A&B', 'A&-B'],
      ['😀', '&2D3eAA-'],
    ] as const) {
      expect(encodeModifiedUtf7(text)).toBe(wire);
      expect(decodeModifiedUtf7(wire)).toBe(text);
    }
  });
});

describeWithDovecot('Dovecot', () => {
  let server: Dovecot;
  beforeAll(async () => {
    server = await Dovecot.start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  test('hands back what was put straight into its Maildir', async () => {
    const bodies = Array.from({ length: 30 }, (_, n) => message(`number ${n}`));
    await server.putMessages(
      'alice',
      'INBOX',
      bodies.map((body) => ({ body })),
    );
    await server.putMessages('alice', 'Work/Büro & 台北', [
      { body: bodies[0]!, flags: 'SFRTD', internalDate: 1_234_567_890 },
    ]);
    const state = await server.state('alice');
    expect([...state.keys()].sort()).toEqual(['INBOX', 'Work/Büro & 台北']);
    const inbox = state.get('INBOX')!;
    expect([...inbox.messages.keys()]).toEqual(bodies.map((_, n) => n + 1));
    expect([...inbox.messages.values()].map((row) => row.sha256)).toEqual(bodies.map(sha256));
    expect(state.get('Work/Büro & 台北')!.messages.get(1)).toEqual({
      sha256: sha256(bodies[0]!),
      flags: ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen'],
      internalDate: 1_234_567_890,
    });
  });

  test('lets a client change mail, and its state shows the change', async () => {
    await server.putMessages('bob', 'INBOX', [{ body: message('one') }, { body: message('two') }]);
    const client = await server.client('bob');
    await client.mailboxCreate(['Ablage', 'Übung "x" \\ 日本']);
    await client.mailboxOpen('INBOX');
    await client.messageFlagsAdd('1', ['\\Seen', '$Forwarded'], { uid: true });
    await client.messageCopy('1', 'Ablage/Übung "x" \\ 日本', { uid: true });
    await client.messageDelete('2', { uid: true });
    const state = await server.state('bob');
    expect([...state.get('INBOX')!.messages.keys()]).toEqual([1]);
    const copy = [...state.get('Ablage/Übung "x" \\ 日本')!.messages.values()];
    expect(copy).toEqual([state.get('INBOX')!.messages.get(1)]);
    expect(copy[0]!.flags).toEqual(['$Forwarded', '\\Seen']);
    await client.logout();
  });

  test('refuses a wrong password', async () => {
    const client = new ImapFlow({
      host: server.host,
      port: server.port,
      secure: false,
      doSTARTTLS: false,
      auth: { user: 'alice', pass: 'wrong' },
      logger: false,
    });
    await expect(client.connect()).rejects.toMatchObject({ authenticationFailed: true });
  });

  test('offers implicit TLS and STARTTLS that its own authority vouches for', async () => {
    const ca = await readFile(server.certificates.caFile);
    for (const transport of [
      { port: server.tlsPort, secure: true },
      { port: server.port, secure: false, doSTARTTLS: true },
    ]) {
      const client = new ImapFlow({
        host: 'localhost',
        ...transport,
        tls: { ca },
        auth: { user: 'alice', pass: server.password },
        logger: false,
      });
      await client.connect();
      expect(client.secureConnection).toBe(true);
      await client.logout();
    }
    const socket = openTls({ host: '127.0.0.1', port: server.tlsPort, ca });
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate().fingerprint256).toBe(server.certificates.fingerprint);
    socket.destroy();
  });

  test('compresses when asked to', async () => {
    const client = new ImapFlow({
      host: server.host,
      port: server.port,
      secure: false,
      doSTARTTLS: false,
      auth: { user: 'alice', pass: server.password },
      logger: false,
    });
    await client.connect();
    expect(client.capabilities.has('COMPRESS=DEFLATE')).toBe(true);
    expect(await client.status('INBOX', { messages: true })).toMatchObject({ messages: 30 });
    await client.logout();
  });

  test('keeps the mail, the UIDs and the port through a restart', async () => {
    const before = await server.state('alice');
    await server.restart();
    expect(await server.state('alice')).toEqual(before);
  });

  test('gives a new UIDVALIDITY on request and keeps the mail', async () => {
    const before = (await server.state('alice')).get('INBOX')!;
    await server.resetUidValidity('alice', 'INBOX');
    const after = (await server.state('alice')).get('INBOX')!;
    expect(after.uidValidity).not.toBe(before.uidValidity);
    expect([...after.messages]).toEqual([...before.messages]);
  });

  test('forgets a user who is wiped', async () => {
    await server.wipe('alice');
    expect([...(await server.state('alice')).values()].map((box) => box.messages.size)).toEqual([0]);
  });

  test('runs doveadm', async () => {
    await server.putMessages('carol', 'INBOX', [{ body: message('one') }]);
    expect(await server.doveadm('mailbox', 'status', '-u', 'carol', 'messages', 'INBOX')).toContain(
      'messages=1',
    );
  });
});

describeWithDovecot('Dovecot tiers', () => {
  test.each([
    ['qresync', ['QRESYNC', 'CONDSTORE', 'NOTIFY'], []],
    ['condstore', ['CONDSTORE', 'LIST-STATUS'], ['QRESYNC', 'MOVE', 'NOTIFY']],
    ['plain', ['UIDPLUS'], ['QRESYNC', 'CONDSTORE', 'ENABLE', 'LITERAL+', 'LIST-STATUS', 'IDLE']],
  ] as const)('%s announces what it should and hides the rest', async (tier, shown, hidden) => {
    const server = await Dovecot.start({ tier });
    try {
      const client = await server.client('alice');
      const { capabilities } = client;
      expect(shown.filter((name) => !capabilities.has(name))).toEqual([]);
      expect(hidden.filter((name) => capabilities.has(name))).toEqual([]);
      await client.logout();
    } finally {
      await server.stop();
    }
  });

  test('a quota refuses what does not fit', async () => {
    const server = await Dovecot.start({ quotaKib: 10 });
    try {
      const client = await server.client('alice');
      await expect(client.append('INBOX', Buffer.alloc(20_000, 'x\r\n'))).rejects.toMatchObject({
        serverResponseCode: 'OVERQUOTA',
      });
    } finally {
      await server.stop();
    }
  });

  test('a start that fails says what Dovecot said', async () => {
    await expect(Dovecot.start({ extra: 'no_such_setting = 1' })).rejects.toThrow(/no_such_setting/);
  });
});

describeWithCyrus('Cyrus', () => behavesLikeAServer(startCyrus, 'QRESYNC'));
describeWithCourier('Courier', () => behavesLikeAServer(startCourier, 'UIDPLUS', 'CONDSTORE'));

function behavesLikeAServer(start: () => Promise<RealServer>, announced: string, hidden?: string): void {
  let server: RealServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  test('hands back what was put, dates and flags included', async () => {
    const body = message('one');
    await server.putMessages('alice', 'INBOX', [{ body: message('zero') }, { body }]);
    await server.putMessages('alice', 'INBOX.Büro', [{ body, flags: 'FS', internalDate: 1_234_567_890 }]);
    const state = await server.state('alice');
    expect([...state.keys()].sort()).toEqual(['INBOX', 'INBOX.Büro']);
    expect([...state.get('INBOX')!.messages.keys()]).toEqual([1, 2]);
    expect(state.get('INBOX.Büro')!.messages.get(1)).toEqual({
      sha256: sha256(body),
      flags: ['\\Flagged', '\\Seen'],
      internalDate: 1_234_567_890,
    });
  });

  test('announces what sets it apart', async () => {
    const client = await server.client('bob');
    expect(client.capabilities.has(announced)).toBe(true);
    if (hidden !== undefined) expect(client.capabilities.has(hidden)).toBe(false);
    await client.logout();
  });

  test('keeps the mail through a restart', async () => {
    const before = await server.state('alice');
    expect(before.size).toBe(2);
    await server.restart();
    expect(await server.state('alice')).toEqual(before);
  });
}

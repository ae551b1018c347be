// The test server as the library mailkeep signs in with sees it. If this server were not a plain IMAP
// server, every test that uses it would prove less than it says.

import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { describe, expect, test } from 'vitest';
import { ImapServer } from './imap-server/server.js';
import type { ServerOptions } from './imap-server/server-context.js';
import { encodeModifiedUtf7 } from './modified-utf7.js';

const mail = (subject: string, text = 'Hello.'): string =>
  `From: a@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\n${text}\r\n`;

const start = (options: Partial<ServerOptions> = {}): Promise<ImapServer> =>
  ImapServer.start({ users: { alice: 'secret' }, ...options });

async function connect(server: ImapServer, options: Partial<ImapFlowOptions> = {}): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    auth: { user: 'alice', pass: 'secret' },
    disableIMAP4rev2: true,
    disableAutoIdle: true,
    disableCompression: true,
    logger: false,
    ...options,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

describe('ImapServer with imapflow', () => {
  test('signs in, and refuses a wrong password as such', async () => {
    await using server = await start();
    const client = await connect(server);
    expect(client.namespaces?.personal).toMatchObject([{ prefix: '', delimiter: '/' }]);
    await client.logout();
    const refusal = connect(server, { auth: { user: 'alice', pass: 'wrong' } });
    await expect(refusal).rejects.toMatchObject({ authenticationFailed: true });
    expect(server.log.commands.some(({ text }) => /secret|wrong/.test(text))).toBe(false);
  });

  test.each([
    ['LOGIN', 'LOGIN alice ***'],
    ['AUTH=LOGIN', 'AUTHENTICATE LOGIN ***'],
    ['AUTH=PLAIN', 'AUTHENTICATE PLAIN ***'],
  ])('signs in by %s', async (loginMethod, logged) => {
    await using server = await start();
    const client = await connect(server, { auth: { user: 'alice', pass: 'secret', loginMethod } });
    expect(server.log.commands.map(({ text }) => text)).toContain(logged);
    expect(server.log.named('NAMESPACE')).toMatchObject([{ user: 'alice' }]);
    client.close();
  });

  test('signs in with an access token and says why it refuses one', async () => {
    await using server = await start({ takesToken: (user, token) => user === 'alice' && token === 'token' });
    const client = await connect(server, { auth: { user: 'alice', accessToken: 'token' } });
    expect(server.log.named('NAMESPACE')).toMatchObject([{ user: 'alice' }]);
    client.close();
    const refusal = connect(server, { auth: { user: 'alice', accessToken: 'stale' } });
    await expect(refusal).rejects.toMatchObject({ oauthError: { status: 'invalid_token' } });
  });

  test('lists mailboxes with status, attributes and subscriptions in one command', async () => {
    await using server = await start();
    const store = server.store('alice');
    store.create('Sent', { attributes: ['\\Sent'], subscribed: true });
    store.create(encodeModifiedUtf7('Entwürfe/台北'));
    store.inbox.append({ body: mail('one') });
    const client = await connect(server);
    server.log.reset();
    const listed = await client.list({ statusQuery: { messages: true, uidNext: true, highestModseq: true } });
    expect(listed.map(({ path }) => path).sort()).toEqual(['Entwürfe/台北', 'INBOX', 'Sent']);
    expect(listed.find(({ path }) => path === 'INBOX')?.status).toMatchObject({ messages: 1, uidNext: 2 });
    expect(listed.find(({ path }) => path === 'Sent')).toMatchObject({
      specialUse: '\\Sent',
      subscribed: true,
    });
    expect(server.log.names).toEqual(['LIST']);
    client.close();
  });

  test('a plain server is asked for each mailbox, below its prefix', async () => {
    await using server = await start({ tier: 'plain', separator: '.', prefix: 'INBOX.' });
    server
      .store('alice')
      .create('INBOX.Sent')
      .append({ body: mail('one') });
    const client = await connect(server);
    const listed = await client.list({ statusQuery: { messages: true } });
    expect(listed.map(({ path, status }) => [path, status?.messages])).toEqual([
      ['INBOX', 0],
      ['INBOX.Sent', 1],
    ]);
    expect(server.log.named('STATUS')).toHaveLength(2);
    client.close();
  });

  test('gives back the bytes, flags and date it was given', async () => {
    await using server = await start({ objectId: true });
    const client = await connect(server);
    await client.mailboxOpen('INBOX');
    const body = Buffer.from(mail('one', '\xff\x80 bytes \r\n.\r\n'), 'latin1');
    const appended = await client.append(
      'INBOX',
      body,
      ['\\Seen', '$Later'],
      new Date('2026-02-03T04:05:06Z'),
    );
    expect(appended).toMatchObject({ uid: 1, uidValidity: BigInt(server.store('alice').inbox.uidValidity) });
    const message = await client.fetchOne(
      '1',
      { source: true, flags: true, internalDate: true, size: true },
      { uid: true },
    );
    if (message === false || message === undefined) throw new Error('not found');
    expect(message.source?.equals(body)).toBe(true);
    expect(message).toMatchObject({ uid: 1, size: body.length, modseq: 2n, seq: 1 });
    expect(message.emailId).toMatch(/^M\d+$/);
    expect([...(message.flags ?? [])]).toEqual(['\\Seen', '$Later']);
    expect(message.internalDate).toEqual(new Date('2026-02-03T04:05:06Z'));
    client.close();
  });

  test('stores flags, copies, moves and expunges', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    const archive = server.store('alice').create('Archive');
    for (const subject of ['one', 'two', 'three']) inbox.append({ body: mail(subject) });
    const client = await connect(server);
    await client.mailboxOpen('INBOX');
    await client.messageFlagsAdd('1:2', ['\\Flagged'], { uid: true });
    expect(inbox.get(2)?.flags).toEqual(['\\Flagged']);
    const moved = await client.messageMove('2', 'Archive', { uid: true });
    expect(moved).toMatchObject({ uidMap: new Map([[2, 1]]) });
    await client.messageCopy('3', 'Archive', { uid: true });
    await client.messageDelete('1', { uid: true });
    expect([inbox.uids, archive.uids]).toEqual([[3], [1, 2]]);
    expect(archive.get(2)?.identity).toBe(inbox.get(3)?.identity);
    client.close();
  });

  test('tells a QRESYNC client what has gone and changed since', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    for (const subject of ['one', 'two', 'three', 'four']) inbox.append({ body: mail(subject) });
    const modseq = inbox.highestModseq;
    inbox.expunge([2, 3]);
    inbox.setFlags([4], 'add', ['\\Answered']);
    const client = await connect(server, { qresync: true });
    const gone: number[] = [];
    const flagged: (number | undefined)[] = [];
    client.on('expunge', ({ uid }) => gone.push(uid ?? 0));
    client.on('flags', ({ uid }) => flagged.push(uid));
    // The library reads these two options, though its types don't name them.
    const options = { readOnly: true, changedSince: modseq, uidValidity: BigInt(inbox.uidValidity) };
    const opened = await client.mailboxOpen('INBOX', options);
    expect(opened).toMatchObject({
      qresync: true,
      exists: 2,
      uidNext: 5,
      highestModseq: inbox.highestModseq,
    });
    expect([gone, flagged]).toEqual([[2, 3], [4]]);
    client.close();
  });

  test('searches, with and without ESEARCH', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    for (const subject of ['one', 'two', 'three']) inbox.append({ body: mail(subject) });
    inbox.setFlags([3], 'add', ['\\Seen']);
    const client = await connect(server);
    await client.mailboxOpen('INBOX', { readOnly: true });
    expect(await client.search({ header: { 'Message-ID': '<two@example.org>' } }, { uid: true })).toEqual([
      2,
    ]);
    expect(await client.search({ or: [{ seen: true }, { subject: 'one' }] }, { uid: true })).toEqual([1, 3]);
    const counted = await client.search({ all: true }, { uid: true, returnOptions: ['COUNT', 'MAX'] });
    expect(counted).toMatchObject({ count: 3, max: 3 });
    client.close();
  });

  test('pushes news to a client that idles', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    inbox.append({ body: mail('one') });
    const client = await connect(server);
    await client.mailboxOpen('INBOX');
    const exists = new Promise((resolve) => client.on('exists', resolve));
    const expunged = new Promise((resolve) => client.on('expunge', resolve));
    const idling = client.idle();
    await server.log.next(({ name }) => name === 'IDLE');
    inbox.append({ body: mail('two') });
    expect(await exists).toMatchObject({ count: 2 });
    inbox.expunge([1]);
    expect(await expunged).toMatchObject({ seq: 1 });
    await client.noop();
    await idling;
    client.close();
  });

  test('lists the flags of a million messages without holding them', { timeout: 120_000 }, async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    inbox.fill(1_000_000, { body: (uid) => Buffer.from(mail(String(uid))), size: () => 100 });
    const client = await connect(server);
    await client.mailboxOpen('INBOX', { readOnly: true });
    const last = await client.fetchOne('999999', { source: true, flags: true }, { uid: true });
    expect((last || undefined)?.source?.toString()).toContain('Subject: 999999');
    const uids = await client.search({ uid: '500000:*' }, { uid: true, returnOptions: ['COUNT'] });
    expect(uids).toMatchObject({ count: 500_001 });
    client.close();
  });
});

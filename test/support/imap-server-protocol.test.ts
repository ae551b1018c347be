// The test server spoken to byte by byte: what it promises of order, announcements and refusals, which a
// client library would hide.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandReader } from './imap-server/command-reader.js';
import { RawClient } from './imap-server/raw-client.js';
import { ImapServer } from './imap-server/server.js';
import type { ServerOptions } from './imap-server/server-context.js';

const start = (options: Partial<ServerOptions> = {}): Promise<ImapServer> =>
  ImapServer.start({ users: { alice: 'secret' }, ...options });

async function signIn(server: ImapServer): Promise<RawClient> {
  const client = await RawClient.connect(server.port);
  expect(await client.command('LOGIN alice secret')).toContain(' OK ');
  return client;
}

describe('commands', () => {
  test('are the same however they are cut into packets', async () => {
    const sent = 'a LOGIN {1+}\r\nx {4}\r\n\r\n{}\r\nb UID FETCH 1 (BODY[])\r\n* no tag\r\nc NOOP\n';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (sizes) => {
        const reader = new CommandReader({
          limit: 1000,
          refuseLiteral: () => undefined,
          invite: () => undefined,
          flow: () => undefined,
        });
        for (let at = 0, turn = 0; at < sent.length; turn++) {
          const end = at + sizes[turn % sizes.length]!;
          setImmediate((piece) => reader.push(Buffer.from(piece)), sent.slice(at, end));
          at = end;
        }
        const login = await reader.read();
        expect(login?.parts).toEqual([' ', Buffer.from('x'), ' ', Buffer.from('\r\n{}'), '']);
        expect(await reader.read()).toEqual({ tag: 'b', name: 'UID FETCH', parts: [' 1 (BODY[])'] });
        expect((await reader.read())?.failure?.status).toBe('BAD');
        expect(await reader.read()).toEqual({ tag: 'c', name: 'NOOP', parts: [''] });
      }),
    );
  });

  test('are answered in the order they were sent', async () => {
    await using server = await start();
    const client = await signIn(server);
    const pipelined =
      'a EXAMINE INBOX\r\nb STATUS {5+}\r\nINBOX (MESSAGES)\r\nc UID FETCH 1:* UID\r\nd NOOP\r\n';
    client.send(pipelined);
    const answer = await client.until(/^d OK.*\r\n/m);
    expect(answer.match(/^[a-d] OK/gm)).toEqual(['a OK', 'b OK', 'c OK', 'd OK']);
  });

  test.each([
    ['plain', 'ENABLE CONDSTORE'],
    ['plain', 'LIST "" "*" RETURN (STATUS (MESSAGES))'],
    ['plain', 'LIST "" ("*")'],
    ['plain', 'STATUS INBOX (HIGHESTMODSEQ)'],
    ['plain', 'EXAMINE INBOX (CONDSTORE)'],
    ['plain', 'ID NIL'],
    ['plain', 'STATUS {5+}\r\nINBOX (MESSAGES)'],
    ['condstore', 'EXAMINE INBOX (QRESYNC (1 1))'],
    ['qresync', 'EXAMINE INBOX (QRESYNC (1 1))'],
    ['qresync', 'STATUS INBOX (MAILBOXID)'],
    ['qresync', 'NONSENSE'],
    ['qresync', 'NOOP now'],
    ['qresync', 'LIST "" *()'],
  ] as const)('on a %s server, %s is BAD', async (tier, command) => {
    await using server = await start({ tier });
    const client = await signIn(server);
    expect(await client.command(command)).toMatch(/^r2 BAD /);
    expect(await client.command('NOOP')).toBe('r3 OK NOOP completed.\r\n');
  });

  test('may carry 4096 bytes unasked under LITERAL-, more only on invitation', async () => {
    await using server = await start({ literalPlus: 'minus' });
    const client = await signIn(server);
    // A refused literal that is already on its way must not be taken for commands.
    const body = `z NOOP\r\n${'x'.repeat(4089)}`;
    expect(await client.command(`APPEND INBOX {4096+}\r\n${body.slice(1)}`)).toContain('OK [APPENDUID');
    expect(await client.command(`APPEND INBOX {4097+}\r\n${body}`)).toContain('BAD');
    client.send('a APPEND INBOX {4097}\r\n');
    expect(await client.until(/\r\n/)).toMatch(/^\+ /);
    client.send(`${body}\r\n`);
    expect(await client.until(/^a .*\r\n/m)).toContain('OK [APPENDUID');
    expect(server.store('alice').inbox.size).toBe(2);
  });

  test('beyond the limits of the server are refused without losing the thread', async () => {
    await using server = await start({ appendLimit: 10, commandLimit: 100 });
    const client = await signIn(server);
    expect(await client.command('APPEND INBOX {11}')).toContain('NO [TOOBIG]');
    expect(await client.command(`LIST "" "${'x'.repeat(200)}"`)).toContain('BAD Too long argument');
    expect(await client.command('NOOP')).toContain('OK');
  });
});

describe('a selected mailbox', () => {
  test('may not be written to after EXAMINE, and says so in PERMANENTFLAGS', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    inbox.append({ body: 'one\r\n' });
    const client = await signIn(server);
    expect(await client.command('SELECT INBOX')).toMatch(
      /\[PERMANENTFLAGS \(.*\\\*\)\][\s\S]*\[READ-WRITE\]/,
    );
    expect(await client.command('EXAMINE INBOX')).toMatch(/\[PERMANENTFLAGS \(\)\][\s\S]*\[READ-ONLY\]/);
    expect(await client.command('STORE 1 +FLAGS (\\Seen)')).toContain('NO [READ-ONLY]');
    await client.command('FETCH 1 BODY[]');
    expect(inbox.get(1)?.flags).toEqual([]);
  });

  test('has a message seen by BODY[] but not by BODY.PEEK[]', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    inbox.append({ body: 'A: 1\r\nB: 2\r\n 3\r\n\r\ntext\r\n' });
    const client = await signIn(server);
    await client.command('SELECT INBOX');
    const sections = '(BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (b)] BODY.PEEK[TEXT]<1.2>)';
    expect(await client.command(`FETCH 1 ${sections}`)).toBe(
      '* 1 FETCH (BODY[] {24}\r\nA: 1\r\nB: 2\r\n 3\r\n\r\ntext\r\n' +
        ' BODY[HEADER.FIELDS (b)] {12}\r\nB: 2\r\n 3\r\n\r\n BODY[TEXT]<1> {2}\r\nex)\r\n' +
        'r3 OK FETCH completed.\r\n',
    );
    expect(inbox.get(1)?.flags).toEqual([]);
    expect(await client.command('FETCH 1 BODY[TEXT]')).toContain('FLAGS (\\Seen)');
    expect(inbox.get(1)?.flags).toEqual(['\\Seen']);
    expect(server.stats).toMatchObject({ bodyFetches: 2, headerFetches: 0 });
  });

  test('speaks of MODSEQ only to those who asked', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    inbox.append({ body: 'one\r\n' });
    const client = await signIn(server);
    const before = await client.command('SELECT INBOX');
    inbox.setFlags([1], 'add', ['\\Flagged']);
    expect(before + (await client.command('NOOP'))).not.toContain('MODSEQ');
    await client.command('ENABLE CONDSTORE');
    expect(await client.command('SELECT INBOX')).toContain('[HIGHESTMODSEQ 3]');
    inbox.setFlags([1], 'add', ['\\Seen']);
    expect(await client.command('NOOP')).toMatch(
      /^\* 1 FETCH \(FLAGS \(\\Flagged \\Seen\) MODSEQ \(4\)\)\r\n/,
    );
  });

  test('keeps its numbers during FETCH and answers for what is gone as Dovecot does', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    for (const body of ['one\r\n', 'two\r\n', 'three\r\n']) inbox.append({ body });
    const client = await signIn(server);
    await client.command('SELECT INBOX');
    inbox.expunge([1, 3]);
    inbox.append({ body: 'four\r\n' });
    expect(await client.command('FETCH 1:2 (RFC822.SIZE BODY.PEEK[])')).toBe(
      '* 1 FETCH (RFC822.SIZE 0 BODY[] NIL)\r\n* 2 FETCH (RFC822.SIZE 5 BODY[] {5}\r\ntwo\r\n)\r\n' +
        'r3 OK [EXPUNGEISSUED] Some messages were already expunged.\r\n',
    );
    expect(await client.command('NOOP')).toBe(
      '* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n* 2 EXISTS\r\nr4 OK NOOP completed.\r\n',
    );
  });

  test.each(['bumpUidValidity', 'delete'])('that is lost to %s ends the session with BYE', async (how) => {
    await using server = await start();
    const store = server.store('alice');
    const box = store.create('Box');
    const client = await signIn(server);
    await client.command('SELECT Box');
    if (how === 'delete') store.delete('Box');
    else box.bumpUidValidity({ renumber: true });
    client.send('a NOOP\r\n');
    expect(await client.until(/\r\n/)).toMatch(/^\* BYE /);
    expect(await client.ended).toBe('fin');
  });
});

describe('QRESYNC', () => {
  async function resync(parameters: string, forget = false): Promise<string[]> {
    await using server = await start();
    const { inbox } = server.store('alice');
    for (let at = 1; at <= 6; at++) inbox.append({ body: `${at}\r\n` });
    inbox.expunge([2, 5]);
    inbox.setFlags([4], 'add', ['\\Seen']);
    inbox.append({ body: 'new\r\n' });
    if (forget) inbox.forgetVanished();
    const client = await signIn(server);
    await client.command('ENABLE QRESYNC');
    const answer = await client.command(`EXAMINE INBOX (QRESYNC (${inbox.uidValidity} ${parameters}))`);
    return answer.split('\r\n').filter((line) => /VANISHED|FETCH/.test(line));
  }

  test('reports what is gone, changed and new', async () => {
    expect(await resync('7')).toEqual([
      '* VANISHED (EARLIER) 2,5',
      '* 3 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (9))',
      '* 5 FETCH (UID 7 FLAGS () MODSEQ (10))',
    ]);
  });

  test('keeps to the known UIDs', async () => {
    expect(await resync('7 1:4')).toEqual([
      '* VANISHED (EARLIER) 2',
      '* 3 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (9))',
    ]);
  });

  test('without a log names every UID not in use, above the last match', async () => {
    expect(await resync('7 1:6', true)).toContain('* VANISHED (EARLIER) 2,5');
    expect(await resync('7 1:6 (1:3 1,3:4)', true)).toContain('* VANISHED (EARLIER) 5');
  });

  test('turns EXPUNGE into VANISHED, and finds it again by CHANGEDSINCE', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    for (let at = 1; at <= 3; at++) inbox.append({ body: `${at}\r\n` });
    const client = await signIn(server);
    await client.command('ENABLE QRESYNC');
    await client.command('SELECT INBOX');
    inbox.expunge([1, 3]);
    expect(await client.command('NOOP')).toContain('* VANISHED 1,3\r\n');
    expect(await client.command('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 4 VANISHED)')).toBe(
      '* VANISHED (EARLIER) 1,3\r\nr5 OK UID FETCH completed.\r\n',
    );
  });
});

describe('mailbox names', () => {
  const hostile = ['cur', '../x', 'a"b\\c', 'tab\there', 'line\r\nbreak', 'caf\xe9', 'A&B', 'case', 'CASE'];

  test.each([...hostile, 'n'.repeat(500), Array(40).fill('d').join('/')])(
    '%j is listed and opened as it is',
    async (name) => {
      await using server = await start();
      server.store('alice').create(name);
      const client = await signIn(server);
      const literal = `{${name.length}+}\r\n${name}`;
      expect(await client.command('LIST "" *')).toContain(
        /^[\x20-\x7e]+$/.test(name)
          ? `"/" "${name.replace(/["\\]/g, '\\$&')}"\r\n`
          : `{${name.length}}\r\n${name}\r\n`,
      );
      expect(await client.command(`EXAMINE ${literal}`)).toContain('OK [READ-ONLY]');
    },
  );

  test('are matched by level, and made and removed with their superiors in place', async () => {
    await using server = await start();
    const client = await signIn(server);
    await client.command('CREATE a/b/c');
    expect(await client.command('LIST "" %')).toBe(
      '* LIST (\\HasNoChildren) "/" "INBOX"\r\n* LIST (\\Noselect \\HasChildren) "/" "a"\r\nr3 OK LIST completed.\r\n',
    );
    expect(await client.command('LIST a/ %/*')).toBe(
      '* LIST (\\HasNoChildren) "/" "a/b/c"\r\nr4 OK LIST completed.\r\n',
    );
    expect(await client.command('RENAME a z')).toContain('OK');
    expect([...server.store('alice').mailboxes.keys()]).toEqual(['INBOX', 'z', 'z/b', 'z/b/c']);
    expect(await client.command('DELETE z')).toContain('NO [HASCHILDREN]');
  });

  test('are UTF-8 once UTF8=ACCEPT is enabled', async () => {
    await using server = await start({ utf8: true });
    server.store('alice').create('Entw&APw-rfe');
    const client = await signIn(server);
    await client.command('ENABLE UTF8=ACCEPT');
    const name = Buffer.from('Entwürfe').toString('latin1');
    expect(await client.command('LIST "" E*')).toContain(`"/" "${name}"\r\n`);
    expect(await client.command(`EXAMINE "${name}"`)).toContain('OK [READ-ONLY]');
  });
});

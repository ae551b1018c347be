// The fault kit: each way the server can be made to lie, seen from the wire, and that nothing else changes.

import { describe, expect, test } from 'vitest';
import {
  answerWith,
  delay,
  dropAfter,
  dropBefore,
  dropBehind,
  emptyList,
  hideUid,
  insertLines,
  miscountLiteral,
  misreport,
  nilBody,
  omitRow,
  poison,
  pretendUid,
  refuse,
  repeatRow,
  rewrite,
  segment,
  splitRow,
  stall,
  stallAfter,
} from './imap-server/fault-actions.js';
import type { FaultAction, FaultMatch } from './imap-server/faults.js';
import { RawClient } from './imap-server/raw-client.js';
import { ImapServer } from './imap-server/server.js';

async function start(...bodies: string[]): Promise<ImapServer> {
  const server = await ImapServer.start({ users: { alice: 'secret' } });
  for (const body of bodies) server.store('alice').inbox.append({ body });
  return server;
}

async function signIn(server: ImapServer): Promise<RawClient> {
  const client = await RawClient.connect(server.port);
  await client.command('LOGIN alice secret');
  return client;
}

/** What a client gets for its first command after SELECT INBOX, which holds `1` and `2`. */
async function answerUnder(match: FaultMatch, action: FaultAction, command: string): Promise<string> {
  await using server = await start('1', '2');
  const client = await signIn(server);
  await client.command('SELECT INBOX');
  server.faults.add(match, action);
  return await client.command(command);
}

describe('a rule', () => {
  test('takes effect only on what it matches', async () => {
    await using server = await start('1', '2');
    server.store('alice').create('Other');
    const client = await signIn(server);
    const { faults } = server;
    faults.add({ command: 'EXAMINE', mailbox: 'Other' }, refuse('NO', 'other mailbox'));
    faults.add({ command: /FETCH$/, uid: 2 }, refuse('NO', 'second message'));
    faults.add({ command: 'NOOP', nth: 2 }, refuse('NO', 'second time'));
    faults.add({ command: 'CHECK', times: 1 }, refuse('NO', 'first time'));
    faults.add({ text: /BODY/, connection: 2 }, refuse('NO', 'other connection'));
    const outcomes: string[] = [];
    const other = await signIn(server);
    for (const from of [client, other]) {
      for (const command of [
        'EXAMINE Other',
        'EXAMINE INBOX',
        'FETCH 1 BODY[]',
        'UID FETCH 1:* UID',
        'NOOP',
        'CHECK',
      ])
        outcomes.push(/^r\d+ (.*?)[.\r]/m.exec(await from.command(command))?.[1] ?? '');
    }
    expect(outcomes).toEqual([
      ...['NO other mailbox', 'OK [READ-ONLY] EXAMINE completed', 'OK FETCH completed', 'NO second message'],
      ...['OK NOOP completed', 'NO first time'],
      ...['NO other mailbox', 'OK [READ-ONLY] EXAMINE completed', 'NO other connection', 'NO second message'],
      ...['NO second time', 'OK CHECK completed'],
    ]);
  });

  test('can be awaited, counts its hits and can be taken back', async () => {
    await using server = await start();
    const client = await signIn(server);
    const fault = server.faults.add({ command: 'NOOP' }, refuse('NO', 'not now', 'UNAVAILABLE'));
    expect(await client.command('NOOP')).toBe('r2 NO [UNAVAILABLE] not now\r\n');
    await fault.reached;
    server.faults.remove(fault);
    expect(await client.command('NOOP')).toContain('OK');
    expect(fault.hits).toBe(1);
  });

  test('can spoil the greeting', async () => {
    await using server = await start();
    server.faults.add({ command: 'GREETING' }, poison('Too many connections'));
    const client = await RawClient.open(server.port);
    expect(await client.ended).toBe('fin');
    expect(client.received).toBe('* BYE Too many connections\r\n');
  });
});

describe('the answer', () => {
  test('can be replaced, rewritten, preceded and followed', async () => {
    const noop = { command: 'NOOP' };
    expect(await answerUnder(noop, answerWith('* junk\r\n{tag} OK\r\n'), 'NOOP')).toBe('* junk\r\nr3 OK\r\n');
    const louder = rewrite((answer) => Buffer.from(answer.toString('latin1').replace('OK', 'OK!'), 'latin1'));
    expect(await answerUnder(noop, louder, 'NOOP')).toBe('r3 OK! NOOP completed.\r\n');
    expect(await answerUnder(noop, insertLines(['* 9 EXISTS']), 'NOOP')).toBe(
      '* 9 EXISTS\r\nr3 OK NOOP completed.\r\n',
    );
    const late = insertLines(['* 1 FETCH (FLAGS ())'], 'closing');
    expect(await answerUnder({ command: 'UID FETCH' }, late, 'UID FETCH 1 UID')).toBe(
      '* 1 FETCH (UID 1)\r\n* 1 FETCH (FLAGS ())\r\nr3 OK UID FETCH completed.\r\n',
    );
    expect(await answerUnder({ command: 'LIST' }, emptyList(), 'LIST "" *')).toBe(
      'r3 OK List completed.\r\n',
    );
  });

  test.each<[string, FaultAction, string]>([
    ['a row left out', omitRow(), '* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n'],
    [
      'a row twice',
      repeatRow(),
      `${'* 1 FETCH (UID 1 BODY[] {1}\r\n1)\r\n'.repeat(2)}* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n`,
    ],
    ['no body', nilBody(), '* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n'],
    ['no UID', hideUid(), '* 1 FETCH (BODY[] {1}\r\n1)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n'],
    [
      'a false UID',
      pretendUid(2),
      '* 1 FETCH (UID 2 BODY[] {1}\r\n1)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n',
    ],
    [
      'a length too long',
      miscountLiteral(3),
      '* 1 FETCH (UID 1 BODY[] {4}\r\n1)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n',
    ],
    [
      'a length too short',
      miscountLiteral(-1),
      '* 1 FETCH (UID 1 BODY[] {0}\r\n1)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n',
    ],
    [
      'a row in two',
      splitRow(),
      '* 1 FETCH (UID 1)\r\n* 1 FETCH (UID 1 BODY[] {1}\r\n1)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\n2)\r\n',
    ],
  ])('can have %s', async (_, action, rows) => {
    const answer = await answerUnder({ uid: 1 }, action, 'UID FETCH 1:2 BODY.PEEK[]');
    expect(answer).toBe(`${rows}r3 OK UID FETCH completed.\r\n`);
  });

  test('can lie in numbers, for one mailbox and not for another', async () => {
    await using server = await start('1', '2');
    server.store('alice').create('Other');
    server.faults.add(
      { mailbox: 'INBOX' },
      misreport({ EXISTS: 0n, MESSAGES: (count) => count - 1n, UIDNEXT: undefined }),
    );
    const client = await signIn(server);
    const listed = await client.command('LIST "" * RETURN (STATUS (MESSAGES UIDNEXT))');
    expect(listed).toContain('* STATUS "INBOX" (MESSAGES 1)\r\n');
    expect(listed).toContain('* STATUS "Other" (MESSAGES 0 UIDNEXT 1)\r\n');
    const opened = await client.command('EXAMINE INBOX');
    expect(opened).toContain('* 0 EXISTS\r\n');
    expect(opened).not.toContain('UIDNEXT');
  });
});

describe('the connection', () => {
  test.each([
    ['before the command runs', dropBefore('fin'), 'fin', '', 0],
    ['before it runs, by reset', dropBefore('rst'), 'rst', '', 0],
    ['before its answer', dropAfter(0, 'fin'), 'fin', '', 1],
    ['within its answer', dropAfter(6, 'fin'), 'fin', 'a OK [', 1],
    ['within its answer, by reset', dropAfter(6, 'rst'), 'rst', 'a OK [', 1],
    ['behind its answer', dropBehind('fin'), 'fin', 'a OK [APPENDUID 1700000001 1] APPEND completed.\r\n', 1],
  ] as const)('can be cut %s', async (_, action, how, received, stored) => {
    await using server = await start();
    const client = await signIn(server);
    server.faults.add({ command: 'APPEND' }, action);
    client.send('a APPEND INBOX {3+}\r\none\r\nb NOOP\r\n');
    expect(await client.ended).toBe(how);
    expect(client.received).toBe(received);
    expect(server.store('alice').inbox.size).toBe(stored);
  });

  test('says BYE whenever a poisoned message is touched', async () => {
    await using server = await start('1', '2', '3');
    server.faults.add({ uid: 2, text: /BODY/ }, poison('FETCH failed'));
    const client = await signIn(server);
    await client.command('SELECT INBOX');
    expect(await client.command('UID FETCH 1:* FLAGS')).toContain('OK');
    client.send('a UID FETCH 1:3 BODY.PEEK[]\r\n');
    expect(await client.ended).toBe('fin');
    expect(client.received).toBe('* 1 FETCH (UID 1 BODY[] {1}\r\n1)\r\n* BYE FETCH failed\r\n');
  });

  test('can stall before or within an answer until released', async () => {
    await using server = await start();
    const client = await signIn(server);
    const whole = server.faults.add({ command: 'NOOP', nth: 1 }, stall());
    const partial = server.faults.add({ command: 'NOOP', nth: 2 }, stallAfter(4));
    client.send('a NOOP\r\nb NOOP\r\nc NOOP\r\n');
    await whole.reached;
    expect([client.received, partial.hits]).toEqual(['', 0]);
    whole.release();
    await client.until(/^a OK NOOP completed.\r\nb OK/);
    expect(client.received).toBe('');
    partial.release();
    await client.until(/^ NOOP completed.\r\nc OK NOOP completed.\r\n/);
  });

  test('can be slow, and can hand over an answer in crumbs', async () => {
    await using server = await start('x'.repeat(2000));
    server.faults.add({ command: 'UID FETCH' }, segment(7));
    server.faults.add({ command: 'NOOP' }, delay(20));
    const client = await signIn(server);
    await client.command('SELECT INBOX');
    let packets = 0;
    client.socket.on('data', () => packets++);
    expect(await client.command('UID FETCH 1 BODY.PEEK[]')).toContain(`{2000}\r\n${'x'.repeat(2000)})`);
    expect(packets).toBeGreaterThan(50);
    const began = performance.now();
    await client.command('NOOP');
    expect(performance.now() - began).toBeGreaterThan(15);
  });

  test('has a round trip that pipelined commands share', async () => {
    await using server = await start();
    const client = await signIn(server);
    server.latency = 40;
    const began = performance.now();
    for (let at = 0; at < 50; at++) client.send(`n${at} NOOP\r\n`);
    await client.until(/^n49 OK.*\r\n/m);
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(35);
    expect(took).toBeLessThan(1000);
  });
});

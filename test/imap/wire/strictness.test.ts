import { describe, expect, test } from 'vitest';
import { fetchBodies } from '../../../src/imap/wire/commands/fetch-bodies.js';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { list } from '../../../src/imap/wire/commands/list.js';
import { search } from '../../../src/imap/wire/commands/search.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { noop } from '../../../src/imap/wire/commands/session-commands.js';
import { ProtocolViolationError } from '../../../src/imap/wire/errors.js';
import type { WireSession } from '../../../src/imap/wire/session.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { type Cut, connect, cutAt, everyByte, MemorySink, whole } from './scripted-server.js';

/** What the server says to a FETCH of the bodies of UID 1 to 3, and what that breaks. */
const BODY_VIOLATIONS: readonly (readonly [what: string, says: string, rule: RegExp, uid: number | null])[] =
  [
    [
      'fewer octets than announced',
      '* 1 FETCH (UID 1 BODY[] {9}\r\nhello)\r\ntg2 OK done\r\n',
      /does not end where/,
      1,
    ],
    ['more octets than announced', '* 1 FETCH (UID 1 BODY[] {3}\r\nhello)\r\n', /does not end where/, 1],
    ['a body cut short at a line ")"', '* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n)\r\n', /no response/, 1],
    [
      'a swallowed row up to its BODY',
      '* 1 FETCH (UID 1 BODY[] {24}\r\nhello)\r\n* 2 FETCH (UID 2 BODY[] {3}\r\nyou)\r\n',
      /twice/,
      1,
    ],
    [
      'a swallowed row up to FETCH',
      '* 1 FETCH (UID 1 BODY[] {11}\r\nhello)\r\n* 2 FETCH (UID 2 FLAGS ())\r\n',
      /unknown attribute/,
      1,
    ],
    [
      'a swallowed row up to its number',
      '* 1 FETCH (UID 1 BODY[] {9}\r\nhello)\r\n* 2 FETCH (UID 2 FLAGS ())\r\n',
      /malformed FETCH attribute/,
      1,
    ],
    ['an attribute given twice', '* 1 FETCH (UID 1 FLAGS () FLAGS () BODY[] {1}\r\na)\r\n', /twice/, 1],
    ['an unknown attribute given twice', '* 1 FETCH (X 1 X 2)\r\n', /twice/, null],
    ['two bodies in one row', '* 1 FETCH (UID 1 BODY[] {1}\r\na BODY[] {1}\r\nb)\r\n', /twice/, 1],
    ['two UIDs in one row', '* 1 FETCH (UID 1 UID 2 BODY[] {1}\r\na)\r\n', /twice/, 1],
    ['a UID nobody asked for, before the body', '* 9 FETCH (UID 9 BODY[] {1}\r\na)\r\n', /not asked for/, 9],
    ['a UID nobody asked for, behind the body', '* 9 FETCH (BODY[] {1}\r\na UID 9)\r\n', /not asked for/, 9],
    ['a UID nobody asked for, with NIL', '* 9 FETCH (UID 9 BODY[] NIL)\r\n', /not asked for/, 9],
    ['a body without a UID', '* 1 FETCH (BODY[] {1}\r\na)\r\n', /without a UID/, null],
    ['NIL without a UID', '* 1 FETCH (BODY[] NIL)\r\n', /without a UID/, null],
    ['another section', '* 1 FETCH (UID 1 BODY[TEXT] {1}\r\na)\r\n', /section nobody asked for/, 1],
    ['a row that is not closed', '* 1 FETCH (UID 1 BODY[] {1}\r\na\r\n', /does not end where/, 1],
    [
      'a row not closed behind a space',
      '* 1 FETCH (UID 1 BODY[] {1}\r\na FLAGS ()\r\n',
      /not followed by|not closed/,
      1,
    ],
    ['bytes behind the row', '* 1 FETCH (UID 1 BODY[] {1}\r\na) \r\n', /after the end/, 1],
    ['a line without CR', '* 1 FETCH (UID 1 FLAGS ())\n', /CRLF/, null],
    ['a literal size without digits', '* 1 FETCH (UID 1 BODY[] {}\r\n', /malformed body literal/, 1],
    ['a literal size with a sign', '* 1 FETCH (UID 1 BODY[] {-1}\r\n', /malformed body literal/, 1],
    [
      'a literal size with leading zeros',
      '* 1 FETCH (UID 1 BODY[] {01}\r\na)\r\n',
      /malformed body literal/,
      1,
    ],
    [
      'a literal size beyond all bounds',
      '* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n',
      /out of range/,
      1,
    ],
    ['a body longer than allowed', '* 1 FETCH (UID 1 BODY[] {1001}\r\n', /longer than allowed/, 1],
    ['a literal in the middle of a line', '* 1 FETCH (UID 1 BODY[] {1} a)\r\n', /malformed body literal/, 1],
    ['a quoted body that is not closed', '* 1 FETCH (UID 1 BODY[] "abc)\r\n', /unfinished quoted/, 1],
    ['a number as a body', '* 1 FETCH (UID 1 BODY[] 12)\r\n', /malformed BODY/, 1],
    ['a UID of 33 bits', '* 1 FETCH (UID 4294967296 BODY[] {1}\r\na)\r\n', /out of range/, null],
    ['a UID that is no number', '* 1 FETCH (UID x BODY[] {1}\r\na)\r\n', /no number/, null],
    ['a sequence number of 33 bits', '* 4294967296 FETCH (UID 1)\r\n', /out of range|malformed FETCH/, null],
    ['a MODSEQ of 64 bits', '* 1 FETCH (UID 1 MODSEQ (9223372036854775808))\r\n', /out of range/, 1],
    ['a MODSEQ of 20 digits', '* 1 FETCH (UID 1 MODSEQ (10000000000000000000))\r\n', /out of range/, 1],
    ['a size beyond 2^53', '* 1 FETCH (UID 1 RFC822.SIZE 9007199254740993)\r\n', /out of range/, 1],
    ['flags that are no list', '* 1 FETCH (UID 1 FLAGS \\Seen)\r\n', /malformed FLAGS/, 1],
    ['a flag list that is not closed', '* 1 FETCH (UID 1 FLAGS (\\Seen\r\n', /malformed flag list/, 1],
    [
      'flags longer than any are',
      `* 1 FETCH (UID 1 FLAGS (${'a'.repeat(16_385)}))\r\n`,
      /malformed flag list/,
      1,
    ],
    ['a list inside the flags', '* 1 FETCH (UID 1 FLAGS (\\Seen (x)))\r\n', /malformed flag list/, 1],
    [
      'lists nested too deeply',
      `* 1 FETCH (UID 1 X ${'('.repeat(101)}${')'.repeat(101)})\r\n`,
      /nested too deeply/,
      1,
    ],
    [
      'too many attributes',
      `* 1 FETCH (${Array.from({ length: 70 }, (_, n) => `X${n} 1`).join(' ')})\r\n`,
      /too many/,
      null,
    ],
    ['a long literal outside a body', '* 1 FETCH (UID 1 X {65537}\r\n', /outside a body/, 1],
    ['too many literals', `* 1 FETCH (UID 1 X (${'{1}\r\na '.repeat(300)}))\r\n`, /outside a body/, 1],
    ['a control character in a value', '* 1 FETCH (UID 1 X a\x01b)\r\n', /control character/, 1],
    ['a CR inside a row', '* 1 FETCH (UID 1\r FLAGS ())\r\n', /not followed by/, 1],
    ['a line that is nothing', 'hello\r\n', /no response/, null],
    ['an empty line', '\r\n', /no response/, null],
    ['a tag never given', 'tg9 OK done\r\n', /no response/, null],
    ['a tagged answer that is none', 'tg2 MAYBE done\r\n', /without OK, NO or BAD/, null],
    ['a response with a number that has none', '* 3 LIST () "/" x\r\n', /IMAP does not have/, null],
    ['a response that is no word', '* (x)\r\n', /expected/, null],
    ['a continuation nobody waits for', '+ go on\r\n', /continuation/, null],
  ];

describe('a violation', () => {
  test.each(BODY_VIOLATIONS)('ends the session and is named: %s', async (_what, says, rule, uid) => {
    await expectViolation(says, rule, uid, whole);
    await expectViolation(says, rule, uid, everyByte);
    for (let at = 1; at < says.length; at += says.length > 500 ? 97 : 1)
      await expectViolation(says, rule, uid, cutAt(at));
  });

  test('shows where it happened in printable characters', async () => {
    const { error } = await fetchThree('* 1 FETCH (UID 1 BODY[] {3}\r\nhe\x07lo)\r\n', whole);
    expect(error).toMatchObject({ context: expect.stringContaining('lo)') });
    expect((error as Error).message).toMatch(/^[\x20-\x7e]+$/);
  });

  test('a line longer than allowed is refused before it ends', async () => {
    const { session, server } = connect([], { maxLine: 1000 });
    const refused = noop(session);
    server.say(`* OK ${'x'.repeat(600)}`);
    server.say('x'.repeat(600));
    await expect(refused).rejects.toMatchObject({ what: 'a line of more than 1000 bytes' });
  });

  test('an answer has an end, whatever it is made of', async () => {
    const { session, server } = connect([{ client: 'tg1 EXAMINE "a"', server: '* 1 EXISTS\r\ntg1 OK\r\n' }], {
      maxLines: 5000,
    });
    await examine(session, 'a');
    for (const line of ['* OK still here\r\n', '* SEARCH 1\r\n', '* 1 EXPUNGE\r\n']) {
      // Each answer is measured by itself.
      const answered = noop(session);
      server.say(line.repeat(200));
      server.say(`tg${line.includes('OK') ? 2 : line.includes('SEARCH') ? 3 : 4} OK\r\n`);
      await answered;
    }
    const endless = noop(session);
    server.say('* OK still here\r\n'.repeat(400));
    await expect(endless).rejects.toMatchObject({ what: 'an answer without end' });
  });

  test('a mailbox has no more rows than messages, halves and changes counted', async () => {
    const row = '* 1 FETCH (UID 1 FLAGS ())\r\n';
    for (const rows of [100_004, 100_005]) {
      const { session } = connect([
        { client: 'tg1 EXAMINE "a"', server: `* 1 EXISTS\r\n${row.repeat(rows)}tg1 OK\r\n` },
      ]);
      const opened = examine(session, 'a');
      if (rows === 100_004) expect(await opened).toMatchObject({ exists: 1 });
      else await expect(opened).rejects.toBeInstanceOf(ProtocolViolationError);
    }
  });

  test('a list of mailboxes has an end, also where it names one again and again', async () => {
    const line = `* LIST () "/" "${'a'.repeat(1_000_000)}"\r\n`;
    const { session, server } = connect([]);
    const listed = list(session, '*');
    for (let n = 0; n < 68 && session.failure === null; n++) server.say(line);
    await expect(listed).rejects.toMatchObject({ what: 'a list of mailboxes longer than allowed' });
  });

  test('a body that a command without bodies did not ask for', async () => {
    const { session } = connect([
      { client: 'tg1 EXAMINE "a"', server: '* 1 EXISTS\r\ntg1 OK\r\n' },
      { client: 'tg2 UID FETCH 1 (UID FLAGS)', server: '* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\ntg2 OK\r\n' },
    ]);
    examine(session, 'a');
    const rows = fetchRows(session, UidSet.of(1), ['FLAGS'], () => {});
    await expect(rows).rejects.toMatchObject({ what: 'a message body nobody asked for', uid: 1 });
  });

  test('UIDs in a SEARCH answer are checked', async () => {
    for (const answer of [
      '* SEARCH 4294967296',
      '* SEARCH 1 x',
      '* ESEARCH UID ALL 1:*',
      '* ESEARCH ALL 1,,2',
    ]) {
      const { session } = connect([
        { client: 'tg1 EXAMINE "a"', server: '* 1 EXISTS\r\ntg1 OK\r\n' },
        { client: 'tg2 UID SEARCH ALL', server: `${answer}\r\ntg2 OK\r\n` },
      ]);
      examine(session, 'a');
      await expect(search(session, ['ALL']), answer).rejects.toBeInstanceOf(ProtocolViolationError);
    }
  });

  test('an EXAMINE without EXISTS, even if the mailbox before it had one', async () => {
    const stale = connect([
      { client: 'tg1 EXAMINE "a"', server: '* 1 EXISTS\r\ntg1 OK\r\n' },
      {
        client: 'tg2 EXAMINE "b"',
        server: '* 2 EXISTS\r\n* OK [CLOSED]\r\n* OK [UIDVALIDITY 1]\r\ntg2 OK\r\n',
      },
    ]);
    examine(stale.session, 'a');
    await expect(examine(stale.session, 'b')).rejects.toMatchObject({
      what: 'EXAMINE was answered without EXISTS',
    });

    const { session } = connect([{ client: 'tg1 EXAMINE "a"', server: 'tg1 OK\r\n' }]);
    await expect(examine(session, 'a')).rejects.toMatchObject({
      what: 'EXAMINE was answered without EXISTS',
    });
    expect(session.failure).toBeInstanceOf(ProtocolViolationError);
  });
});

async function expectViolation(says: string, rule: RegExp, uid: number | null, cut: Cut): Promise<void> {
  const { session, error, sinks } = await fetchThree(says, cut);
  expect(error).toBeInstanceOf(ProtocolViolationError);
  expect((error as ProtocolViolationError).what).toMatch(rule);
  expect((error as ProtocolViolationError).uid).toBe(uid);
  expect(session.failure).toBe(error);
  for (const sink of sinks) expect([sink.ended, sink.aborted]).toEqual([false, error]);
}

async function fetchThree(
  says: string,
  cut: Cut,
): Promise<{ session: WireSession; error: unknown; sinks: MemorySink[] }> {
  const { session } = connect(
    [
      { client: 'tg1 EXAMINE "a"', server: '* 3 EXISTS\r\ntg1 OK\r\n' },
      { client: 'tg2 UID FETCH 1:3 (UID BODY.PEEK[])', server: says },
    ],
    { cut, hangUp: true, maxBody: 1000 },
  );
  const sinks: MemorySink[] = [];
  examine(session, 'a');
  const bodies = fetchBodies(session, UidSet.range(1, 3), '', {
    begin: () => {
      const sink = new MemorySink();
      sinks.push(sink);
      return sink;
    },
  });
  noop(session);
  const error = await bodies.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { session, error, sinks };
}

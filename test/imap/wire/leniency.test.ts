/**
 * Where real servers break or bend the rules and mail must still come through. Each rule names the server
 * that needs it; what a rule would excuse beyond that is in the strictness tests.
 */
import { describe, expect, test } from 'vitest';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { status } from '../../../src/imap/wire/commands/list.js';
import { search } from '../../../src/imap/wire/commands/search.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { enable, noop } from '../../../src/imap/wire/commands/session-commands.js';
import type { FetchRow } from '../../../src/imap/wire/fetch-row.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { collectBodies } from './dialogue.js';
import { connect } from './scripted-server.js';

describe('a FETCH row', () => {
  test('may have extra spaces (Exchange, Zimbra)', async () => {
    expect(await row('*  1  FETCH  ( UID  1  FLAGS  ( \\Seen  x ) RFC822.SIZE  5 )')).toMatchObject({
      uid: 1,
      flags: ['\\Seen', 'x'],
      size: 5,
    });
  });

  test('may lack spaces around and between flags (old Domino, Kerio)', async () => {
    expect(await row('* 1 FETCH (UID 1 FLAGS(\\Seen\\Flagged$Forwarded))')).toMatchObject({
      flags: ['\\Seen', '\\Flagged$Forwarded'],
    });
    expect(await row('* 1 FETCH (UID 1 FLAGS (\\Seen \\Seen \\Flagged\\Draft))')).toMatchObject({
      flags: ['\\Seen', '\\Flagged', '\\Draft'],
    });
  });

  test('may hold keywords with "}", which is legal, and with what is not', async () => {
    expect(await row('* 1 FETCH (UID 1 FLAGS (\\Seen a}b {x q"x a]b [y k%l *) RFC822.SIZE 5)')).toMatchObject(
      {
        flags: ['\\Seen', 'a}b', '{x', 'q"x', 'a]b', '[y', 'k%l', '*'],
        size: 5,
      },
    );
  });

  test('may be in lower case (several embedded servers)', async () => {
    expect(await row('* 1 fetch (uid 1 flags (\\seen) modseq (7))')).toMatchObject({
      uid: 1,
      flags: ['\\seen'],
      modseq: 7n,
    });
  });

  test('may say NIL for anything it does not know (Icewarp: RFC822.SIZE NIL)', async () => {
    const nothing =
      'FLAGS NIL MODSEQ NIL RFC822.SIZE NIL INTERNALDATE NIL EMAILID NIL X-GM-MSGID NIL X-GM-LABELS NIL';
    expect(await row(`* 1 FETCH (UID 1 ${nothing})`)).toMatchObject({
      flags: null,
      modseq: null,
      size: null,
      internalDate: null,
      emailId: null,
      gmailMessageId: null,
      gmailLabels: null,
    });
  });

  test('may carry THREADID (NIL) or THREADID NIL (Cyrus, Strato)', async () => {
    expect(await row('* 1 FETCH (THREADID (NIL) UID 1 EMAILID (NIL))')).toMatchObject({
      uid: 1,
      emailId: null,
    });
    expect(await row('* 1 FETCH (THREADID NIL UID 1 EMAILID (a b))')).toMatchObject({
      uid: 1,
      emailId: null,
    });
  });

  test('may have a date that is none (Icewarp: 30-Dec-1899 is one, 00-xxx is not)', async () => {
    expect(await row('* 1 FETCH (UID 1 INTERNALDATE "30-Dec-1899 00:00:00 +0000")')).toMatchObject({
      internalDate: { epochSeconds: -2209161600, zoneMinutes: 0 },
    });
    expect(await row('* 1 FETCH (UID 1 INTERNALDATE "00-xxx-0000")')).toMatchObject({ internalDate: null });
  });

  test('may be about a message nobody asked for, with or without its UID (every server)', async () => {
    const rows: (number | null)[] = [];
    const { session } = opened(
      '* 7 FETCH (FLAGS (\\Seen))\r\n* 8 FETCH (FLAGS () UID 80)\r\n* 1 FETCH (UID 1 FLAGS ())\r\n',
    );
    const result = await fetchRows(session, UidSet.of(1), ['FLAGS'], ({ uid }) => rows.push(uid));
    expect(rows).toEqual([80, 1]);
    expect(result).toMatchObject({ rows: 2, rowsWithoutUid: 1 });
  });

  test('may be split in two, before or behind its body (Dovecot with plugins, Zoho)', async () => {
    const says =
      '* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n* 1 FETCH (UID 1 RFC822.SIZE 1)\r\n';
    const { session } = opened(says, 'tg2 UID FETCH 1 (UID FLAGS BODY.PEEK[])');
    const { bodies, rows, result } = await collectBodies(session, UidSet.of(1), '', { items: ['FLAGS'] });
    expect(bodies).toEqual({ 1: 'a' });
    expect(rows).toHaveLength(2);
    expect(result).toMatchObject({ missing: new UidSet() });
  });
});

describe('a body', () => {
  test('may have another size than RFC822.SIZE says: a doubt, no error (Exchange, hMailServer)', async () => {
    const says = '* 1 FETCH (UID 1 RFC822.SIZE 19189 BODY[] {5}\r\nhello)\r\n';
    const { session } = opened(says, 'tg2 UID FETCH 1 (UID RFC822.SIZE BODY.PEEK[])');
    expect((await collectBodies(session, UidSet.of(1), '', { items: ['RFC822.SIZE'] })).bodies).toEqual({
      1: 'hello (size)',
    });
  });

  test('may be a quoted string (Yahoo)', async () => {
    const { session } = opened(
      '* 1 FETCH (UID 1 BODY[] "short \\"mail\\"")\r\n',
      'tg2 UID FETCH 1 (UID BODY.PEEK[])',
    );
    expect((await collectBodies(session, UidSet.of(1))).bodies).toEqual({ 1: 'short "mail"' });
  });

  test('may be whole although a part was asked for, and says so by having no origin (Exmail)', async () => {
    const { session } = opened(
      '* 1 FETCH (UID 1 BODY[] {5}\r\nwhole)\r\n',
      'tg2 UID FETCH 1 (UID BODY.PEEK[]<0.2>)',
    );
    const { starts } = await collectBodies(session, UidSet.of(1), '', { partial: { offset: 0, octets: 2 } });
    expect(starts).toEqual([{ uid: 1, octets: 5, origin: null }]);
  });

  test('may be NIL for a message expunged meanwhile: never an empty message (Dovecot)', async () => {
    const says = '* 1 FETCH (UID 1 RFC822.SIZE 0 BODY[] NIL)\r\n';
    const { session } = opened(says, 'tg2 UID FETCH 1 (UID BODY.PEEK[])', 'tg2 OK [EXPUNGEISSUED] gone\r\n');
    const { bodies, result } = await collectBodies(session, UidSet.of(1));
    expect(bodies).toEqual({});
    expect(result).toMatchObject({ nil: UidSet.of(1), code: 'EXPUNGEISSUED' });
  });

  test('may be missing from an answer that says OK (Exchange)', async () => {
    const { session } = opened('', 'tg2 UID FETCH 1:2 (UID BODY.PEEK[])');
    const { result } = await collectBodies(session, UidSet.of(1, 2));
    expect(result).toMatchObject({ missing: UidSet.range(1, 2), nil: new UidSet() });
  });
});

describe('everything else', () => {
  test('a response code without text (Gmail), and an EXAMINE without UIDNEXT (Courier) or with UIDVALIDITY 0 (outlook.com)', async () => {
    const says = '* 1 EXISTS\r\n* OK [UIDVALIDITY 0]\r\n* OK [HIGHESTMODSEQ 5]\r\ntg1 OK [READ-ONLY]\r\n';
    const { session } = connect([{ client: 'tg1 EXAMINE "a"', server: says }]);
    expect(await examine(session, 'a')).toMatchObject({
      uidValidity: null,
      uidNext: null,
      highestModseq: 5n,
    });
  });

  test('NOMODSEQ, HIGHESTMODSEQ 0 and no HIGHESTMODSEQ are all the same: none', async () => {
    for (const code of ['[NOMODSEQ] no', '[HIGHESTMODSEQ 0]', 'hello']) {
      const { session } = connect([
        { client: 'tg1 EXAMINE "a"', server: `* 1 EXISTS\r\n* OK ${code}\r\ntg1 OK\r\n` },
      ]);
      expect(await examine(session, 'a')).toMatchObject({ noModseq: true, highestModseq: null });
    }
  });

  test('a UIDNEXT beyond 32 bits, behind the last UID there is, is none', async () => {
    for (const next of ['4294967296', '1000000000000']) {
      const says = `* 1 EXISTS\r\n* OK [UIDNEXT ${next}]\r\ntg1 OK\r\n`;
      const { session } = connect([{ client: 'tg1 EXAMINE "a"', server: says }]);
      expect(await examine(session, 'a')).toMatchObject({ uidNext: null });
    }
  });

  test('a HIGHESTMODSEQ of 64 bits (RFC 4551) is none, in EXAMINE and in STATUS', async () => {
    const { session } = connect([
      {
        client: 'tg1 EXAMINE "a"',
        server: '* 1 EXISTS\r\n* OK [HIGHESTMODSEQ 18446744073709551615]\r\ntg1 OK\r\n',
      },
      {
        client: 'tg2 STATUS "b" (MESSAGES HIGHESTMODSEQ)',
        server: '* STATUS "b" (MESSAGES 3 HIGHESTMODSEQ 18446744073709551615)\r\ntg2 OK\r\n',
      },
    ]);
    expect(await examine(session, 'a')).toMatchObject({ noModseq: true, highestModseq: null });
    expect(await status(session, 'b', ['MESSAGES', 'HIGHESTMODSEQ'])).toMatchObject({
      messages: 3,
      highestModseq: null,
    });
  });

  test('a SEARCH may find UID 0, which is no UID', async () => {
    const { session } = connect([
      { client: 'tg1 EXAMINE "a"', server: '* 2 EXISTS\r\ntg1 OK\r\n' },
      { client: 'tg2 UID SEARCH ALL', server: '* SEARCH 0 7\r\ntg2 OK\r\n' },
    ]);
    examine(session, 'a');
    expect((await search(session, ['ALL'])).uids).toEqual(UidSet.of(7));
  });

  test('a MAILBOXID that is garbage is none (Cyrus)', async () => {
    const says = '* 1 EXISTS\r\n* OK [MAILBOXID (\x01\xff x)] ok\r\ntg1 OK\r\n';
    const { session } = connect([{ client: 'tg1 EXAMINE "a"', server: says }]);
    expect(await examine(session, 'a')).toMatchObject({ mailboxId: null });
  });

  test('a row of ranges is always written out, never as 1:* (Cyrus then forgets the expunged behind the last)', async () => {
    const { session, server } = opened(
      '',
      'tg2 UID FETCH 1:4294967295 (UID FLAGS) (CHANGEDSINCE 5 VANISHED)',
    );
    const all = UidSet.range(1, 0xffff_ffff);
    await fetchRows(session, all, ['FLAGS'], () => {}, { changedSince: 5n, vanished: true });
    expect(server.received).not.toContain('*');
  });

  test('an empty ENABLED is an answer (iCloud)', async () => {
    const { session } = connect([{ client: 'tg1 ENABLE CONDSTORE', server: '* ENABLED\r\ntg1 OK\r\n' }]);
    expect(await enable(session, ['CONDSTORE'])).toEqual({ enabled: new Set(), answered: true });
  });

  test('a STATUS with an empty list is an answer without values (163.com)', async () => {
    const { session } = connect([
      { client: 'tg1 STATUS "a" (MESSAGES)', server: '* STATUS "a" ()\r\ntg1 OK\r\n' },
    ]);
    expect(await status(session, 'a', ['MESSAGES'])).toMatchObject({ messages: null });
  });

  test('a continuation may lack its space (public-inbox), and text may end like a literal', async () => {
    const { session, server } = connect([], { literals: 'none' });
    const found = status(session, 'a\xe9', ['MESSAGES']);
    server.say('* OK please wait {5}\r\n+\r\n* STATUS "a\xe9" (MESSAGES 3)\r\ntg1 OK done {7}\r\n');
    expect(await found).toMatchObject({ messages: 3 });
  });

  test('unknown responses, and keep-alives, are passed over', async () => {
    const says =
      '* OK Still here\r\n* JMAPACCESS "x"\r\n* X-Y.Z (a {3}\r\nb c)\r\n* NO trouble\r\n* BAD thing\r\ntg1 OK\r\n';
    await noop(connect([{ client: 'tg1 NOOP', server: says }]).session);
  });
});

function opened(says: string, client = 'tg2 UID FETCH 1 (UID FLAGS)', answer = 'tg2 OK\r\n') {
  const connection = connect([
    { client: 'tg1 EXAMINE "a"', server: '* 3 EXISTS\r\ntg1 OK\r\n' },
    { client, server: says + answer },
  ]);
  examine(connection.session, 'a');
  return connection;
}

async function row(line: string): Promise<FetchRow | undefined> {
  const rows: FetchRow[] = [];
  const { session } = opened(`${line}\r\n`);
  await fetchRows(session, UidSet.of(1), ['FLAGS'], (found) => rows.push(found));
  return rows[0];
}

/**
 * Whole conversations with what must come of them, as data: the dialogue tests run each whole, cut in two at
 * every byte, and byte by byte; the fuzz tests mutate them.
 */
import { append } from '../../../src/imap/wire/commands/append.js';
import {
  type BodySection,
  type FetchBodiesOptions,
  fetchBodies,
} from '../../../src/imap/wire/commands/fetch-bodies.js';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { list, namespace, status } from '../../../src/imap/wire/commands/list.js';
import { create, getQuotaRoot, store, subscribe } from '../../../src/imap/wire/commands/mailbox-commands.js';
import { search } from '../../../src/imap/wire/commands/search.js';
import { examine, select } from '../../../src/imap/wire/commands/select.js';
import {
  capability,
  enable,
  id,
  logout,
  noop,
  unselect,
} from '../../../src/imap/wire/commands/session-commands.js';
import type { WireSession } from '../../../src/imap/wire/session.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { type Exchange, MemorySink } from './scripted-server.js';

export interface Dialogue {
  readonly name: string;
  readonly exchanges: readonly Exchange[];
  /** Gives its commands all at once where it can, so that a damaged answer holds nothing up. */
  readonly run: (session: WireSession) => Promise<unknown>;
  /** Compared with `plain(result)`. */
  readonly expected: unknown;
}

/** A result as plain data: sets as text, bigints as `5n`. */
export function plain(value: unknown): unknown {
  if (value instanceof UidSet) return value.toString();
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, entry]) => [key, plain(entry)]));
  if (value instanceof Set) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
  }
  return value;
}

/** Opens INBOX; the exchange and the promise that goes with it. */
const OPEN: Exchange = {
  client: 'tg1 EXAMINE "INBOX"',
  server: '* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\ntg1 OK [READ-ONLY] done\r\n',
};

/** Bodies by UID, and the result. */
export async function collectBodies(
  session: WireSession,
  uids: UidSet,
  section: BodySection = '',
  options: FetchBodiesOptions = {},
): Promise<{ bodies: Record<string, string>; starts: unknown[]; rows: unknown[]; result: unknown }> {
  const bodies: Record<string, string> = {};
  const starts: unknown[] = [];
  const rows: unknown[] = [];
  const result = await fetchBodies(
    session,
    uids,
    section,
    {
      begin: (start) => {
        starts.push(start);
        const sink = new MemorySink();
        const end = sink.end.bind(sink);
        sink.end = (row, doubts) => {
          end(row, doubts);
          bodies[`${row.uid}`] = doubts.length > 0 ? `${sink.text} (${doubts})` : sink.text;
        };
        return sink;
      },
      row: (row) => rows.push({ uid: row.uid, flags: row.flags }),
    },
    options,
  );
  return { bodies, starts, rows, result };
}

const NO_DOUBTS = { size: '', swallowed: '', order: '', shape: '' };

export const DIALOGUES: readonly Dialogue[] = [
  {
    name: 'EXAMINE with everything a modern server says',
    exchanges: [
      {
        client: 'tg1 EXAMINE "INBOX" (CONDSTORE)',
        server:
          '* FLAGS (\\Answered \\Seen $Label1)\r\n* OK [PERMANENTFLAGS ()] Read-only mailbox.\r\n* 172 EXISTS\r\n' +
          '* 0 RECENT\r\n* OK [UNSEEN 12] First unseen.\r\n* OK [UIDVALIDITY 3857529045] UIDs valid\r\n' +
          '* OK [UIDNEXT 4392] Predicted next UID\r\n* OK [HIGHESTMODSEQ 9223372036854775807] Highest\r\n' +
          '* OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] Ok\r\n' +
          'tg1 OK [READ-ONLY] Examine completed (0.001 + 0.000 secs).\r\n',
      },
    ],
    run: (session) => examine(session, 'INBOX', { condstore: true }),
    expected: {
      exists: 172,
      uidValidity: '3857529045n',
      uidNext: 4392,
      highestModseq: '9223372036854775807n',
      noModseq: false,
      mailboxId: 'F2212ea87-6097-4256-9d51-71338625',
      flags: ['\\Answered', '\\Seen', '$Label1'],
      permanentFlags: [],
      readOnly: true,
      vanished: '',
      codes: ['PERMANENTFLAGS', 'UNSEEN', 'UIDVALIDITY', 'UIDNEXT', 'HIGHESTMODSEQ', 'MAILBOXID'],
    },
  },
  {
    name: 'SELECT with QRESYNC: vanished and changed messages, those of the mailbox before left out',
    exchanges: [
      OPEN,
      {
        client: 'tg2 SELECT "Sent" (QRESYNC (67890007 20050715194045000 41:211))',
        server:
          '* 2 FETCH (UID 2 FLAGS (\\Deleted))\r\n* VANISHED 3\r\n* 99 EXISTS\r\n* OK [CLOSED]\r\n* 10003 EXISTS\r\n' +
          '* OK [UIDVALIDITY 67890007] UIDVALIDITY\r\n* OK [UIDNEXT 600] Predicted next UID\r\n' +
          '* OK [HIGHESTMODSEQ 20060115205545359] Highest\r\n* VANISHED (EARLIER) 41,43:116,118\r\n' +
          '* 49 FETCH (UID 117 FLAGS (\\Seen \\Answered) MODSEQ (20060115194045001))\r\n' +
          '* 50 FETCH (FLAGS () MODSEQ (20060115194045002) UID 119)\r\ntg2 OK [READ-WRITE] mailbox selected\r\n',
      },
    ],
    run: async (session) => {
      const rows: unknown[] = [];
      examine(session, 'INBOX');
      const mailbox = await select(session, 'Sent', {
        qresync: { uidValidity: 67890007n, modseq: 20050715194045000n, knownUids: UidSet.range(41, 211) },
        onRow: ({ uid, flags, modseq }) => rows.push({ uid, flags, modseq }),
      });
      return { rows, mailbox };
    },
    expected: {
      rows: [
        { uid: 117, flags: ['\\Seen', '\\Answered'], modseq: '20060115194045001n' },
        { uid: 119, flags: [], modseq: '20060115194045002n' },
      ],
      mailbox: {
        exists: 10003,
        uidValidity: '67890007n',
        uidNext: 600,
        highestModseq: '20060115205545359n',
        noModseq: false,
        mailboxId: null,
        flags: [],
        permanentFlags: null,
        readOnly: false,
        vanished: '41,43:116,118',
        codes: ['UIDVALIDITY', 'UIDNEXT', 'HIGHESTMODSEQ'],
      },
    },
  },
  {
    name: 'FETCH rows with every known attribute, in any order, and unknown ones in between',
    exchanges: [
      OPEN,
      {
        client:
          'tg2 UID FETCH 1:4 (UID FLAGS MODSEQ RFC822.SIZE INTERNALDATE EMAILID X-GM-MSGID X-GM-LABELS)',
        server:
          '* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (12) RFC822.SIZE 1234 INTERNALDATE "17-Jul-1996 02:44:25 -0700" ' +
          'EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9) X-GM-MSGID 1278455344230334865 ' +
          'X-GM-LABELS (\\Inbox \\Sent Important "Muy Importante"))\r\n' +
          '* 2 FETCH (ENVELOPE ("Wed (" "a \\" b {3}" (("x" NIL {5}\r\nu)\r\n" "y")) NIL) X-GM-LABELS ("a" {7}\r\nb (c) d) ' +
          'THREADID NIL EMAILID NIL UID 2 BODYSTRUCTURE ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3028 92) ' +
          'MODSEQ (9223372036854775807) FLAGS (\\Seen))\r\n' +
          '* 3 fetch (flags (\\Flagged $Forwarded NonJunk) uid 3 internaldate " 1-Jan-2024 00:00:00 +0000" rfc822.size NIL)\r\n' +
          '* 9 FETCH (FLAGS (\\Seen))\r\n* VANISHED 4\r\n* 5 EXPUNGE\r\ntg2 OK [EXPUNGEISSUED] done\r\n',
      },
    ],
    run: async (session) => {
      const rows: unknown[] = [];
      examine(session, 'INBOX');
      const items = [
        'FLAGS',
        'MODSEQ',
        'RFC822.SIZE',
        'INTERNALDATE',
        'EMAILID',
        'X-GM-MSGID',
        'X-GM-LABELS',
      ];
      const result = await fetchRows(session, UidSet.range(1, 4), items, (row) => rows.push(row));
      return { rows, result };
    },
    expected: {
      rows: [
        {
          sequence: 1,
          uid: 1,
          flags: ['\\Seen'],
          modseq: '12n',
          size: 1234,
          internalDate: { epochSeconds: 837596665, zoneMinutes: -420 },
          emailId: 'M6d99ac3275bb4e',
          gmailMessageId: '1278455344230334865',
          gmailLabels: ['\\Inbox', '\\Sent', 'Important', 'Muy Importante'],
        },
        {
          sequence: 2,
          uid: 2,
          flags: ['\\Seen'],
          modseq: '9223372036854775807n',
          size: null,
          internalDate: null,
          emailId: null,
          gmailMessageId: null,
          gmailLabels: ['a', 'b (c) d'],
        },
        {
          sequence: 3,
          uid: 3,
          flags: ['\\Flagged', '$Forwarded', 'NonJunk'],
          modseq: null,
          size: null,
          internalDate: { epochSeconds: 1704067200, zoneMinutes: 0 },
          emailId: null,
          gmailMessageId: null,
          gmailLabels: null,
        },
      ],
      result: { vanished: '4', expunged: 1, rows: 3, rowsWithoutUid: 1, code: 'EXPUNGEISSUED', text: 'done' },
    },
  },
  {
    name: 'FETCH since a mod-sequence, with what vanished',
    exchanges: [
      OPEN,
      {
        client: 'tg2 UID FETCH 1:4294967295 (UID FLAGS) (CHANGEDSINCE 12345 VANISHED)',
        server:
          '* VANISHED (EARLIER) 300:310,405\r\n* 1 FETCH (UID 404 MODSEQ (65402) FLAGS (\\Seen))\r\ntg2 OK\r\n',
      },
    ],
    run: async (session) => {
      examine(session, 'INBOX');
      const uids: number[] = [];
      const all = UidSet.range(1, 0xffff_ffff);
      const result = await fetchRows(session, all, ['FLAGS'], (row) => uids.push(row.uid), {
        changedSince: 12345n,
        vanished: true,
      });
      return { uids, result };
    },
    expected: {
      uids: [404],
      result: { vanished: '300:310,405', expunged: 0, rows: 1, rowsWithoutUid: 0, code: null, text: '' },
    },
  },
  {
    name: 'bodies as literal, literal8, quoted string, empty, NIL and absent, with UID before and behind',
    exchanges: [
      OPEN,
      {
        client: 'tg2 UID FETCH 1:9 (UID RFC822.SIZE BODY.PEEK[])',
        server:
          '* 1 FETCH (UID 1 FLAGS (\\Seen) RFC822.SIZE 12 BODY[] {12}\r\nhello\r\nworld)\r\n' +
          '* 2 FETCH (BODY[] ~{5}\r\na\0b\r\n UID 2)\r\n* 3 FETCH (UID 3 BODY[] "quo\\"ted \\\\ )")\r\n' +
          '* 4 FETCH (UID 4 BODY[] {0}\r\n RFC822.SIZE 0)\r\n* 5 FETCH (UID 5 BODY[] NIL RFC822.SIZE 0)\r\n' +
          '* 6 FETCH (UID 6 FLAGS (\\Seen))\r\n* 7 FETCH (UID 7 RFC822.SIZE 0)\r\n* 7 FETCH (BODY[] "" UID 7)\r\n* 8 FETCH (UID 8 RFC822.SIZE 9 BODY[] {1}\r\nx)\r\n' +
          '* 2 FETCH (FLAGS (\\Flagged))\r\ntg2 OK [THROTTLED] done\r\n',
      },
    ],
    run: (session) => {
      examine(session, 'INBOX');
      return collectBodies(session, UidSet.range(1, 9), '', { items: ['RFC822.SIZE'] });
    },
    expected: {
      bodies: {
        1: 'hello\r\nworld',
        2: 'a\0b\r\n (shape)',
        3: 'quo"ted \\ ) (shape)',
        4: '',
        7: '',
        8: 'x (size)',
      },
      starts: [
        { uid: 1, octets: 12, origin: null },
        { uid: null, octets: 5, origin: null },
        { uid: 3, octets: 11, origin: null },
        { uid: 4, octets: 0, origin: null },
        { uid: 7, octets: 0, origin: null },
        { uid: 8, octets: 1, origin: null },
      ],
      rows: [
        { uid: 6, flags: ['\\Seen'] },
        { uid: 7, flags: null },
      ],
      result: {
        delivered: '1:4,7:8',
        nil: '5',
        missing: '6,9',
        duplicates: '',
        doubts: { ...NO_DOUBTS, size: '8', shape: '2:3' },
        zeroUids: 0,
        vanished: '',
        expunged: 0,
        code: 'THROTTLED',
        text: 'done',
      },
    },
  },
  {
    name: 'a second body for one UID, and bodies with UID 0, are thrown away and reported',
    exchanges: [
      OPEN,
      {
        client: 'tg2 UID FETCH 1:2 (UID BODY.PEEK[])',
        server:
          '* 1 FETCH (UID 1 BODY[] {5}\r\nfirst)\r\n* 1 FETCH (UID 1 BODY[] {6}\r\nsecond)\r\n' +
          '* 1 FETCH (BODY[] {5}\r\nthird UID 1)\r\n* 2 FETCH (UID 0 BODY[] {4}\r\nzero)\r\n' +
          '* 2 FETCH (BODY[] {4}\r\nzero UID 0)\r\n* 2 FETCH (UID 0 FLAGS ())\r\n* 2 FETCH (UID 2 BODY[] {3}\r\ntwo)\r\ntg2 OK done\r\n',
      },
    ],
    run: (session) => {
      examine(session, 'INBOX');
      return collectBodies(session, UidSet.of(1, 2));
    },
    expected: {
      bodies: { 1: 'first', 2: 'two' },
      starts: [
        { uid: 1, octets: 5, origin: null },
        { uid: null, octets: 5, origin: null },
        { uid: null, octets: 4, origin: null },
        { uid: 2, octets: 3, origin: null },
      ],
      rows: [],
      result: {
        delivered: '1:2',
        nil: '',
        missing: '',
        duplicates: '1',
        doubts: NO_DOUBTS,
        zeroUids: 3,
        vanished: '',
        expunged: 0,
        code: null,
        text: 'done',
      },
    },
  },
  {
    name: 'header fields, and a part of a body',
    exchanges: [
      OPEN,
      {
        client: 'tg2 UID FETCH 5 (UID BODY.PEEK[HEADER.FIELDS (Message-ID Date)])',
        server:
          '* 1 FETCH (UID 5 BODY[HEADER.FIELDS ("MESSAGE-ID" "Date")] {20}\r\nMessage-ID: <a@b>\r\n\r)\r\ntg2 OK\r\n',
      },
      {
        client: 'tg3 UID FETCH 5 (UID BODY.PEEK[]<100.6>)',
        server: '* 1 FETCH (UID 5 BODY[]<100> {6}\r\nmiddle)\r\ntg3 OK\r\n',
      },
    ],
    run: async (session) => {
      examine(session, 'INBOX');
      const header = collectBodies(session, UidSet.of(5), { fields: ['Message-ID', 'Date'] });
      const part = collectBodies(session, UidSet.of(5), '', { partial: { offset: 100, octets: 6 } });
      return (await Promise.all([header, part])).map(({ bodies, starts }) => ({ bodies, starts }));
    },
    expected: [
      { bodies: { 5: 'Message-ID: <a@b>\r\n\r' }, starts: [{ uid: 5, octets: 20, origin: null }] },
      { bodies: { 5: 'middle' }, starts: [{ uid: 5, octets: 6, origin: 100 }] },
    ],
  },
  {
    name: 'SEARCH and ESEARCH',
    exchanges: [
      OPEN,
      {
        client: 'tg2 UID SEARCH ALL',
        server: '* SEARCH 2 5 6\r\n* SEARCH 7 11 (MODSEQ 917162500)\r\ntg2 OK\r\n',
      },
      {
        client: 'tg3 UID SEARCH RETURN (ALL COUNT) ALL',
        server:
          '* ESEARCH (TAG "tg99") UID ALL 1\r\n* ESEARCH (TAG "tg3") UID COUNT 17 MIN 4 ALL 4:18,21,28 MODSEQ 9\r\ntg3 OK\r\n',
      },
      { client: 'tg4 UID SEARCH UNSEEN', server: '* SEARCH\r\ntg4 OK\r\n' },
      { client: 'tg5 UID SEARCH DELETED', server: 'tg5 OK\r\n' },
    ],
    run: (session) => {
      examine(session, 'INBOX');
      return Promise.all([
        search(session, ['ALL']),
        search(session, ['ALL'], { returns: ['ALL', 'COUNT'] }),
        search(session, ['UNSEEN']),
        search(session, ['DELETED']),
      ]);
    },
    expected: [
      { uids: '2,5:7,11', answered: true, count: null, modseq: '917162500n' },
      { uids: '4:18,21,28', answered: true, count: 17, modseq: '9n' },
      { uids: '', answered: true, count: null, modseq: null },
      { uids: '', answered: false, count: null, modseq: null },
    ],
  },
  {
    name: 'LIST with STATUS, joined by raw name, odd lines shown',
    exchanges: [
      {
        client: 'tg1 LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))',
        server:
          '* LIST (\\HasNoChildren) "/" INBOX\r\n* STATUS Inbox (MESSAGES 17 UIDNEXT 18 UIDVALIDITY 4294967295 HIGHESTMODSEQ 0)\r\n' +
          '* LIST (\\Sent \\HasNoChildren) "\\\\" "a \\"b\\" &U,BTFw-"\r\n* STATUS {17}\r\na "b" &U,BTFw-xx (MESSAGES 1)\r\n' +
          '* STATUS "a \\"b\\" &U,BTFw-" (MESSAGES 2 MAILBOXID (\x01\x02 ) SIZE 5)\r\n* LIST () NIL {6}\r\nx\r\ny)(\r\n' +
          '* LIST (\\Noselect) "/" "[Gmail]" ("CHILDINFO" ("SUBSCRIBED"))\r\n* LIST () "/" NIL\r\n' +
          '* LIST broken\r\n* LIST () "//" two\r\n* STATUS [Gmail] ()\r\ntg1 OK\r\n',
      },
    ],
    run: async (session) => {
      const { mailboxes, unreadable } = await list(session, '*', {
        returns: ['SPECIAL-USE'],
        returnStatus: ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'HIGHESTMODSEQ'],
      });
      return {
        unreadable,
        mailboxes: mailboxes.map(({ name, delimiter, attributes, status: found }) => ({
          name,
          delimiter,
          attributes,
          status: found && [
            found.messages,
            found.uidNext,
            found.uidValidity,
            found.highestModseq,
            found.size,
          ],
        })),
      };
    },
    expected: {
      unreadable: ['"a \\"b\\" &U,BTFw-" (MESSAGES 2 MAILBOXID (.. ) SIZE 5)', 'broken', '() "//" two'],
      mailboxes: [
        {
          name: 'INBOX',
          delimiter: '/',
          attributes: ['\\HasNoChildren'],
          status: [17, 18, '4294967295n', null, null],
        },
        { name: 'a "b" &U,BTFw-', delimiter: '\\', attributes: ['\\Sent', '\\HasNoChildren'], status: null },
        { name: 'x\r\ny)(', delimiter: null, attributes: [], status: null },
        {
          name: '[Gmail]',
          delimiter: '/',
          attributes: ['\\Noselect'],
          status: [null, null, null, null, null],
        },
        { name: 'NIL', delimiter: '/', attributes: [], status: null },
      ],
    },
  },
  {
    name: 'STATUS, NAMESPACE, CAPABILITY, ENABLE, ID, NOOP',
    exchanges: [
      {
        client: 'tg1 STATUS "INBOX" (MESSAGES UIDNEXT)',
        server: '* STATUS INBOX (MESSAGES 231 UIDNEXT 44292)\r\ntg1 OK\r\n',
      },
      { client: 'tg2 STATUS "x" (MESSAGES)', server: '* STATUS y (MESSAGES 1)\r\ntg2 OK\r\n' },
      {
        client: 'tg3 NAMESPACE',
        server:
          '* NAMESPACE (("INBOX." ".")) (("~" "/" "X-PARAM" ("FLAG1" "FLAG2"))("" NIL)) NIL\r\ntg3 OK\r\n',
      },
      {
        client: 'tg4 CAPABILITY',
        server: '* CAPABILITY IMAP4rev1 LITERAL+ auth=plain APPENDLIMIT=50\r\ntg4 OK\r\n',
      },
      { client: 'tg5 ENABLE CONDSTORE QRESYNC', server: '* ENABLED condstore QRESYNC\r\ntg5 OK\r\n' },
      { client: 'tg6 ID ("name" "mailkeep")', server: '* ID ("name" "Cyrus" "version" NIL)\r\ntg6 OK\r\n' },
      { client: 'tg7 ID NIL', server: '* ID NIL\r\ntg7 OK\r\n' },
      {
        client: 'tg8 NOOP',
        server: '* 22 EXPUNGE\r\n* 23 EXISTS\r\n* 14 FETCH (FLAGS (\\Seen))\r\ntg8 OK\r\n',
      },
    ],
    run: (session) =>
      Promise.all([
        status(session, 'INBOX', ['MESSAGES', 'UIDNEXT']),
        status(session, 'x', ['MESSAGES']),
        namespace(session),
        capability(session),
        enable(session, ['CONDSTORE', 'QRESYNC']),
        id(session, { name: 'mailkeep' }),
        id(session, {}),
        noop(session),
      ]),
    expected: [
      {
        messages: 231,
        uidNext: 44292,
        uidValidity: null,
        highestModseq: null,
        unseen: null,
        recent: null,
        size: null,
        deleted: null,
      },
      null,
      {
        personal: [{ prefix: 'INBOX.', delimiter: '.' }],
        others: [
          { prefix: '~', delimiter: '/' },
          { prefix: '', delimiter: null },
        ],
        shared: [],
      },
      ['IMAP4REV1', 'LITERAL+', 'AUTH=PLAIN', 'APPENDLIMIT=50'],
      { enabled: ['CONDSTORE', 'QRESYNC'], answered: true },
      { name: 'Cyrus', version: null },
      {},
      undefined,
    ],
  },
  {
    name: 'a pipeline as Dovecot runs it: tagged answers held back, later commands finished first',
    exchanges: [
      OPEN,
      { client: 'tg2 UID FETCH 1:2 (UID FLAGS)', server: '' },
      { client: 'tg3 UID FETCH 3:4 (UID BODY.PEEK[])', server: '' },
      { client: 'tg4 STATUS "x" (MESSAGES)', server: '' },
      { client: 'tg5 STATUS "y" (MESSAGES)', server: '' },
      { client: 'tg6 NOOP', server: '' },
      { client: 'tg7 UID FETCH 5 (UID BODY.PEEK[])', server: '' },
      { client: 'tg8 LIST "" "*"', server: '' },
      { client: 'tg9 UID SEARCH ALL', server: '' },
      { client: 'tg10 CAPABILITY', server: '' },
      { client: 'tg11 UID FETCH 6 (UID FLAGS)', server: '' },
      { client: 'tg12 NAMESPACE', server: '' },
      { client: 'tg13 ENABLE CONDSTORE', server: '' },
      { client: 'tg14 ID NIL', server: '' },
      { client: 'tg15 GETQUOTAROOT "x"', server: '' },
      {
        client: 'tg16 EXAMINE "INBOX"',
        server:
          '* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 2 FETCH (UID 2 FLAGS ())\r\n* 3 FETCH (UID 3 BODY[] {5}\r\nthree)\r\n' +
          '* STATUS y (MESSAGES 21)\r\n* STATUS x (MESSAGES 20)\r\ntg4 OK Status completed.\r\ntg5 OK Status completed.\r\n' +
          '* 5 FETCH (UID 5 BODY[] {4}\r\nfive)\r\n* 4 FETCH (UID 4 BODY[] {4}\r\nfour)\r\ntg2 OK\r\ntg3 OK\r\ntg6 OK\r\n' +
          '* LIST () "/" x\r\ntg8 OK\r\n* SEARCH 6 7\r\n* CAPABILITY IMAP4rev1\r\ntg10 OK\r\n* 6 FETCH (UID 6 FLAGS ())\r\n' +
          '* NAMESPACE (("" "/")) NIL NIL\r\n* ENABLED CONDSTORE\r\n* ID ("name" "Dovecot")\r\n* QUOTA "" (STORAGE 1 2)\r\n' +
          'tg12 OK\r\ntg13 OK\r\ntg14 OK\r\ntg15 OK\r\ntg7 OK\r\ntg9 OK\r\ntg11 OK\r\n* 9 EXISTS\r\ntg16 OK\r\n',
      },
    ],
    run: async (session) => {
      const flags: string[] = [];
      const fetchFlags = (name: string, uids: UidSet) =>
        fetchRows(session, uids, ['FLAGS'], ({ uid }) => flags.push(`${name} ${uid}`));
      examine(session, 'INBOX');
      const results = await Promise.all([
        fetchFlags('first', UidSet.range(1, 2)).then(({ rows }) => rows),
        collectBodies(session, UidSet.range(3, 4)).then(({ bodies }) => bodies),
        status(session, 'x', ['MESSAGES']).then((found) => found?.messages),
        status(session, 'y', ['MESSAGES']).then((found) => found?.messages),
        noop(session),
        collectBodies(session, UidSet.of(5)).then(({ bodies }) => bodies),
        list(session, '*').then(({ mailboxes }) => mailboxes.length),
        search(session, ['ALL']).then(({ uids }) => uids),
        capability(session),
        fetchFlags('last', UidSet.of(6)).then(({ rows }) => rows),
        namespace(session).then(({ personal }) => personal.length),
        enable(session, ['CONDSTORE']).then(({ enabled }) => enabled),
        id(session, {}),
        getQuotaRoot(session, 'x').then((roots) => roots.length),
        examine(session, 'INBOX').then(({ exists }) => exists),
      ]);
      return { flags, results };
    },
    expected: {
      flags: ['first 1', 'first 2', 'last 6'],
      results: [
        2,
        { 3: 'three', 4: 'four' },
        20,
        21,
        undefined,
        { 5: 'five' },
        1,
        '6:7',
        ['IMAP4REV1'],
        1,
        1,
        ['CONDSTORE'],
        { name: 'Dovecot' },
        1,
        9,
      ],
    },
  },
  {
    name: 'CREATE, SUBSCRIBE, STORE, GETQUOTAROOT, UNSELECT, LOGOUT',
    exchanges: [
      {
        client: 'tg1 CREATE "Sent" (USE (\\Sent))',
        server: 'tg1 OK [MAILBOXID (F6352ae03-b7f5-463c-896f-d8b48ee3)] done\r\n',
      },
      { client: 'tg2 SUBSCRIBE {3+}\r\na\xe9b', server: 'tg2 OK\r\n' },
      { client: 'tg3 SELECT "INBOX"', server: '* 1 EXISTS\r\ntg3 OK [READ-WRITE]\r\n' },
      { client: 'tg4 UID STORE 5 +FLAGS.SILENT (\\Seen $x)', server: 'tg4 OK\r\n' },
      { client: 'tg5 UID STORE 5 X-GM-LABELS.SILENT (\\Inbox "a b")', server: 'tg5 OK\r\n' },
      {
        client: 'tg6 GETQUOTAROOT "INBOX"',
        server:
          '* QUOTAROOT INBOX "" "User quota"\r\n* QUOTA "User quota" (STORAGE 10 512 MESSAGE 1 2)\r\ntg6 OK\r\n',
      },
      { client: 'tg7 UNSELECT', server: 'tg7 OK\r\n' },
      { client: 'tg8 LOGOUT', server: '* BYE logging out\r\ntg8 OK\r\n' },
    ],
    run: (session) =>
      Promise.all([
        create(session, 'Sent', { specialUse: '\\Sent' }),
        subscribe(session, 'a\xe9b'),
        select(session, 'INBOX').then(({ readOnly }) => readOnly),
        store(session, UidSet.of(5), '+', { flags: ['\\Seen', '\\Recent', '$x'] }),
        store(session, UidSet.of(5), '', { gmailLabels: ['\\Inbox', 'a b'] }),
        getQuotaRoot(session, 'INBOX'),
        unselect(session),
        logout(session),
      ]),
    expected: [
      'F6352ae03-b7f5-463c-896f-d8b48ee3',
      undefined,
      false,
      undefined,
      undefined,
      [
        {
          root: 'User quota',
          resources: [
            { name: 'STORAGE', usage: 10, limit: 512 },
            { name: 'MESSAGE', usage: 1, limit: 2 },
          ],
        },
      ],
      undefined,
      undefined,
    ],
  },
  {
    name: 'APPEND and MULTIAPPEND',
    exchanges: [
      {
        client: 'tg1 APPEND "Sent" (\\Seen) "17-Jul-1996 02:44:25 -0700" {7+}\r\nhello\r\n',
        server: '* 5 EXISTS\r\ntg1 OK [APPENDUID 38505 3955] done\r\n',
      },
      {
        client: 'tg2 APPEND "Sent" () {1+}\r\na () ~{1+}\r\n\0',
        server: 'tg2 OK [APPENDUID 38505 7:8] done\r\n',
      },
      {
        client: 'tg3 APPEND "Sent" () {1+}\r\na () {1+}\r\nb',
        server: 'tg3 OK [APPENDUID 38505 8,7] done\r\n',
      },
      { client: 'tg4 APPEND "Sent" () {1+}\r\na', server: 'tg4 OK done\r\n' },
    ],
    run: (session) => {
      const one = (text: string, more = {}) => ({
        octets: text.length,
        content: [Buffer.from(text, 'latin1')],
        ...more,
      });
      const date = { epochSeconds: 837596665, zoneMinutes: -420 };
      return Promise.all([
        append(session, 'Sent', [one('hello\r\n', { flags: ['\\Recent', '\\Seen'], internalDate: date })]),
        append(session, 'Sent', [one('a'), one('\0', { binary: true })]),
        append(session, 'Sent', [one('a'), one('b')]),
        append(session, 'Sent', [one('a')]),
      ]);
    },
    expected: [
      { uidValidity: '38505n', uids: [3955], text: 'done' },
      { uidValidity: '38505n', uids: [7, 8], text: 'done' },
      { uidValidity: null, uids: null, text: 'done' },
      { uidValidity: null, uids: null, text: 'done' },
    ],
  },
];

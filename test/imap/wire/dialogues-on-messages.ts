import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { search } from '../../../src/imap/wire/commands/search.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { collectBodies, type Dialogue, OPEN_INBOX } from './dialogue.js';

const NO_DOUBTS = { size: '', swallowed: '', order: '', shape: '' };

export const MESSAGE_DIALOGUES: readonly Dialogue[] = [
  {
    name: 'FETCH rows with every known attribute, in any order, and unknown ones in between',
    exchanges: [
      OPEN_INBOX,
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
      OPEN_INBOX,
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
      OPEN_INBOX,
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
      OPEN_INBOX,
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
      OPEN_INBOX,
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
      OPEN_INBOX,
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
];

/** Conversations about mailboxes, the session itself, and everything mixed. */
import { append } from '../../../src/imap/wire/commands/append.js';
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
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { collectBodies, type Dialogue, OPEN_INBOX } from './dialogue.js';
export const MAILBOX_DIALOGUES: readonly Dialogue[] = [
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
      OPEN_INBOX,
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
      // Counters that make no sense hide no mailbox: it has none then.
      unreadable: ['broken', '() "//" two'],
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
        appendLimit: null,
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
      OPEN_INBOX,
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

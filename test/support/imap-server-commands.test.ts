// The commands of the test server one by one, where the library hides their wording or never sends them.

import { describe, expect, test } from 'vitest';
import { MailStore } from './imap-server/mail-store.js';
import { RawClient } from './imap-server/raw-client.js';
import { ImapServer } from './imap-server/server.js';
import type { ServerOptions } from './imap-server/server-context.js';

type Dialogue = readonly (readonly [command: string, answer: string | RegExp])[];

/** Signs in as alice, says each command and expects each answer, without tag, and every line but CRLF. */
async function converse(server: ImapServer, dialogue: Dialogue): Promise<void> {
  const client = await RawClient.connect(server.port);
  await client.command('LOGIN alice secret');
  for (const [command, expected] of dialogue) {
    const answer = (await client.command(command)).replaceAll('\r\n', '\n').replace(/^r\d+ (.*)\n$/m, '$1');
    if (typeof expected === 'string') expect(answer).toBe(expected);
    else expect(answer).toMatch(expected);
  }
  client.close();
}

const start = (options: Partial<ServerOptions> = {}): Promise<ImapServer> =>
  ImapServer.start({ users: { alice: 'secret' }, ...options });

describe('APPEND', () => {
  test('takes several messages at once, with their flags and dates, or none of them', async () => {
    await using server = await start({ appendLimit: 10 });
    const { inbox } = server.store('alice');
    inbox.permanentFlags = ['\\Seen', 'Known'];
    await converse(server, [
      [
        'APPEND INBOX (\\Seen \\Flagged Known Other) " 3-Feb-2026 04:05:06 +0130" {3+}\r\none {3+}\r\ntwo',
        'OK [APPENDUID 1700000001 1:2] APPEND completed.',
      ],
      [`APPEND INBOX {3+}\r\none {11+}\r\n${'x'.repeat(11)}`, 'NO [TOOBIG] Message too big'],
      ['APPEND INBOX {3+}\r\none {0+}\r\n', "NO Can't save a zero byte message."],
      ['APPEND Nowhere {3+}\r\none', "NO [TRYCREATE] Mailbox doesn't exist"],
      ['APPEND INBOX "3-Feb-2026" {3+}\r\none', 'BAD Invalid internal date.'],
    ]);
    expect(inbox.uids).toEqual([1, 2]);
    expect(inbox.get(1)).toMatchObject({
      flags: ['\\Seen', 'Known'],
      internalDate: { seconds: Date.UTC(2026, 1, 3, 2, 35, 6) / 1000, zone: 90 },
    });
  });
});

describe('CREATE, RENAME and DELETE', () => {
  test('keep to the namespace and to what the RFC says of INBOX', async () => {
    await using server = await start({ separator: '.', prefix: 'INBOX.', objectId: true });
    server.store('alice').inbox.append({ body: 'one' });
    await converse(server, [
      ['NAMESPACE', '* NAMESPACE (("INBOX." ".")) NIL NIL\nOK NAMESPACE completed.'],
      ['CREATE Outside', /^NO \[CANNOT\]/],
      ['CREATE INBOX.A.B (USE (\\Sent))', 'OK [MAILBOXID (F3)] CREATE completed.'],
      ['CREATE INBOX.A.B', /^NO \[ALREADYEXISTS\]/],
      ['EXAMINE INBOX.A', /^NO \[NONEXISTENT\]/],
      ['LIST (SPECIAL-USE) "" *', /^\* LIST \(\\Sent \\HasNoChildren\) "\." "INBOX.A.B"\nOK/],
      ['RENAME INBOX INBOX.Old', 'OK RENAME completed.'],
      ['STATUS INBOX.Old (MESSAGES)', /MESSAGES 1/],
      ['STATUS INBOX (MESSAGES)', /MESSAGES 0/],
      ['DELETE INBOX', /^NO \[CANNOT\]/],
      ['RENAME INBOX.A INBOX.A.C', /^NO \[CANNOT\]/],
    ]);
  });

  test('leave subscriptions as they are', async () => {
    await using server = await start();
    await converse(server, [
      ['CREATE A', /^OK/],
      ['SUBSCRIBE A', /^OK/],
      ['SUBSCRIBE B', /^NO/],
      ['DELETE A', /^OK/],
      ['LSUB "" *', '* LSUB (\\Noselect) "/" "A"\nOK LSUB completed.'],
      ['LIST (SUBSCRIBED) "" *', '* LIST (\\NonExistent \\Subscribed) "/" "A"\nOK LIST completed.'],
      ['UNSUBSCRIBE A', /^OK/],
      ['LSUB "" *', 'OK LSUB completed.'],
    ]);
  });
});

describe('messages', () => {
  test('are moved, marked and expunged, and QRESYNC hears where to', async () => {
    await using server = await start({ gmail: true });
    const store = server.store('alice');
    store.create('Box');
    for (const body of ['one', 'two', 'three', 'four']) store.inbox.append({ body });
    await converse(server, [
      ['ENABLE QRESYNC', '* ENABLED QRESYNC\nOK ENABLE completed.'],
      ['SELECT INBOX', /\[HIGHESTMODSEQ 5\]/],
      ['UID COPY 1:2 Box', 'OK [COPYUID 1700000002 1:2 1:2] COPY completed.'],
      [
        'UID MOVE 2 Box',
        '* OK [COPYUID 1700000002 2 3] Moved UIDs.\n* VANISHED 2\nOK [HIGHESTMODSEQ 6] MOVE completed.',
      ],
      ['UID MOVE 1 Nowhere', /^NO \[TRYCREATE\]/],
      [
        'UID STORE 1 +X-GM-LABELS ("a b" \\Starred)',
        /^\* 1 FETCH \(UID 1 X-GM-LABELS \("a b" \\Starred\) MODSEQ \(7\)\)\nOK/,
      ],
      [
        'UID STORE 1,3 +FLAGS.SILENT (\\Deleted $Odd)',
        /^\* 1 FETCH \(UID 1 MODSEQ \(8\)\)\n\* 2 FETCH \(UID 3 MODSEQ \(8\)\)\nOK/,
      ],
      ['STORE 1 -FLAGS $Odd', /^\* 1 FETCH \(UID 1 FLAGS \(\\Deleted\) MODSEQ \(9\)\)\nOK/],
      ['STORE 1 FLAGS \\DELETED', /^\* 1 FETCH \(UID 1 FLAGS \(\\Deleted\) MODSEQ \(9\)\)\nOK/],
      ['UID EXPUNGE 3:4', /^\* VANISHED 3\nOK/],
      ['CLOSE', 'OK [HIGHESTMODSEQ 11] CLOSE completed.'],
      ['UID FETCH 1 UID', 'BAD No mailbox selected'],
    ]);
    expect(store.inbox.uids).toEqual([4]);
    expect(store.mailbox('Box').get(3)?.identity).toBe(store.mailbox('Box').get(2)?.identity);
  });

  test('are named by sets as the RFC has it, the last one by a star', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    for (const body of ['one', 'two', 'three', 'four']) inbox.append({ body });
    inbox.expunge([2]);
    await converse(server, [
      ['EXAMINE INBOX', /^OK \[READ-ONLY\]/m],
      ['UID FETCH 3,1:2 UID', '* 1 FETCH (UID 1)\n* 2 FETCH (UID 3)\nOK UID FETCH completed.'],
      ['UID FETCH 900:* UID', '* 3 FETCH (UID 4)\nOK UID FETCH completed.'],
      ['FETCH *:2 UID', '* 2 FETCH (UID 3)\n* 3 FETCH (UID 4)\nOK FETCH completed.'],
      ['FETCH 4 UID', /^BAD/],
      ['UID FETCH 0 UID', /^BAD/],
      ['UID FETCH 1:2:3 UID', /^BAD/],
    ]);
  });

  test('are searched by date, size, header and flag', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    const day = (date: number, zone = 0): { seconds: number; zone: number } => ({
      seconds: Date.UTC(2026, 1, date, 23) / 1000,
      zone,
    });
    inbox.append({ body: 'Subject: One\r\n\r\n', internalDate: day(1) });
    inbox.append({ body: 'Subject: two\r\n folded\r\n\r\nSubject: one\r\n', internalDate: day(1, 120) });
    inbox.append({ body: 'From: x\r\n\r\n', internalDate: day(3), flags: ['\\Seen', '$Odd'] });
    await converse(server, [
      ['EXAMINE INBOX', /^OK/m],
      ['UID SEARCH ON 1-Feb-2026', /^\* SEARCH 1\n/],
      ['UID SEARCH SINCE 2-Feb-2026', /^\* SEARCH 2 3\n/],
      ['UID SEARCH BEFORE 3-Feb-2026 LARGER 20', /^\* SEARCH 2\n/],
      ['SEARCH CHARSET UTF-8 HEADER subject ONE', /^\* SEARCH 1\n/],
      ['SEARCH SUBJECT folded', /^\* SEARCH 2\n/],
      ['SEARCH HEADER Subject ""', /^\* SEARCH 1 2\n/],
      ['SEARCH OR (SEEN KEYWORD $Odd) NOT 2:3', /^\* SEARCH 1 3\n/],
      [
        'UID SEARCH RETURN (MIN MAX COUNT ALL) ALL',
        /^\* ESEARCH \(TAG "r10"\) UID MIN 1 MAX 3 COUNT 3 ALL 1:3\n/,
      ],
      ['UID SEARCH RETURN (COUNT ALL) UID 9', /^\* ESEARCH \(TAG "r11"\) UID COUNT 0\n/],
      ['UID SEARCH FUZZY x', /^BAD/],
    ]);
  });

  test('keep their content when a mailbox is renumbered', async () => {
    await using server = await start();
    const { inbox } = server.store('alice');
    inbox.fill(3, { body: (uid) => Buffer.from(`body ${uid}`) });
    inbox.expunge([1]);
    inbox.bumpUidValidity({ uidValidity: 7, renumber: true });
    await converse(server, [
      ['ENABLE QRESYNC', /^OK/m],
      ['EXAMINE INBOX (QRESYNC (7 1))', /\[UIDVALIDITY 7\][\s\S]*\[UIDNEXT 3\]/],
      ['UID FETCH 1 BODY.PEEK[]', '* 1 FETCH (UID 1 BODY[] {6}\nbody 2)\nOK UID FETCH completed.'],
    ]);
  });
});

describe('MailStore', () => {
  test('renames a mailbox with all below it, keeping UIDVALIDITY unless told otherwise', () => {
    const store = new MailStore();
    const [top, below] = [store.create('A'), store.create('A/B')];
    const before = [top.uidValidity, below.uidValidity];
    store.rename('A', 'Z');
    expect([store.mailbox('Z').uidValidity, store.mailbox('Z/B').uidValidity]).toEqual(before);
    store.rename('Z', 'A', { newUidValidity: true });
    const after = [top.uidValidity, below.uidValidity];
    expect(new Set([...before, ...after]).size).toBe(4);
  });

  test('empties a mailbox so that QRESYNC can tell', () => {
    const { inbox } = new MailStore();
    inbox.fill(3, { body: () => Buffer.from('x') });
    const { highestModseq } = inbox;
    inbox.wipe();
    expect([inbox.size, inbox.uidNext, inbox.vanishedSince(highestModseq)]).toEqual([0, 4, [1, 2, 3]]);
  });
});

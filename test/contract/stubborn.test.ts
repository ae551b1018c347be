// Servers that answer in their own way. Each oddity was seen somewhere; none may cost mail, and none may make a run
// end worse than it has to.

import { describe, expect, test } from 'vitest';
import {
  answerWith,
  changeRows,
  insertLines,
  misreport,
  poison,
  refuse,
  rewrite,
} from '../support/imap-server/fault-actions.js';
import type { FaultAction, FaultMatch } from '../support/imap-server/faults.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import type { RowItem } from '../support/imap-server/responses.js';
import type { ServerOptions } from '../support/imap-server/server-context.js';
import { ENGINES } from '../support/mailkeep.js';
import { Play } from './play.js';

/** A first run, a run after changes, and one that finds nothing to do. */
async function expectFollowed(play: Play): Promise<void> {
  for (const name of ['INBOX', 'Work']) play.put(name, 20, name.length);
  expect(await play.sync()).toMatchObject({ status: 'ok', error: null, failures: [], added: 40 });
  play.expectSame();
  play.store.inbox.setFlags([3, 4], 'add', ['\\Flagged', 'Later']);
  play.store.inbox.expunge([5, 20]);
  play.store.move('Work', [1, 2, 3], 'INBOX');
  play.put('INBOX', 2, 99);
  const report = await play.sync();
  expect(report).toMatchObject({ status: 'ok', error: null, failures: [], removed: 2, flagsChanged: 2 });
  play.expectSame();
  expect(await play.sync()).toMatchObject({ status: 'ok', added: 0, removed: 0, flagsChanged: 0 });
  play.expectSame();
  expect(await play.backup.findings()).toEqual([]);
}

const changeItem = (name: string, change: (value: string) => string): FaultAction =>
  changeRows((row) => [
    {
      ...row,
      items: row.items.map(
        (item): RowItem =>
          item.name === name && typeof item.value === 'string'
            ? { ...item, value: change(item.value) }
            : item,
      ),
    },
  ]);

const OPENING = /^(EXAMINE|SELECT)$/;
const COUNTING = /^(EXAMINE|SELECT|STATUS|LIST)$/;

interface Oddity {
  readonly options?: Partial<ServerOptions>;
  readonly faults?: readonly (readonly [FaultMatch, FaultAction])[];
  readonly prepare?: (store: MailStore) => void;
}

const ODDITIES: Readonly<Record<string, Oddity>> = {
  'RFC822.SIZE is an estimate that is too large (Exchange)': {
    faults: [[{ command: 'UID FETCH' }, changeItem('RFC822.SIZE', (size) => String(Number(size) * 2 + 7))]],
  },
  'RFC822.SIZE is too small (hMailServer)': {
    faults: [[{ command: 'UID FETCH' }, changeItem('RFC822.SIZE', (size) => String(Number(size) >> 1))]],
  },
  'RFC822.SIZE is 0': {
    faults: [[{ command: 'UID FETCH' }, changeItem('RFC822.SIZE', () => '0')]],
  },
  'UIDNEXT is missing (Courier)': { faults: [[{ command: COUNTING }, misreport({ UIDNEXT: undefined })]] },
  'UIDNEXT is 0': { faults: [[{ command: COUNTING }, misreport({ UIDNEXT: 0n })]] },
  'UIDNEXT is one beyond the last UID': {
    faults: [[{ command: COUNTING }, misreport({ UIDNEXT: 4_294_967_296n })]],
  },
  'UIDNEXT is beyond all bounds': {
    faults: [[{ command: COUNTING }, misreport({ UIDNEXT: 1_000_000_000_000n })]],
  },
  'HIGHESTMODSEQ has 64 bits (RFC 4551)': {
    faults: [[{ command: COUNTING }, misreport({ HIGHESTMODSEQ: 18_446_744_073_709_551_615n })]],
  },
  'LSUB is refused': {
    options: { tier: 'plain' },
    faults: [[{ command: 'LSUB' }, refuse('BAD', 'Unknown command')]],
  },
  'HIGHESTMODSEQ is 0': { faults: [[{ command: COUNTING }, misreport({ HIGHESTMODSEQ: 0n })]] },
  'HIGHESTMODSEQ is missing': { faults: [[{ command: COUNTING }, misreport({ HIGHESTMODSEQ: undefined })]] },
  NOMODSEQ: {
    prepare: (store) => {
      store.inbox.noModseq = true;
      store.mailbox('Work').noModseq = true;
    },
  },
  'HIGHESTMODSEQ without CONDSTORE (Yahoo)': {
    options: { tier: 'plain' },
    faults: [[{ command: OPENING }, insertLines(['* OK [HIGHESTMODSEQ 7] Highest'])]],
  },
  'ENABLED with an empty list (iCloud)': {
    faults: [
      [
        { command: 'ENABLE' },
        rewrite((answer) =>
          Buffer.from(answer.toString('latin1').replace(/\* ENABLED[^\r]*/, '* ENABLED'), 'latin1'),
        ),
      ],
    ],
  },
  'literal8 for bodies': {
    faults: [
      [
        { command: 'UID FETCH' },
        rewrite((answer) =>
          Buffer.from(answer.toString('latin1').replaceAll('BODY[] {', 'BODY[] ~{'), 'latin1'),
        ),
      ],
    ],
  },
  'answers that nobody asked for': {
    faults: [
      [
        { command: 'UID FETCH' },
        insertLines(['* OK [ALERT] We have news', '* 1 FETCH (FLAGS (\\Seen))', '* 0 RECENT', '* XNEWS 1']),
      ],
    ],
    options: { tier: 'plain' },
  },
};

describe.each(ENGINES)('a stubborn server (%s)', (engine) => {
  test.each(Object.entries(ODDITIES))('%s: the account is followed all the same', async (_, oddity) => {
    await using play = await Play.start(engine, oddity.options);
    play.store.create('Work');
    oddity.prepare?.(play.store);
    const faults = (oddity.faults ?? []).map(([match, action]) => play.server.faults.add(match, action));
    await expectFollowed(play);
    for (const { hits } of faults) expect(hits).toBeGreaterThan(0);
  });

  test('bodies with NUL octets are stored as they come', async () => {
    await using play = await Play.start(engine);
    play.store.inbox.append({ body: Buffer.from('Subject: nul\0\r\n\r\n\0\0a\0\r\n') });
    play.store.inbox.append({ body: Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256)) });
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 2 });
    play.expectSame();
    expect(await play.backup.findings()).toEqual([]);
  });

  test('flags without spaces between them are told apart (old Domino)', async () => {
    await using play = await Play.start(engine);
    play.put('INBOX', 3, 1);
    play.store.inbox.setFlags([2], 'add', ['\\Seen', '\\Flagged']);
    play.server.faults.add(
      { command: 'UID FETCH' },
      changeItem('FLAGS', (flags) => flags.replaceAll(' ', '')),
    );
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 3 });
    play.expectSame();
  });

  test.each([
    ['0 (outlook.com)', 0n],
    ['missing', undefined],
  ])('where UIDVALIDITY is %s no UID is trusted, and nothing is downloaded twice', async (_, uidValidity) => {
    await using play = await Play.start(engine);
    play.server.faults.add({ command: COUNTING }, misreport({ UIDVALIDITY: uidValidity }));
    play.put('INBOX', 20, 1);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 20 });
    play.store.inbox.setFlags([3], 'add', ['\\Flagged']);
    play.store.inbox.expunge([5]);
    play.put('INBOX', 1, 2);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 1, removed: 1, failures: [] });
    play.expectSame();
    expect(await play.backup.findings()).toEqual([]);
  });

  test('\\NonExistent and \\Noselect are structure, not mailboxes that fail', async () => {
    await using play = await Play.start(engine);
    play.put('INBOX', 3, 1);
    play.put('Parent/Child', 3, 2);
    play.store.create('Parent', { attributes: ['\\NonExistent', '\\HasChildren'] });
    play.store.create('Other', { attributes: ['\\NoSelect'] });
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 6, failures: [], mailboxes: 2 });
    const opened = play.server.log.commands.filter(({ name }) => OPENING.test(name)).map(({ text }) => text);
    expect(opened.filter((text) => /"?(Parent|Other)"?( |$)/.test(text))).toEqual([]);
    play.expectSame();
  });

  test('UIDs may be used up: the last one there is has been given', async () => {
    await using play = await Play.start(engine);
    play.store.inbox.uidNext = 4_294_967_294;
    play.put('INBOX', 2, 1);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 2, failures: [] });
    play.store.inbox.setFlags([4_294_967_295], 'add', ['\\Flagged']);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 0, flagsChanged: 1, failures: [] });
    play.expectSame();
  });

  test('LIST may spell names and delimiters in any way the grammar has', async () => {
    await using play = await Play.start(engine);
    for (const name of ['INBOX', 'NIL', 'a/b', 'quo"te', 'In literal', 'atom'])
      play.put(name, 2, name.length);
    const list = [
      '* LIST (\\HasNoChildren \\X-Unknown) "/" inbox',
      '* LIST () "/" "NIL"',
      '* LIST () NIL a/b',
      '* LIST (\\Marked) "/" "quo\\"te"',
      '* LIST () "/" {10}\r\nIn literal',
      '* list (\\HASNOCHILDREN) "/" atom',
      '{tag} OK done',
      '',
    ].join('\r\n');
    play.server.faults.add({ command: 'LIST' }, answerWith(list));
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 12, mailboxes: 6, failures: [] });
    expect(Object.values(play.backup.lines()).flat()).toHaveLength(12);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 0, removed: 0 });
  });
});

const BACKOFF = 'Request is throttled. Suggested Backoff Time: 20 milliseconds';
const SHORT = 'Request is throttled. Suggested Backoff Time: 30500 milliseconds';
const LONG = 'Request is throttled. Suggested Backoff Time: 299961 milliseconds';
const BODIES = { command: 'UID FETCH', text: /BODY/ };

const THROTTLINGS: Readonly<Record<string, readonly [FaultMatch, FaultAction]>> = {
  'NO [THROTTLED] for bodies (Gmail)': [BODIES, refuse('NO', 'Try later', 'THROTTLED')],
  'NO [LIMIT] for bodies (Yahoo)': [BODIES, refuse('NO', 'UID FETCH Rate limit hit.', 'LIMIT')],
  'BAD with a backoff time for bodies (Exchange)': [BODIES, refuse('BAD', BACKOFF)],
  'BYE too many for bodies': [BODIES, poison('Too many commands, slow down')],
  'NO [THROTTLED] for EXAMINE': [{ command: OPENING }, refuse('NO', 'Slow down', 'THROTTLED')],
  'BAD with a backoff time for EXAMINE': [{ command: OPENING }, refuse('BAD', BACKOFF)],
  'NO [THROTTLED] for LIST': [{ command: 'LIST' }, refuse('NO', 'Slow down', 'THROTTLED')],
  'BYE too many for LIST': [{ command: 'LIST' }, poison('Too many simultaneous connections')],
  'NO too many connections at the sign-in (Gmail)': [
    { command: /^(LOGIN|AUTHENTICATE)$/ },
    refuse('NO', 'Too many simultaneous connections. (Failure)', 'ALERT'),
  ],
  'NO [UNAVAILABLE] at the sign-in (Dovecot)': [
    { command: /^(LOGIN|AUTHENTICATE)$/ },
    refuse('NO', 'Maximum number of connections from user+IP exceeded', 'UNAVAILABLE'),
  ],
  'BYE too many as greeting': [{ command: 'GREETING' }, poison('Too many connections, try again later')],
};

describe.each(ENGINES)('a server that asks for patience (%s)', (engine) => {
  test.each(Object.entries(THROTTLINGS))(
    '%s: gets it, and the next run goes on',
    async (_, [match, action]) => {
      await using play = await Play.start(engine, { tier: 'condstore' });
      for (const name of ['INBOX', 'Work']) play.put(name, 30, name.length);
      expect(await play.sync()).toMatchObject({ status: 'ok', added: 60 });
      play.put('INBOX', 5, 77);
      play.store.mailbox('Work').expunge([1, 2]);
      play.server.log.reset();
      const fault = play.server.faults.add(match, action);
      const report = await play.sync();
      expect(report).toMatchObject({ status: 'failed', removed: 0, error: { code: 'throttled' } });
      expect(report.error?.message).toMatch(/Try later|Rate limit|throttled|Too many|Slow down|Maximum/i);
      expect(fault.hits).toBeGreaterThan(0);
      // Where a time is told it is waited for three times; imapflow asks four times by itself.
      expect(fault.hits).toBeLessThanOrEqual(engine === 'wire' ? 2 * 4 : 10);
      expect(report.error?.hint).toMatch(/try again/);
      // The LOGOUT of the run before may come this late: nobody waits for it.
      const commands = play.server.log.commands.filter(({ name }) => name !== 'LOGOUT');
      expect(new Set(commands.map(({ connection }) => connection)).size).toBeLessThanOrEqual(1);
      play.server.faults.clear();
      expect(await play.sync()).toMatchObject({ status: 'ok', added: 5, removed: 2 });
      play.expectSame();
    },
  );
});

/** What a server says once, and what ends the connection with it. */
const ONCE: Readonly<Record<string, readonly [FaultMatch, FaultAction]>> = {
  'BAD for bodies': [BODIES, refuse('BAD', SHORT)],
  'BAD for EXAMINE': [{ command: OPENING }, refuse('BAD', SHORT)],
  'BAD for a listing': [{ command: 'UID FETCH', text: /INTERNALDATE/ }, refuse('BAD', SHORT)],
  'NO [LIMIT] for LIST': [
    { command: 'LIST' },
    refuse('NO', 'Rate limit hit, try again in 30.5 seconds', 'LIMIT'),
  ],
  'BYE for bodies': [BODIES, poison(SHORT)],
  'NO at the sign-in': [
    { command: /^(LOGIN|AUTHENTICATE)$/ },
    refuse('NO', 'Too many logins, wait 30 seconds', 'UNAVAILABLE'),
  ],
};

describe('a server that names a short time to wait', () => {
  test.each(Object.entries(ONCE))('%s: is waited for, and the run goes on', async (_, [match, action]) => {
    await using play = await Play.start('wire', { tier: 'condstore' });
    for (const name of ['INBOX', 'Work']) play.put(name, 30, name.length);
    const slept: number[] = [];
    const sleep = async (milliseconds: number) => {
      slept.push(milliseconds);
    };
    const fault = play.server.faults.add({ ...match, times: 1 }, action);
    expect(await play.sync({ sleep })).toMatchObject({ status: 'ok', added: 60, failures: [], error: null });
    expect(fault.hits).toBe(1);
    expect(slept).toHaveLength(1);
    expect(Math.round(slept[0]! / 1000)).toBeGreaterThanOrEqual(30);
    play.expectSame();
    expect(await play.backup.findings()).toEqual([]);
  });

  test('is waited for three times and ninety seconds at most, then the run ends and says when to come back', async () => {
    await using play = await Play.start('wire', { tier: 'condstore' });
    play.put('INBOX', 30, 1);
    const slept: number[] = [];
    const sleep = async (milliseconds: number) => {
      slept.push(milliseconds);
    };
    play.server.faults.add(BODIES, refuse('BAD', SHORT));
    const report = await play.sync({ sleep });
    expect(report).toMatchObject({ status: 'failed', error: { code: 'throttled' } });
    expect(report.error!.hint).toContain('the server asks for 31 s');
    expect(slept).toEqual([30_500, 30_500]);
    play.server.faults.clear();

    play.server.faults.add(BODIES, refuse('BAD', BACKOFF));
    slept.length = 0;
    expect(await play.sync({ sleep })).toMatchObject({ status: 'failed', error: { code: 'throttled' } });
    expect(slept).toEqual([20, 20, 20]);
  });

  test.each([
    ['bodies', BODIES, LONG, 299_961],
    ['bodies', BODIES, 'Too many requests, try again in 5 minutes', 300_000],
    ['the sign-in', { command: /^(LOGIN|AUTHENTICATE)$/ }, 'Too many logins, wait 5 min', 300_000],
  ])('that is long ends the run at once, and the next one waits: to %s, %s', async (_, match, text, told) => {
    await using play = await Play.start('wire', { tier: 'condstore' });
    play.put('INBOX', 30, 1);
    play.server.faults.add(match, refuse('NO', text, 'LIMIT'));
    const sleep = () => Promise.reject(new Error('this should not be waited for'));
    const report = await play.sync({ sleep });
    expect(report).toMatchObject({ status: 'failed', error: { code: 'throttled', retryAfterMs: told } });
    expect(report.error!.hint).toContain('the server asks for 5 minutes');
  });

  test('ends at once when the run is told to stop', async () => {
    await using play = await Play.start('wire', { tier: 'condstore' });
    play.put('INBOX', 30, 1);
    play.server.faults.add(BODIES, refuse('BAD', SHORT));
    const stop = new AbortController();
    const sleep = (_: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
        stop.abort();
      });
    expect(await play.sync({ sleep, signal: stop.signal })).toMatchObject({
      status: 'failed',
      error: { code: 'interrupted' },
    });
  });
});

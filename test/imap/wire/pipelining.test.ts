import { describe, expect, test } from 'vitest';
import { fetchBodies } from '../../../src/imap/wire/commands/fetch-bodies.js';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { status } from '../../../src/imap/wire/commands/list.js';
import { create } from '../../../src/imap/wire/commands/mailbox-commands.js';
import { search } from '../../../src/imap/wire/commands/search.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { noop, unselect } from '../../../src/imap/wire/commands/session-commands.js';
import {
  CommandRefusedError,
  MailboxNotSelectedError,
  ProtocolViolationError,
} from '../../../src/imap/wire/errors.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { connect, IGNORE, MemorySink, settled } from './scripted-server.js';

describe('pipelining', () => {
  test('commands go out without waiting, and each gets its own answer', async () => {
    const { session, server } = connect([]);
    const first: number[] = [];
    const second: number[] = [];
    const opened = examine(session, 'a');
    const rows = [
      fetchRows(session, UidSet.of(1), ['FLAGS'], (row) => first.push(row.uid)),
      fetchRows(session, UidSet.of(2), ['FLAGS'], (row) => second.push(row.uid)),
    ];
    expect(session.inFlight).toBe(3);
    expect(session.mailbox).toBe('a');
    server.say(
      '* 1 EXISTS\r\ntg1 OK\r\n* 1 FETCH (UID 1 FLAGS ())\r\ntg2 OK\r\n* 2 FETCH (UID 2 FLAGS ())\r\ntg3 OK\r\n',
    );
    await Promise.all([opened, ...rows]);
    expect([first, second]).toEqual([[1], [2]]);
  });

  test('nothing overtakes the opening of a mailbox, nor is overtaken by it', async () => {
    for (const tooEarly of ['tg2', 'tg3', 'tg4']) {
      const { session, server } = connect([]);
      const all = [noop(session), examine(session, 'a'), noop(session), unselect(session)];
      server.say(`* 1 EXISTS\r\n${tooEarly} OK\r\n`);
      for (const promise of all) expect(await settled(promise)).toBeInstanceOf(ProtocolViolationError);
    }
  });

  test('commands whose answers could not be told apart are not in flight together in one mailbox', async () => {
    const { session, server } = connect([]);
    examine(session, 'a');
    const first = search(session, ['ALL']);
    const second = search(session, ['DELETED']);
    expect(server.received).not.toContain('DELETED');
    server.say('* 1 EXISTS\r\ntg1 OK\r\n* SEARCH 1\r\n* SEARCH 2\r\ntg2 OK\r\n');
    expect(`${(await first).uids}`).toBe('1:2');
    expect(server.received).toContain('DELETED');
    examine(session, 'b');
    search(session, ['DELETED']);
    expect(server.received).toContain('tg5 UID SEARCH DELETED');
    server.say('* SEARCH 3\r\ntg3 OK\r\n');
    expect(`${(await second).uids}`).toBe('3');
    session.close();
  });

  test('rows go to the command that asked for them, while the tagged answers are held back (Dovecot)', async () => {
    const { session, server } = connect([]);
    const got: string[] = [];
    const rows = (name: string, items: string[], uids: UidSet) =>
      fetchRows(session, uids, items, ({ uid }) => got.push(`${name}${uid}`));
    examine(session, 'a');
    const all = [
      rows('flags ', ['FLAGS'], UidSet.range(1, 2)),
      rows('size ', ['RFC822.SIZE'], UidSet.range(1, 2)),
      rows('again ', ['FLAGS'], UidSet.range(2, 3)),
    ];
    server.say(
      '* 3 EXISTS\r\ntg1 OK\r\n* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n' +
        '* 1 FETCH (UID 1 RFC822.SIZE 5)\r\n* 2 FETCH (UID 2 RFC822.SIZE 5)\r\n* 2 FETCH (UID 2 FLAGS ())\r\n' +
        '* 3 FETCH (UID 3 FLAGS ())\r\n* 9 FETCH (UID 9 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n' +
        '* 2 EXPUNGE\r\n* VANISHED 7\r\ntg3 OK\r\ntg2 OK\r\ntg4 OK\r\n',
    );
    const results = await Promise.all(all);
    expect(got).toEqual([
      'flags 1',
      'flags 2',
      'size 1',
      'size 2',
      'again 2',
      'again 3',
      'flags 9',
      'flags 2',
    ]);
    expect(results.map(({ vanished, expunged }) => [`${vanished}`, expunged])).toEqual([
      ['7', 1],
      ['7', 1],
      ['7', 1],
    ]);
  });

  test('bodies go to the command that asked for that part of that message', async () => {
    const { session, server } = connect([]);
    const got: string[] = [];
    const bodies = (name: string, uids: UidSet, section: 'HEADER' | '', offset?: number) =>
      fetchBodies(
        session,
        uids,
        section,
        {
          begin: () => {
            const sink = new MemorySink();
            const end = sink.end.bind(sink);
            sink.end = (row, doubts) => {
              end(row, doubts);
              got.push(`${name} ${row.uid} ${sink.text}`);
            };
            return sink;
          },
        },
        offset === undefined ? {} : { partial: { offset, octets: 1 } },
      );
    examine(session, 'a');
    const all = [
      bodies('whole', UidSet.of(1), ''),
      bodies('header', UidSet.of(1), 'HEADER'),
      bodies('start', UidSet.of(1), '', 0),
      bodies('later', UidSet.of(1, 2), '', 7),
      bodies('next', UidSet.of(2), ''),
    ];
    server.say(
      '* 3 EXISTS\r\ntg1 OK\r\n* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n* 1 FETCH (UID 1 BODY[HEADER] {1}\r\nb)\r\n' +
        '* 1 FETCH (UID 1 BODY[]<0> {1}\r\nc)\r\n* 1 FETCH (UID 1 BODY[]<7> "d")\r\n* 2 FETCH (UID 2 BODY[]<7> NIL)\r\n' +
        '* 2 FETCH (UID 2 BODY[] {1}\r\nf)\r\n* 1 FETCH (UID 1 BODY[] {1}\r\nx)\r\ntg2 OK\r\ntg3 OK\r\ntg4 OK\r\ntg5 OK\r\ntg6 OK\r\n',
    );
    const results = await Promise.all(all);
    expect(got).toEqual(['whole 1 a', 'header 1 b', 'start 1 c', 'later 1 d', 'next 2 f']);
    expect(results.map(({ missing, nil, duplicates }) => `${missing}/${nil}/${duplicates}`)).toEqual([
      '//1',
      '//',
      '//',
      '/2/',
      '//',
    ]);
  });

  describe('with the oldest command already answered, but for its tagged OK', () => {
    const start = () => {
      const { session, server } = connect([]);
      const rows: string[] = [];
      examine(session, 'a');
      const flags = fetchRows(session, UidSet.of(1), ['FLAGS'], ({ uid }) => rows.push(`flags ${uid}`));
      server.say('* 3 EXISTS\r\ntg1 OK\r\n* 1 FETCH (UID 1 FLAGS ())\r\n');
      return { session, server, rows, flags };
    };

    test('a second body is still known for what it is', async () => {
      const { session, server } = start();
      const bodies = fetchBodies(session, UidSet.of(2), '', { begin: () => new MemorySink() });
      server.say(
        '* 2 FETCH (UID 2 BODY[] {1}\r\na)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nb)\r\ntg2 OK\r\ntg3 OK\r\n',
      );
      expect(`${(await bodies).duplicates}`).toBe('2');
    });

    test('a body is not taken for another part of the same message', async () => {
      const { session, server } = start();
      const header = fetchBodies(session, UidSet.of(2), 'HEADER', { begin: () => new MemorySink() });
      const whole = fetchBodies(session, UidSet.of(2), '', { begin: () => new MemorySink() });
      server.say('* 2 FETCH (UID 2 BODY[] {1}\r\na)\r\ntg2 OK\r\ntg3 OK\r\ntg4 OK\r\n');
      expect([`${(await header).missing}`, `${(await whole).delivered}`]).toEqual(['2', '2']);
    });

    test('flags that nobody asked for do not go where sizes were asked for', async () => {
      const { session, server, rows } = start();
      const ask = (item: string) =>
        fetchRows(session, UidSet.of(2), [item], ({ uid }) => rows.push(`${item} ${uid}`));
      const all = [ask('RFC822.SIZE'), ask('FLAGS')];
      server.say(
        '* 2 FETCH (UID 2 FLAGS ())\r\n* 2 FETCH (UID 2 RFC822.SIZE 5)\r\ntg2 OK\r\ntg3 OK\r\ntg4 OK\r\n',
      );
      await Promise.all(all);
      expect(rows).toEqual(['flags 1', 'FLAGS 2', 'RFC822.SIZE 2']);
    });

    test('nothing goes to a command of the next mailbox', async () => {
      const { session, server, rows } = start();
      noop(session);
      examine(session, 'b');
      const next = fetchRows(session, UidSet.of(2), ['FLAGS'], ({ uid }) => rows.push(`next ${uid}`));
      server.say('* 2 FETCH (UID 2 FLAGS ())\r\ntg2 OK\r\ntg3 OK\r\n* 1 EXISTS\r\ntg4 OK\r\ntg5 OK\r\n');
      await next;
      expect(rows).toEqual(['flags 1', 'flags 2']);
    });

    test("a sink's error is that of its own command", async () => {
      const { session, server, flags } = start();
      const write = () => {
        throw new Error('disk full');
      };
      const bodies = fetchBodies(session, UidSet.of(2), '', { begin: () => ({ ...IGNORE, write }) });
      server.say('* 2 FETCH (UID 2 BODY[] {1}\r\na)\r\n');
      expect(await settled(bodies)).toMatchObject({ message: 'disk full' });
      expect(await settled(flags)).toMatchObject({
        name: 'ConnectionLostError',
        cause: { message: 'disk full' },
      });
    });
  });

  test('no more commands are in flight than the depth allows', async () => {
    const { session, server } = connect([], { maxDepth: 1 });
    const pings = [noop(session), noop(session)];
    expect(server.received).toBe('tg1 NOOP\r\n');
    server.say('tg1 OK\r\n');
    await pings[0];
    expect(server.received).toBe('tg1 NOOP\r\ntg2 NOOP\r\n');
    server.say('tg2 OK\r\n');
    await pings[1];
  });

  test('no more octets are expected than the window allows, but one command always may', async () => {
    const { session, server } = connect([], { window: 100 });
    const heavy = (weight: number) => examine(session, 'a', { weight });
    const opened = [heavy(500), heavy(60), heavy(40), heavy(1)];
    expect(session.inFlight).toBe(1);
    server.say('* 1 EXISTS\r\ntg1 OK\r\n');
    await opened[0];
    expect(session.inFlight).toBe(2);
    server.say('* 1 EXISTS\r\ntg2 OK\r\n');
    await opened[1];
    expect(session.inFlight).toBe(2);
    server.say('* 1 EXISTS\r\ntg3 OK\r\n* 1 EXISTS\r\ntg4 OK\r\n');
    await Promise.all(opened);
  });

  test('a refused command leaves the others alone', async () => {
    const { session } = connect([
      {
        client: 'tg1 STATUS "x" (MESSAGES)',
        server: 'tg1 NO [NONEXISTENT "x]"] Mailbox\x07 is not there\r\n',
      },
      { client: 'tg2 NOOP', server: 'tg2 OK\r\n' },
      { client: 'tg3 CREATE "y"', server: 'tg3 BAD what?\r\n' },
    ]);
    const refused = status(session, 'x', ['MESSAGES']);
    const fine = noop(session);
    const bad = create(session, 'y');
    await expect(refused).rejects.toMatchObject({
      status: 'NO',
      code: 'NONEXISTENT',
      codeArguments: '"x]"',
      text: 'Mailbox. is not there',
      command: 'STATUS',
    });
    await fine;
    await expect(bad).rejects.toMatchObject({ status: 'BAD', code: null, command: 'CREATE' });
    expect(session.failure).toBeNull();
  });

  test('what was piggy-backed on an EXAMINE that failed gets nothing of the mailbox before it', async () => {
    const { session, server } = connect([], {});
    const begun: unknown[] = [];
    examine(session, 'a');
    const opened = examine(session, 'gone');
    const bodies = fetchBodies(session, UidSet.of(1), '', {
      begin: (start) => {
        begun.push(start);
        return IGNORE;
      },
    });
    const reopened = examine(session, 'a');
    const rows = fetchRows(session, UidSet.of(1), ['FLAGS'], (row) => begun.push(row));
    server.say(
      '* 1 EXISTS\r\ntg1 OK\r\ntg2 NO [NONEXISTENT] gone\r\n* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\ntg3 OK\r\n',
    );
    expect(await settled(opened)).toBeInstanceOf(CommandRefusedError);
    expect(await settled(bodies)).toMatchObject({
      name: 'MailboxNotSelectedError',
      cause: { code: 'NONEXISTENT' },
    });
    expect(begun).toEqual([]);
    server.say('* 1 EXISTS\r\ntg4 OK\r\n* 1 FETCH (UID 1 FLAGS ())\r\ntg5 OK\r\n');
    await reopened;
    await rows;
    expect(begun).toHaveLength(1);
  });

  test('a command that needs a mailbox is not sent where none was opened', async () => {
    const { session, server } = connect([]);
    const fetch = () => fetchRows(session, UidSet.of(1), [], () => {});
    expect(await settled(fetch())).toBeInstanceOf(MailboxNotSelectedError);
    const refused = examine(session, 'a');
    server.say('tg2 NO no\r\n');
    expect(await settled(refused)).toBeInstanceOf(CommandRefusedError);
    expect(await settled(fetch())).toBeInstanceOf(MailboxNotSelectedError);
    unselect(session);
    expect(await settled(fetch())).toBeInstanceOf(MailboxNotSelectedError);
    expect(server.received).not.toContain('FETCH');
  });
});

import { getEventListeners, once } from 'node:events';
import net from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BodySink } from '../../../src/imap/wire/body-sink.js';
import { append } from '../../../src/imap/wire/commands/append.js';
import { fetchBodies } from '../../../src/imap/wire/commands/fetch-bodies.js';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { status } from '../../../src/imap/wire/commands/list.js';
import { create } from '../../../src/imap/wire/commands/mailbox-commands.js';
import { search } from '../../../src/imap/wire/commands/search.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { logout, noop, unselect } from '../../../src/imap/wire/commands/session-commands.js';
import {
  AppendSizeError,
  CommandRefusedError,
  ConnectionLostError,
  MailboxNotSelectedError,
  ProtocolViolationError,
  TimeoutError,
} from '../../../src/imap/wire/errors.js';
import { WireSession } from '../../../src/imap/wire/session.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { connect, MemorySink } from './scripted-server.js';

afterEach(() => void vi.useRealTimers());

const OPEN = { client: 'tg1 EXAMINE "a"', server: '* 3 EXISTS\r\ntg1 OK\r\n' };
const IGNORE: BodySink = { write: () => {}, end: () => {}, abort: () => {} };

/** What a promise came to: its value, or the error. */
function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (reason: unknown) => reason,
  );
}

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

describe('back-pressure', () => {
  test('while a sink holds back nothing is read, and nothing times out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { session, server } = connect([OPEN], { silence: 1000 });
    let release = () => {};
    const held: string[] = [];
    examine(session, 'a');
    const wrote = new Promise<void>((arrived) => {
      fetchBodies(session, UidSet.of(1), '', {
        begin: () => ({
          ...IGNORE,
          write: (chunk) => {
            held.push(chunk.toString());
            arrived();
            return new Promise((resolve) => (release = resolve));
          },
        }),
      });
    });
    const after = noop(session);
    server.say('* 1 FETCH (UID 1 BODY[] {6}\r\nabc');
    await wrote;
    server.say('def)\r\ntg2 OK\r\ntg3 OK\r\n');
    // Longer than the silence limit: the server owes bytes, but it is the sink that is waited for.
    await vi.advanceTimersByTimeAsync(5000);
    expect([held, session.failure, server.toClient.isPaused()]).toEqual([['abc'], null, true]);
    release();
    await vi.waitFor(() => expect(held).toEqual(['abc', 'def']));
    release();
    await after;
  });

  test('the end of one body is waited for before the next begins', async () => {
    const log: string[] = [];
    const { session } = connect([
      OPEN,
      {
        client: 'tg2 UID FETCH 1:2 (UID BODY.PEEK[])',
        server: '* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n* 2 FETCH (UID 2 BODY[] "b")\r\ntg2 OK\r\n',
      },
    ]);
    examine(session, 'a');
    const { delivered } = await fetchBodies(session, UidSet.of(1, 2), '', {
      begin: ({ uid }) => ({
        write: async (chunk) => void log.push(`${uid} ${chunk}`),
        end: async () => {
          await new Promise(setImmediate);
          log.push(`${uid} end`);
        },
        abort: () => log.push(`${uid} abort`),
      }),
    });
    expect(log).toEqual(['1 a', '1 end', '2 b', '2 end']);
    expect(`${delivered}`).toBe('1:2');
  });

  test('a server that does not read is not written to', async () => {
    const writes: string[] = [];
    let drain = () => {};
    const writeSocket = new Writable({
      highWaterMark: 10,
      write: (chunk: Buffer, _encoding, done) => {
        writes.push(chunk.toString());
        drain = done;
      },
    });
    const session = new WireSession({ readSocket: new PassThrough(), writeSocket }, { tagPrefix: 'tg' });
    for (let count = 0; count < 100; count += 1) noop(session);
    expect(session.inFlight).toBe(1);
    drain();
    await vi.waitFor(() => expect(writes.length).toBe(2));
    expect(session.inFlight).toBe(2);
    session.close();
  });

  test('what arrives together with the end of the stream is still delivered', async () => {
    const { session, server } = connect([OPEN]);
    const sink = new MemorySink();
    const slow = {
      begin: () => ({
        ...IGNORE,
        write: async () => void (await new Promise(setImmediate)),
        end: sink.end.bind(sink),
      }),
    };
    examine(session, 'a');
    const bodies = fetchBodies(session, UidSet.of(1), '', slow);
    server.say('* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\ntg2 OK\r\n');
    server.hangUp();
    await bodies;
    expect(sink.uid).toBe(1);
  });
});

describe('the end of a session', () => {
  const inFlight = (session: WireSession, sink: BodySink = IGNORE) => {
    examine(session, 'a');
    return [fetchBodies(session, UidSet.of(5), '', { begin: () => sink }), noop(session)];
  };
  const HALF_A_BODY = '* 1 FETCH (UID 5 BODY[] {10}\r\nabc';

  test('BYE rejects all commands with its text and the UID being read', async () => {
    const { session, server } = connect([OPEN]);
    const all = inFlight(session);
    server.say('* BYE [UNAVAILABLE] FETCH failed: Internal\x1b[0m error\r\n');
    for (const promise of all) {
      expect(await settled(promise)).toMatchObject({
        name: 'ConnectionLostError',
        bye: '[UNAVAILABLE] FETCH failed: Internal.[0m error',
      });
    }
    expect(await settled(noop(session))).toBe(session.failure);
  });

  test.each(['end', 'destroy', 'error'] as const)(
    'the stream going away (%s) rejects all commands',
    async (how) => {
      const { session, server } = connect([OPEN]);
      const sink = new MemorySink();
      const all = inFlight(session, sink);
      server.say(HALF_A_BODY);
      await vi.waitFor(() => expect(sink.text).toBe('abc'));
      if (how === 'end') server.hangUp();
      else
        server.toClient.destroy(
          how === 'error' ? Object.assign(new Error('reset'), { code: 'ECONNRESET' }) : undefined,
        );
      for (const promise of all)
        expect(await settled(promise)).toMatchObject({ name: 'ConnectionLostError', uid: 5 });
      expect([sink.ended, sink.aborted]).toEqual([false, session.failure]);
      if (how === 'error')
        expect(session.failure).toMatchObject({ message: 'the connection failed (ECONNRESET)' });
    },
  );

  test('a body read to its end is not handed over when nothing follows it', async () => {
    const { session, server } = connect([OPEN]);
    const sink = new MemorySink();
    const [bodies] = inFlight(session, sink);
    server.say('* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n');
    server.hangUp();
    expect(await settled(bodies!)).toMatchObject({ name: 'ConnectionLostError', uid: 5 });
    expect([sink.text, sink.ended, sink.aborted]).toEqual(['abc', false, session.failure]);
  });

  test('silence while an answer is due is an error, and names the UID', async () => {
    const { session, server } = connect([OPEN], { silence: 50 });
    const all = inFlight(session);
    server.say(HALF_A_BODY);
    for (const promise of all)
      expect(await settled(promise)).toMatchObject({ name: 'TimeoutError', milliseconds: 50, uid: 5 });
    expect(session.failure).toBeInstanceOf(TimeoutError);
    expect(server.toClient.destroyed && server.fromClient.destroyed).toBe(true);
  });

  test('silence is measured from the last byte, and not at all while nothing is due', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { session, server } = connect([], { silence: 1000 });
    await vi.advanceTimersByTimeAsync(5000);
    const ping = noop(session);
    for (const part of ['* OK still', ' here\r\n', '* OK again\r\n', 'tg1 OK\r\n']) {
      await vi.advanceTimersByTimeAsync(900);
      server.say(part);
      await vi.advanceTimersByTimeAsync(1);
    }
    await ping;
    await vi.advanceTimersByTimeAsync(5000);
    expect(session.failure).toBeNull();
    const lost = settled(noop(session));
    await vi.advanceTimersByTimeAsync(1001);
    expect(await lost).toBeInstanceOf(TimeoutError);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ] as const)(
    "a sink's write that %s ends the session, and its command gets that very error",
    async (_how, write) => {
      const { session, server } = connect([OPEN]);
      const [bodies, other] = inFlight(session, { ...IGNORE, write });
      server.say('* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\ntg2 OK\r\ntg3 OK\r\n');
      expect(await settled(bodies!)).toMatchObject({ message: 'disk full' });
      expect(await settled(other!)).toMatchObject({
        name: 'ConnectionLostError',
        uid: 5,
        cause: { message: 'disk full' },
      });
    },
  );

  test.each(['begin', 'end', 'abort'] as const)(
    'a receiver that throws in %s hurts only its own session',
    async (where) => {
      const { session, server } = connect([OPEN]);
      const fail = () => {
        throw new Error('no');
      };
      examine(session, 'a');
      const bodies = fetchBodies(session, UidSet.of(5), '', {
        begin: () => (where === 'begin' ? fail() : { ...IGNORE, [where]: fail }),
      });
      server.say(where === 'abort' ? HALF_A_BODY : '* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\ntg2 OK\r\n');
      if (where === 'abort') server.hangUp();
      expect(await settled(bodies)).toMatchObject(
        where === 'abort' ? { name: 'ConnectionLostError' } : { message: 'no' },
      );
      expect(session.failure).not.toBeNull();
    },
  );

  test('close may be called twice, rejects what is pending, and late sinks change nothing', async () => {
    const { session, server } = connect([OPEN]);
    let fail: (reason: Error) => void = () => {};
    const write = () => new Promise<void>((_resolve, reject) => (fail = reject));
    const sink = new MemorySink();
    const all = inFlight(session, { write, end: sink.end.bind(sink), abort: sink.abort.bind(sink) });
    server.say(HALF_A_BODY);
    await vi.waitFor(() => expect(server.toClient.isPaused()).toBe(true));
    session.close();
    session.close();
    expect(sink.aborted).toMatchObject({ message: 'the session was closed' });
    fail(new Error('too late'));
    for (const promise of all) expect(await settled(promise)).toBe(session.failure);
  });

  test('a connection that was over before it was taken over is lost at once', async () => {
    const streams = { readSocket: new PassThrough(), writeSocket: new PassThrough() };
    streams.readSocket.destroy();
    const session = new WireSession(streams);
    expect(await settled(noop(session))).toBeInstanceOf(ConnectionLostError);
    expect(streams.writeSocket.destroyed).toBe(true);
  });

  test('after closing nothing more is handed over, not even from the chunk in hand', async () => {
    const { session, server } = connect([OPEN]);
    const rows: number[] = [];
    examine(session, 'a');
    const fetched = fetchRows(session, UidSet.of(1, 2), [], ({ uid }) => {
      rows.push(uid);
      session.close();
    });
    server.say('* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\ntg2 OK\r\n');
    expect(await settled(fetched)).toBe(session.failure);
    expect(rows).toEqual([1]);
  });

  test('LOGOUT succeeds however the server ends the connection', async () => {
    for (const farewell of ['* BYE bye\r\ntg1 OK\r\n', '* BYE bye\r\n', '']) {
      const { session } = connect([{ client: 'tg1 LOGOUT', server: farewell }], { hangUp: true });
      await logout(session);
      expect(session.failure).toBeInstanceOf(ConnectionLostError);
    }
  });

  test('promises that nobody looks at do no harm', async () => {
    const { session } = connect([]);
    for (let count = 0; count < 3; count += 1) noop(session);
    session.close();
    noop(session);
    await new Promise(setImmediate);
  });
});

describe('aborting', () => {
  test('a command that is not yet written just goes away', async () => {
    const { session, server } = connect([], { maxDepth: 1 });
    const controller = new AbortController();
    const first = noop(session);
    const second = noop(session, { signal: controller.signal });
    const third = noop(session);
    controller.abort(new Error('enough'));
    expect(await settled(second)).toMatchObject({ message: 'enough' });
    server.say('tg1 OK\r\n');
    await first;
    server.say('tg3 OK\r\n');
    await third;
    expect(server.received).toBe('tg1 NOOP\r\ntg3 NOOP\r\n');
  });

  test('a command in flight takes the session with it', async () => {
    const { session } = connect([]);
    const controller = new AbortController();
    const aborted = noop(session, { signal: controller.signal });
    const other = noop(session);
    controller.abort(new Error('enough'));
    expect(await settled(aborted)).toMatchObject({ message: 'enough' });
    expect(await settled(other)).toMatchObject({ name: 'ConnectionLostError', cause: { message: 'enough' } });
  });

  test('an aborted signal refuses at once, and a mailbox not opened for it is not used', async () => {
    const { session, server } = connect([]);
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await settled(examine(session, 'a', { signal }))).toMatchObject({ message: 'enough' });
    expect(await settled(fetchRows(session, UidSet.of(1), [], () => {}))).toBeInstanceOf(
      MailboxNotSelectedError,
    );
    expect(server.received).toBe('');
  });

  test('one signal may be shared by any number of commands, waiting and in flight', async () => {
    const { session, server } = connect([], { maxDepth: 30 });
    const controller = new AbortController();
    const warned = vi.spyOn(process, 'emitWarning');
    const all = Array.from({ length: 60 }, () => noop(session, { signal: controller.signal }));
    server.say('tg1 OK\r\n');
    await all[0];
    controller.abort(new Error('enough'));
    for (const promise of all.slice(1)) expect(await settled(promise)).toMatchObject({ message: 'enough' });
    expect(session.failure).toMatchObject({ name: 'ConnectionLostError', cause: { message: 'enough' } });
    expect(warned).not.toHaveBeenCalled();
  });

  test('a finished command leaves no listener behind', async () => {
    const { session } = connect([{ client: 'tg1 NOOP', server: 'tg1 OK\r\n' }]);
    const controller = new AbortController();
    const { signal } = controller;
    await noop(session, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    controller.abort();
    expect(session.failure).toBeNull();

    const failing = new AbortController();
    const pending = noop(session, { signal: failing.signal });
    expect(getEventListeners(failing.signal, 'abort')).toHaveLength(1);
    session.close();
    await settled(pending);
    expect(getEventListeners(failing.signal, 'abort')).toEqual([]);
  });
});

describe('literals to the server', () => {
  const content = (text: string) => [{ octets: text.length, content: [Buffer.from(text)] }];

  test('a synchronising literal waits for its continuation, and nothing else goes out meanwhile', async () => {
    const { session, server } = connect([], { literals: 'none' });
    const done = append(session, 'a', content('hello'));
    const after = noop(session);
    await vi.waitFor(() => expect(server.received).toBe('tg1 APPEND "a" () {5}\r\n'));
    server.say('+ go\r\n');
    await vi.waitFor(() => expect(server.received).toBe('tg1 APPEND "a" () {5}\r\nhello\r\ntg2 NOOP\r\n'));
    server.say('tg1 OK\r\ntg2 OK\r\n');
    await Promise.all([done, after]);
  });

  test('a literal that is refused is not sent', async () => {
    const { session, server } = connect([], { literals: 'none' });
    const refused = append(session, 'a', content('hello'));
    const after = noop(session);
    await vi.waitFor(() => expect(server.received).toContain('{5}'));
    server.say('tg1 NO [TOOBIG] too big\r\n');
    expect(await settled(refused)).toMatchObject({ code: 'TOOBIG' });
    server.say('tg2 OK\r\n');
    await after;
    expect(server.received).toBe('tg1 APPEND "a" () {5}\r\ntg2 NOOP\r\n');
  });

  test('LITERAL- sends up to 4096 octets at once', async () => {
    const { session, server } = connect([], { literals: 'minus' });
    append(session, 'a', content('x'.repeat(4096)));
    append(session, 'a', content('x'.repeat(4097)));
    await vi.waitFor(() =>
      expect(server.received).toMatch(/\{4096\+\}\r\nx{4096}\r\ntg2 APPEND "a" \(\) \{4097\}\r\n$/),
    );
    session.close();
  });

  test.each([
    ['too short', ['abc', 'd']],
    ['too long', ['abc', 'def']],
  ])('content that is %s ends the session with a typed error', async (_what, chunks) => {
    const { session } = connect([]);
    const source = chunks.map((chunk) => Buffer.from(chunk));
    const failed = append(session, 'a', [{ octets: 5, content: source }]);
    const other = noop(session);
    expect(await settled(failed)).toBeInstanceOf(AppendSizeError);
    expect(await settled(other)).toMatchObject({ name: 'ConnectionLostError' });
  });

  test('content that fails, or is never there, is an error of that command or waits without a timeout', async () => {
    const broken = connect([]);
    const failing = (async function* () {
      yield Buffer.from('a');
      throw new Error('unreadable');
    })();
    const failed = append(broken.session, 'a', [{ octets: 5, content: failing }]);
    expect(await settled(failed)).toMatchObject({ message: 'unreadable' });

    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const waiting = connect([], { silence: 1000 });
    const never = (async function* (): AsyncGenerator<Buffer> {
      await new Promise(() => {});
    })();
    const pending = append(waiting.session, 'a', [{ octets: 5, content: never }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(waiting.session.failure).toBeNull();
    waiting.session.close();
    expect(await settled(pending)).toBeInstanceOf(ConnectionLostError);
  });

  test('content goes out at the pace of the socket', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    const [peer] = (await once(server, 'connection')) as [net.Socket];
    const session = new WireSession(
      { readSocket: client, writeSocket: client },
      { literals: 'plus', tagPrefix: 'tg' },
    );
    const block = Buffer.alloc(1_000_000, 'x');
    let taken = 0;
    const blocks = (function* () {
      for (; taken < 50; ) {
        taken += 1;
        yield block;
      }
    })();
    const done = append(session, 'a', [{ octets: 50_000_000, content: blocks }]);
    peer.pause();
    await vi.waitFor(() => expect(client.writableNeedDrain).toBe(true));
    expect(taken).toBeLessThan(20);
    let received = 0;
    peer.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received === 50_000_000 + 'tg1 APPEND "a" () {50000000+}\r\n\r\n'.length)
        peer.write('tg1 OK [APPENDUID 1 2] x\r\n');
    });
    peer.resume();
    expect((await done).uids).toEqual([2]);
    session.close();
    server.close();
  });

  test('arguments that IMAP cannot express are refused before anything is sent', () => {
    const { session, server } = connect([]);
    expect(() => append(session, 'a', [])).toThrow(RangeError);
    expect(() => append(session, 'a', [{ octets: 0, content: [], flags: ['a b'] }])).toThrow(RangeError);
    expect(() => append(session, '\u5317', [{ octets: 0, content: [] }])).toThrow(RangeError);
    expect(() => fetchRows(session, new UidSet(), [], () => {})).toThrow(RangeError);
    expect(() =>
      fetchRows(session, UidSet.from(Array.from({ length: 3000 }, (_, n) => n * 2 + 1)), [], () => {}),
    ).toThrow(RangeError);
    expect(() => fetchRows(session, UidSet.of(1), ['FLAGS)\r\nx'], () => {})).toThrow(RangeError);
    expect(() => fetchBodies(session, UidSet.of(1), { fields: ['a b'] }, { begin: () => IGNORE })).toThrow(
      RangeError,
    );
    expect(server.received).toBe('');
  });
});

describe('tags', () => {
  test('hold a random part, so that no message can contain one', () => {
    const one = new WireSession({ readSocket: new PassThrough(), writeSocket: new PassThrough() });
    const two = new WireSession({ readSocket: new PassThrough(), writeSocket: new PassThrough() });
    expect(one.tagPrefix).toMatch(/^k[0-9a-f]{6}x$/);
    expect(one.tagPrefix).not.toBe(two.tagPrefix);
    one.close();
    two.close();
  });

  test('a violation leaves no command without an answer', async () => {
    const { session, server } = connect([]);
    const all = Array.from({ length: 20 }, () => noop(session));
    server.say('tg21 OK\r\n');
    for (const promise of all) expect(await settled(promise)).toBeInstanceOf(ProtocolViolationError);
  });
});

import { once } from 'node:events';
import net from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { append } from '../../../src/imap/wire/commands/append.js';
import { fetchBodies } from '../../../src/imap/wire/commands/fetch-bodies.js';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { noop } from '../../../src/imap/wire/commands/session-commands.js';
import { AppendSizeError, ConnectionLostError } from '../../../src/imap/wire/errors.js';
import { WireSession } from '../../../src/imap/wire/session.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { connect, IGNORE, MemorySink, OPEN, settled } from './scripted-server.js';

afterEach(() => void vi.useRealTimers());

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

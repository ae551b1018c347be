import { getEventListeners } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BodySink } from '../../../src/imap/wire/body-sink.js';
import { fetchBodies } from '../../../src/imap/wire/commands/fetch-bodies.js';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { logout, noop } from '../../../src/imap/wire/commands/session-commands.js';
import {
  ConnectionLostError,
  MailboxNotSelectedError,
  ProtocolViolationError,
  TimeoutError,
} from '../../../src/imap/wire/errors.js';
import { WireSession } from '../../../src/imap/wire/session.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { connect, IGNORE, MemorySink, OPEN, settled } from './scripted-server.js';

afterEach(() => void vi.useRealTimers());

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

  test('next to nothing for ten times as long is no better: not a byte a minute, not a line that it is still there', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    for (const [command, drop] of [
      ['FETCH', 'x'],
      ['NOOP', '* OK still here\r\n'],
    ] as const) {
      const { session, server } = connect([OPEN], { silence: 1000 });
      const all = command === 'FETCH' ? inFlight(session) : [noop(session)];
      if (command === 'FETCH') server.say('* 1 FETCH (UID 5 BODY[] {100000}\r\n');
      for (let second = 0; second < 10; second++) {
        await vi.advanceTimersByTimeAsync(999);
        expect(session.failure).toBeNull();
        server.say(drop);
      }
      await vi.advanceTimersByTimeAsync(999);
      server.say(drop);
      for (const promise of all)
        expect(await settled(promise)).toMatchObject({ name: 'TimeoutError', milliseconds: 10_000 });
    }
  });

  test('a slow line is no such case: what it brings counts', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { session, server } = connect([OPEN], { silence: 1000 });
    const sink = new MemorySink();
    const [bodies] = inFlight(session, sink);
    server.say('* 1 FETCH (UID 5 BODY[] {200000}\r\n');
    for (let second = 0; second < 25; second++) {
      await vi.advanceTimersByTimeAsync(999);
      server.say('x'.repeat(8000));
    }
    server.say(')\r\ntg2 OK\r\n');
    await bodies;
    expect(sink.text).toHaveLength(200_000);
    session.close();
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

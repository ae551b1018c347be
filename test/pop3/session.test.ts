// An answer over POP3 has no length said ahead: what keeps a connection up without ending an answer is ended here.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ProtocolError, SilenceError } from '../../src/pop3/errors.js';
import { Session, type SessionOptions } from '../../src/pop3/session.js';

afterEach(() => {
  vi.useRealTimers();
});

/** A session, and the way to speak to it as its server. */
function connect(options: Partial<SessionOptions> = {}) {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const session = new Session(socket as unknown as Socket, {
    silenceTimeout: 1000,
    signal: new AbortController().signal,
    ...options,
  });
  return { session, say: (text: string) => socket.emit('data', Buffer.from(text, 'latin1')) };
}

const NOWHERE = { write: () => undefined, end: () => undefined };

describe('an answer', () => {
  test('that comes octet by octet is given up after ten times the silence allowed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { session, say } = connect();
    const fetched = session.octets('RETR', 'RETR 1\r\n', NOWHERE);
    fetched.catch(() => undefined);
    say('+OK\r\n');
    for (let second = 0; second < 10; second++) {
      await vi.advanceTimersByTimeAsync(999);
      expect(session.usable).toBe(true);
      say('x');
    }
    await vi.advanceTimersByTimeAsync(999);
    say('x');
    await expect(fetched).rejects.toBeInstanceOf(SilenceError);
    await expect(fetched).rejects.toThrow('RETR was not answered within 10 seconds');
  });

  test('that is only slow is waited for, and so are many small ones', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { session, say } = connect();
    const fetched = session.octets('RETR', 'RETR 1\r\n', NOWHERE);
    say('+OK\r\n');
    for (let second = 0; second < 25; second++) {
      await vi.advanceTimersByTimeAsync(999);
      say('x'.repeat(8000));
    }
    say('\r\n.\r\n');
    await fetched;
    for (let second = 0; second < 25; second++) {
      const answered = session.command('NOOP', 'NOOP\r\n');
      await vi.advanceTimersByTimeAsync(999);
      say('+OK\r\n');
      await answered;
    }
    session.destroy();
  });

  test('is no message where it is longer than any', async () => {
    const { session, say } = connect({ maxMessage: 10_000 });
    for (const end of ['\r\n.\r\n', 'x']) {
      const fetched = session.octets('RETR', 'RETR 1\r\n', NOWHERE);
      say('+OK\r\n');
      say('x'.repeat(5000));
      say(`${'x'.repeat(4990)}${end}`);
      if (end !== 'x') await fetched;
      else {
        say('x'.repeat(10));
        await expect(fetched).rejects.toBeInstanceOf(ProtocolError);
      }
    }
  });
});

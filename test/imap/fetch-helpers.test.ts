// A fetch over several connections that fails, or ends, while another connection is still on its way: once it has
// settled nothing is delivered any more, because the batch that it delivered to is closed.

import { describe, expect, test } from 'vitest';
import { AccountError } from '../../src/core/errors.js';
import type { BodyReceiver, FetchRequest } from '../../src/core/ports/source.js';
import { Patience } from '../../src/imap/patience.js';
import type { BodiesResult, BodySinks, MailboxReader } from '../../src/imap/reader.js';
import { ImapSource } from '../../src/imap/source.js';
import { ConnectionLostError } from '../../src/imap/wire/errors.js';

const MESSAGES = 3000;
const REQUEST: FetchRequest = {
  wireName: 'INBOX',
  path: 'INBOX',
  uidValidity: '1',
  items: Array.from({ length: MESSAGES }, (_, at) => ({ uid: at + 1, size: 20_000 })),
};

class Delivered implements BodyReceiver {
  uids: number[] = [];
  begin(_: FetchRequest, uid: number) {
    return {
      write: () => undefined,
      end: () => void this.uids.push(uid),
      abort: () => undefined,
    };
  }
  failed(): void {}
  mailboxFailed(): void {}
}

/** A promise and the way to keep it. */
function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

type Bodies = (uids: readonly number[], sinks: BodySinks) => Promise<BodiesResult>;

function reader(bodies: Bodies): MailboxReader {
  const no = () => Promise.reject(new Error('not asked for here'));
  return {
    tier: 'plain',
    prefix: '',
    utf8: false,
    list: no,
    visit: no,
    probe: no,
    labels: no,
    bodies: (job, sinks) => bodies(job.uids, sinks),
    close: async () => undefined,
  };
}

const whole: Bodies = async (uids, sinks) => {
  for (const uid of uids) await sinks.begin(uid, 20_000).end();
  return { nil: [], refused: null };
};
const lost: Bodies = () => Promise.reject(new ConnectionLostError('reset'));

function sourceOf(own: MailboxReader, reconnect: () => Promise<MailboxReader>): ImapSource {
  const { signal } = new AbortController();
  return new ImapSource(own, {
    account: 'test',
    signal,
    reconnect,
    mapError: (error) => error,
    windowLimit: null,
    patience: new Patience(async () => undefined, signal),
    connections: 2,
  });
}

describe('fetching over several connections', () => {
  test('delivers nothing after it failed, though another connection opens then', async () => {
    const helper = later<MailboxReader>();
    const unreachable = new AccountError('the server is gone', { code: 'unreachable' });
    const answers = [helper.promise, Promise.reject(unreachable)];
    answers[1]!.catch(() => undefined);
    const source = sourceOf(reader(lost), () => answers.shift()!);
    const receiver = new Delivered();
    await expect(source.fetch([REQUEST], receiver)).rejects.toBe(unreachable);
    helper.resolve(reader(whole));
    await helper.promise;
    await new Promise(setImmediate);
    expect(receiver.uids).toEqual([]);
    await source.close();
  });

  test('waits after it failed for what another connection was asked for, and asks it for nothing more', async () => {
    const asked = later<void>();
    const answer = later<void>();
    const slow: Bodies = async (uids, sinks) => {
      asked.resolve();
      await answer.promise;
      return whole(uids, sinks);
    };
    const unreachable = new AccountError('the server is gone', { code: 'unreachable' });
    const failing = async (): Promise<MailboxReader> => {
      await asked.promise;
      setImmediate(() => answer.resolve());
      throw unreachable;
    };
    const answers = [async () => reader(slow), failing];
    const source = sourceOf(
      reader(async () => {
        await asked.promise;
        throw new ConnectionLostError('reset');
      }),
      () => answers.shift()!(),
    );
    const receiver = new Delivered();
    await expect(source.fetch([REQUEST], receiver)).rejects.toBe(unreachable);
    const delivered = receiver.uids.length;
    expect(delivered).toBeGreaterThan(0);
    expect(delivered).toBeLessThan(MESSAGES);
    await new Promise(setImmediate);
    expect(receiver.uids).toHaveLength(delivered);
    await source.close();
  });
});

// A fetch over several connections that fails, or ends, while another connection is still on its way: once it has
// settled nothing is delivered any more, because the batch that it delivered to is closed.

import { describe, expect, test } from 'vitest';
import { AccountError } from '../../src/core/errors.js';
import { Listing, NOT_ASKED } from '../../src/core/mailbox/listing.js';
import type { BodyReceiver, FetchRequest } from '../../src/core/ports/source.js';
import { SortedUids } from '../../src/core/sync/sorted-uids.js';
import { encodeCheckpoint } from '../../src/imap/checkpoint.js';
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

/** One visit of INBOX by a source that knows the UIDs below `uidNext`; how many connections it opened beside its own. */
async function visited(uidNext: number, sizes: readonly number[]): Promise<number> {
  const listing = new Listing();
  for (const [at, size] of sizes.entries())
    listing.add({ uid: at + 1, flags: '', size, receivedAt: 1, emailId: null, labels: null });
  const numbers = { uidValidity: '1', highestModseq: null };
  const nothing = { mailboxId: null, vanished: null, roster: null, arrived: null };
  const visit = async () => ({
    ...numbers,
    ...nothing,
    uidNext: sizes.length + 1,
    exists: sizes.length,
    listing,
  });
  let opened = 0;
  const source = sourceOf({ ...reader(whole), visit }, async () => {
    opened += 1;
    return reader(whole);
  });
  const checkpoint = uidNext === 1 ? null : encodeCheckpoint({ ...numbers, uidNext, messages: uidNext - 1 });
  const known = SortedUids.from(Array.from({ length: uidNext - 1 }, (_, at) => at + 1));
  const outcomes: unknown[] = [];
  await source.observe([{ wireName: 'INBOX', checkpoint, known, full: false }], (_, outcome) => {
    outcomes.push(outcome);
  });
  expect(outcomes).toEqual([expect.objectContaining({ exists: sizes.length })]);
  await source.close();
  return opened;
}

describe('a further connection', () => {
  const MANY = 2000;

  test('is opened while mailboxes are looked at that hold much to fetch', async () => {
    expect(await visited(1, new Array<number>(MANY).fill(10_000))).toBe(1);
  });

  test('is not opened for little, however many messages it is', async () => {
    expect(await visited(1, new Array<number>(MANY).fill(1000))).toBe(0);
  });

  test('is not opened where all was seen before and only its flags are listed', async () => {
    expect(await visited(MANY + 1, new Array<number>(MANY).fill(NOT_ASKED))).toBe(0);
    expect(await visited(MANY + 1, new Array<number>(MANY).fill(10_000))).toBe(0);
  });
});

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

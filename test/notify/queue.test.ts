import { describe, expect, test } from 'vitest';
import { DeliveryError } from '../../src/notify/notifier.js';
import { pingUrl } from '../../src/notify/ping.js';
import { DeliveryQueue } from '../../src/notify/queue.js';

interface Attempt {
  readonly message: string;
  readonly outcome: 'sent' | 'later' | 'never';
}

/** A queue before a notifier that does what it is told; resolves when `count` messages have ended. */
function played(outcomes: readonly Attempt['outcome'][], messages: readonly string[], capacity = 100) {
  const left = [...outcomes];
  const attempts: string[] = [];
  const results: string[] = [];
  return new Promise<{ attempts: string[]; results: string[] }>((resolve) => {
    const queue = new DeliveryQueue<string>(
      {
        name: 'test',
        send: async (message) => {
          attempts.push(message);
          const outcome = left.shift() ?? 'sent';
          if (outcome !== 'sent') throw new DeliveryError(outcome, { permanent: outcome === 'never' });
        },
      },
      {
        retries: 2,
        firstPauseMs: 1,
        capacity,
        onResult: (_, result, why) => {
          results.push(why === null ? result : `${result}: ${why}`);
          if (results.length === messages.length) resolve({ attempts, results });
        },
      },
    );
    for (const message of messages) queue.add(message);
  });
}

describe('a queue of deliveries', () => {
  test('sends in order, one after the other, and tries again what failed for now', async () => {
    expect(await played(['later', 'later', 'sent', 'sent'], ['a', 'b'])).toEqual({
      attempts: ['a', 'a', 'a', 'b'],
      results: ['sent', 'sent'],
    });
  });

  test('gives up what can never go, and what failed too often, and goes on', async () => {
    expect(await played(['never', 'later', 'later', 'later', 'sent'], ['a', 'b', 'c'])).toEqual({
      attempts: ['a', 'b', 'b', 'b', 'c'],
      results: ['failed: never', 'failed: later', 'sent'],
    });
  });

  test('tries an alert on for as long as it is told to, says once that it failed, and keeps the order', async () => {
    const results: string[] = [];
    const attempts: string[] = [];
    let works = false;
    const done = new Promise<void>((resolve) => {
      const queue = new DeliveryQueue<string>(
        {
          name: 'test',
          send: async (message) => {
            attempts.push(message);
            works = attempts.length > 6;
            if (!works) throw new DeliveryError('later', { permanent: false });
          },
        },
        {
          retries: 1,
          firstPauseMs: 1,
          later: { everyMs: 1, times: 10 },
          onResult: (_, result) => {
            results.push(result);
            if (results.length === 3) resolve();
          },
        },
      );
      queue.add('a');
      queue.add('b');
    });
    await done;
    expect(attempts).toEqual(['a', 'a', 'a', 'a', 'a', 'a', 'a', 'b']);
    expect(results).toEqual(['failed', 'sent', 'sent']);
  });

  test('that tries on for a day ends with its owner', async () => {
    const results: string[] = [];
    const failed = new Promise<void>((resolve) => {
      const queue = new DeliveryQueue<string>(
        { name: 'test', send: () => Promise.reject(new DeliveryError('later', { permanent: false })) },
        {
          retries: 0,
          later: { everyMs: 600_000, times: 144 },
          onResult: (_, result) => {
            results.push(result);
            if (result === 'failed') void queue.close(5).then(resolve);
          },
        },
      );
      queue.add('a');
      queue.add('b');
    });
    await failed;
    expect(results).toEqual(['failed', 'dropped']);
  });

  test('lets go of the oldest when too many wait', async () => {
    const { attempts, results } = await played([], ['a', 'b', 'c', 'd'], 2);
    expect(attempts).toEqual(['a', 'c', 'd']);
    expect(results[0]).toBe('dropped: too many are waiting');
  });

  test('does not wait for a notifier that is deaf to signals', async () => {
    const results: string[] = [];
    const queue = new DeliveryQueue<string>(
      { name: 'deaf', send: () => new Promise(() => undefined) },
      { onResult: (_, result) => results.push(result) },
    );
    queue.add('a');
    await queue.close(5);
    expect(results).toEqual(['failed']);
  });

  test('does not wait for longer than its grace when it closes', async () => {
    let given: AbortSignal | null = null;
    const results: string[] = [];
    const queue = new DeliveryQueue<string>(
      {
        name: 'hangs',
        send: (_, signal) => {
          given = signal;
          return new Promise((__, reject) =>
            signal.addEventListener('abort', () =>
              reject(new DeliveryError('given up', { permanent: false })),
            ),
          );
        },
      },
      { onResult: (_, result) => results.push(result) },
    );
    queue.add('a');
    queue.add('b');
    await queue.close(5);
    expect(given).not.toBeNull();
    expect(results).toEqual(['failed', 'dropped']);
    queue.add('c');
    expect(results.length).toBe(2);
  });
});

describe('the URL of a ping', () => {
  test.each([
    ['https://hc.example/uuid', 'start', 'https://hc.example/uuid/start'],
    ['https://hc.example/uuid/', 'fail', 'https://hc.example/uuid/fail'],
    ['https://hc.example/uuid?create=1', 'fail', 'https://hc.example/uuid/fail?create=1'],
    ['https://hc.example/uuid?create=1', 'success', 'https://hc.example/uuid?create=1'],
  ] as const)('%s at %s is %s', (base, kind, url) => {
    expect(pingUrl(base, kind)).toBe(url);
  });
});

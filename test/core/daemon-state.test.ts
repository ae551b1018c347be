import { describe, expect, test } from 'vitest';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import { observeAll } from '../../src/core/daemon/daemon-events.js';
import { DaemonState, statusLine } from '../../src/core/daemon/daemon-state.js';

/** An event without its time. */
type Untimed = DaemonEvent extends infer Event
  ? Event extends DaemonEvent
    ? Omit<Event, 'at'>
    : never
  : never;

function after(...events: readonly Untimed[]): DaemonState {
  const state = new DaemonState();
  for (const event of events) state.observe({ at: 0, ...event });
  return state;
}

const started: Untimed = { kind: 'started', accounts: ['a', 'b', 'c', 'd', 'e'] };
const error = { code: 'unreachable', message: '', hint: null };

describe('the line of systemctl status', () => {
  test.each<[string, readonly Untimed[]]>([
    ['starting', []],
    [
      'idle, 1 account; next: b at 1970-01-01T00:00:01Z',
      [
        { kind: 'started', accounts: ['a'] },
        { kind: 'config-reloading' },
        { kind: 'next-run', account: 'b', nextRunAt: 1000 },
        { kind: 'config-reloaded', accounts: ['b'] },
        // The last words of the account that is no more.
        { kind: 'watch-state', account: 'a', mailbox: 'INBOX', state: 'stopped' },
        { kind: 'run-crashed', account: 'a', error, nextRunAt: null },
      ],
    ],
    ['idle, 5 accounts', [started]],
    [
      'idle, 5 accounts; next: b at 1970-01-01T00:00:01Z',
      [
        started,
        { kind: 'next-run', account: 'a', nextRunAt: 2000 },
        { kind: 'next-run', account: 'b', nextRunAt: 1000 },
        { kind: 'next-run', account: 'c', nextRunAt: null },
      ],
    ],
    [
      'backing up a; 1 waiting',
      [
        started,
        { kind: 'run-queued', account: 'a', cause: 'schedule' },
        { kind: 'run-queued', account: 'b', cause: 'schedule' },
        { kind: 'run-started', account: 'a', cause: 'schedule' },
      ],
    ],
    [
      'backing up a, b, c and 2 more',
      [
        started,
        ...['a', 'b', 'c', 'd', 'e'].map(
          (account) => ({ kind: 'run-started', account, cause: 'signal' }) as const,
        ),
      ],
    ],
    [
      'idle, 5 accounts; failing: a; stale: b',
      [
        started,
        { kind: 'run-crashed', account: 'a', error, nextRunAt: null },
        { kind: 'run-crashed', account: 'c', error: { ...error, code: 'locked' }, nextRunAt: null },
        { kind: 'account-stale', account: 'b', since: null },
      ],
    ],
    [
      'idle, 5 accounts; the changed configuration was refused',
      [started, { kind: 'config-refused', message: '', hint: null }],
    ],
    ['reading the configuration again', [started, { kind: 'config-reloading' }]],
    ['idle, 1 account', [started, { kind: 'config-reloaded', accounts: ['a'] }]],
    ['stopping: the batches under way come to their end', [started, { kind: 'stopping' }]],
  ])('%s', (line, events) => {
    expect(statusLine(after(...events))).toBe(line);
  });
});

describe('observers', () => {
  test('one that throws keeps the event from nobody', () => {
    const heard: string[] = [];
    const errors: unknown[] = [];
    const broken = {
      observe: () => {
        throw new Error('broken');
      },
    };
    const all = observeAll([broken, { observe: ({ kind }) => heard.push(kind) }], (thrown) =>
      errors.push(thrown),
    );
    all.observe({ kind: 'stopping', at: 1 });
    expect(heard).toEqual(['stopping']);
    expect(errors).toHaveLength(1);
  });
});

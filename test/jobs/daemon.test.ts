// The daemon's own decisions on a clock that the test moves, with accounts and watchers that do as they are told.

import { describe, expect, test, vi } from 'vitest';
import { byCron, every } from '../../src/core/daemon/chore.js';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import { AccountError, CredentialsError } from '../../src/core/errors.js';
import type { WatchEvents, Watcher } from '../../src/core/ports/watch.js';
import { Background } from '../../src/jobs/background.js';
import { type Chore, Daemon, type DaemonAccount } from '../../src/jobs/daemon.js';
import type { RunOutcome } from '../../src/jobs/scheduler.js';
import { cronSchedule } from '../../src/schedule/cron.js';
import { errorOf, outcomeOf } from '../support/sync-report.js';
import { HOUR, MINUTE, onStage, pass, START } from './clock.js';

/** A watcher whose connections the test makes and breaks. */
class FakeWatcher implements Watcher {
  calls = 0;
  open = 0;
  /** Instead of listening. */
  fails: (() => Error) | null = null;
  unsupported = false;
  events: WatchEvents | null = null;
  #break: (error: Error) => void = () => {};

  watch(
    mailboxes: readonly string[],
    events: WatchEvents,
    signal: AbortSignal,
  ): Promise<'stopped' | 'unsupported'> {
    this.calls += 1;
    if (this.fails !== null) return Promise.reject(this.fails());
    if (this.unsupported) return Promise.resolve('unsupported');
    this.events = events;
    this.open += 1;
    for (const mailbox of mailboxes) events.watching(mailbox);
    return new Promise<'stopped'>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve('stopped'));
      this.#break = reject;
    }).finally(() => {
      this.open -= 1;
    });
  }

  lose(): void {
    this.#break(unreachable());
  }
}

const unreachable = () => new AccountError('gone', { code: 'unreachable' });

class Stage {
  readonly stop = new AbortController();
  readonly events: DaemonEvent[] = [];
  readonly warnings: string[] = [];
  readonly watcher = new FakeWatcher();
  readonly daemon: Daemon;
  code: string | null = null;
  runMs = 0;

  constructor() {
    const silent = () => {};
    this.daemon = new Daemon(
      {
        schedule: cronSchedule,
        clock: () => Date.now(),
        observer: { observe: (event) => this.events.push(event) },
        log: { debug: silent, info: silent, error: silent, warn: (text) => this.warnings.push(text) },
      },
      this.stop.signal,
    );
  }

  account(more: Partial<DaemonAccount> = {}): DaemonAccount {
    return {
      name: 'a',
      schedule: '0 * * * *',
      timezone: 'UTC',
      overdue: false,
      staleAfterMs: null,
      lastGoodAt: null,
      watch: { mailboxes: ['INBOX'], watcher: this.watcher, identity: 'one' },
      chores: [],
      run: async (): Promise<RunOutcome> => {
        if (this.runMs > 0) await new Promise((resolve) => setTimeout(resolve, this.runMs));
        return outcomeOf('a', this.code === null ? null : errorOf(this.code));
      },
      ...more,
    };
  }

  set(more: Partial<DaemonAccount> = {}): void {
    this.daemon.update([this.account(more)], 4);
  }

  count(kind: DaemonEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  get states(): string[] {
    return this.events.flatMap((event) => (event.kind === 'watch-state' ? [event.state] : []));
  }
}

const the = onStage(() => new Stage());

describe('a watched account', () => {
  test('is watched behind its first run, and runs again for what came in between', async () => {
    the.stage.set();
    await pass(5000);
    expect(the.stage.states).toEqual(['connecting', 'watching']);
    expect(the.stage.count('run-started')).toBe(2);
    the.stage.watcher.events!.news('INBOX', 'arrived');
    await pass(1500);
    expect(the.stage.count('run-started')).toBe(3);
  });

  test('is connected again after growing waits, and runs once it is', async () => {
    the.stage.set();
    await pass(5000);
    the.stage.watcher.fails = unreachable;
    the.stage.watcher.lose();
    await pass(2 * MINUTE);
    expect(the.stage.watcher.calls).toBeGreaterThanOrEqual(4);
    expect(the.stage.watcher.calls).toBeLessThanOrEqual(7);
    const runs = the.stage.count('run-started');
    the.stage.watcher.fails = null;
    await pass(4 * MINUTE);
    expect(the.stage.watcher.open).toBe(1);
    expect(the.stage.count('run-started')).toBe(runs + 1);
    expect(the.stage.states.at(-1)).toBe('watching');
  });

  test('where the server can not tell keeps its schedule, and is asked again hours later without a word', async () => {
    the.stage.watcher.unsupported = true;
    the.stage.set();
    await pass(3 * HOUR);
    expect(the.stage.watcher.calls).toBe(1);
    expect(the.stage.count('run-started')).toBe(4);
    await pass(4 * HOUR);
    expect(the.stage.watcher.calls).toBe(2);
    expect(the.stage.states).toEqual(['connecting', 'unsupported']);
    the.stage.watcher.unsupported = false;
    await pass(6 * HOUR);
    expect(the.stage.states.at(-1)).toBe('watching');
  });

  test('whose password is refused is left alone by the watch too', async () => {
    the.stage.set();
    await pass(5000);
    the.stage.code = 'credentials';
    the.stage.daemon.syncAll();
    await pass(1000);
    expect(the.stage.watcher.open).toBe(0);
    expect(the.stage.states.at(-1)).toBe('stopped');
    the.stage.watcher.fails = () => new CredentialsError('no');
    const calls = the.stage.watcher.calls;
    await pass(30 * MINUTE);
    expect(the.stage.watcher.calls).toBe(calls);
  });

  test('gets new connections behind a suspend, and when its connection is configured otherwise', async () => {
    the.stage.set();
    await pass(5000);
    vi.setSystemTime(Date.now() + 3 * HOUR);
    await pass(31_000);
    expect(the.stage.watcher.calls).toBe(2);
    the.stage.set();
    await pass(5000);
    expect(the.stage.watcher.calls).toBe(2);
    the.stage.set({ watch: { mailboxes: ['INBOX'], watcher: the.stage.watcher, identity: 'two' } });
    await pass(5000);
    expect([the.stage.watcher.calls, the.stage.watcher.open]).toEqual([3, 1]);
    the.stage.daemon.update([], 4);
    await pass(1000);
    expect(the.stage.watcher.open).toBe(0);
  });
});

describe('a stale account', () => {
  test('is told once, also when it was stale before the daemon began, and once when it is right again', async () => {
    the.stage.code = 'unreachable';
    the.stage.set({ overdue: true, watch: null, staleAfterMs: HOUR, lastGoodAt: START - 2 * HOUR });
    await pass(3 * HOUR);
    const stale = the.stage.events.filter((event) => event.kind === 'account-stale');
    expect(stale).toMatchObject([{ since: START - 2 * HOUR }]);
    the.stage.code = null;
    await pass(HOUR);
    expect(the.stage.count('account-recovered')).toBe(1);
    await pass(5 * HOUR);
    expect([the.stage.count('account-stale'), the.stage.count('account-recovered')]).toEqual([1, 1]);
  });

  test('that slept over it is given the time to make its runs up', async () => {
    the.stage.set({ watch: null, staleAfterMs: HOUR, lastGoodAt: START });
    await pass(45 * MINUTE);
    the.stage.code = 'unreachable';
    // A weekend: the network comes up minutes behind the machine.
    vi.setSystemTime(Date.now() + 60 * HOUR);
    await pass(5 * MINUTE);
    expect(the.stage.count('account-stale')).toBe(0);
    the.stage.code = null;
    await pass(3 * HOUR);
    expect(the.stage.count('account-stale')).toBe(0);

    the.stage.code = 'unreachable';
    vi.setSystemTime(Date.now() + 60 * HOUR);
    await pass(15 * MINUTE);
    expect(the.stage.count('account-stale')).toBe(1);
  });

  test('is one also where a clock that was wrong stands in between', async () => {
    the.stage.set({ overdue: true, watch: null, staleAfterMs: HOUR, lastGoodAt: START });
    vi.setSystemTime(Date.now() + 10_000 * HOUR);
    await pass(5 * MINUTE);
    the.stage.code = 'unreachable';
    vi.setSystemTime(START);
    await pass(3 * HOUR);
    expect(the.stage.count('account-stale')).toBe(1);
  });

  test('is one where the clock was ahead when the daemon began, and there never was a good run', async () => {
    vi.setSystemTime(START + 10_000 * HOUR);
    the.stage.code = 'unreachable';
    the.stage.set({ overdue: true, watch: null, staleAfterMs: HOUR, lastGoodAt: null });
    await pass(5 * MINUTE);
    vi.setSystemTime(START);
    await pass(3 * HOUR);
    expect(the.stage.count('account-stale')).toBe(1);
  });

  test('that has never run is given its time', async () => {
    the.stage.code = 'unreachable';
    the.stage.set({ overdue: true, watch: null, staleAfterMs: HOUR, lastGoodAt: null });
    await pass(55 * MINUTE);
    expect(the.stage.count('account-stale')).toBe(0);
    await pass(10 * MINUTE);
    expect(the.stage.events.filter((event) => event.kind === 'account-stale')).toMatchObject([
      { since: null },
    ]);
  });
});

describe('chores', () => {
  const chore = (more: Partial<Chore>): Chore => ({
    name: 'sweep',
    place: 'account',
    isDue: () => true,
    run: async () => {},
    ...more,
  });

  test('in the account keep its next run waiting; beside it they do not', async () => {
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 10 * MINUTE));
    for (const [place, runs] of [
      ['account', 1],
      ['beside', 2],
    ] as const) {
      const other = new Stage();
      const once = every(24 * HOUR);
      const chores = [chore({ place, run: slow, isDue: (_outcome, now) => once.isDue(now) })];
      other.set({ overdue: true, watch: null, chores });
      await pass(MINUTE);
      other.daemon.syncAll();
      await pass(MINUTE);
      expect([place, other.count('run-started')]).toEqual([place, runs]);
      other.stop.abort();
      await pass(10 * MINUTE);
    }
  });

  test('that fail are a line in the log and nothing else', async () => {
    const chores = [
      chore({ run: () => Promise.reject(new Error('no broom')) }),
      chore({ name: 'next', place: 'beside', run: () => Promise.reject(new Error('none either')) }),
    ];
    the.stage.set({ overdue: true, watch: null, chores });
    await pass(1000);
    expect(the.stage.warnings).toEqual(['a: sweep: no broom', 'a: next: none either']);
    await pass(2 * HOUR);
    expect(the.stage.count('run-started')).toBe(3);
  });

  test('beside the runs are done one at a time, and waiting ones of a kind once', async () => {
    const background = new Background(the.stage.stop.signal);
    const done: string[] = [];
    const work = (name: string) => async () => {
      done.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      done.push(`${name} ends`);
    };
    for (const name of ['a', 'b', 'a', 'b', 'b']) background.add(name, work(name));
    await pass(10_000);
    expect(done).toEqual(['a', 'b', 'a'].flatMap((name) => [`${name} begins`, `${name} ends`]));
    await background.idle();
  });

  test('come due at a distance or at the ticks of a cron expression, and once for each', async () => {
    const daily = every(24 * HOUR);
    expect([daily.isDue(START), daily.isDue(START + HOUR)]).toEqual([true, false]);
    expect([daily.isDue(START + 25 * HOUR), daily.isDue(START + 26 * HOUR)]).toEqual([true, false]);
    // A clock that was set back by a year is no reason to wait for a year.
    expect(daily.isDue(START - 365 * 24 * HOUR)).toBe(true);
    const weekly = byCron(cronSchedule, '0 4 * * 0', 'UTC');
    expect(weekly.isDue(Date.now())).toBe(false);
    vi.setSystemTime('2026-03-15T04:00:01Z');
    expect([weekly.isDue(Date.now()), weekly.isDue(Date.now())]).toEqual([true, false]);
    expect(byCron(cronSchedule, null, 'UTC').isDue(Date.now())).toBe(false);
  });
});

describe('a stop', () => {
  test('waits for a run for seconds, and not for ever', async () => {
    the.stage.runMs = 3000;
    the.stage.set({ overdue: true, watch: null });
    await pass(100);
    the.stage.stop.abort();
    let stopped = false;
    void the.stage.daemon.stopped().then(() => {
      stopped = true;
    });
    await pass(2000);
    expect(stopped).toBe(false);
    await pass(1000);
    expect(stopped).toBe(true);

    const stuck = new Stage();
    stuck.runMs = 10 * HOUR;
    stuck.set({ overdue: true, watch: null });
    await pass(100);
    stuck.stop.abort();
    let gone = false;
    void stuck.daemon.stopped().then(() => {
      gone = true;
    });
    await pass(8000);
    expect(gone).toBe(true);
  });
});

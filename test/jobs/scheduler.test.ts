// The scheduler on a clock that the test moves: timers and the wall clock apart, as on a machine that sleeps or
// is told another time. The cron expressions are node-cron's own.

import { describe, expect, test, vi } from 'vitest';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import { type RunOutcome, type ScheduledAccount, Scheduler } from '../../src/jobs/scheduler.js';
import { cronSchedule } from '../../src/schedule/cron.js';
import { errorOf, outcomeOf } from '../support/sync-report.js';
import { HOUR, MINUTE, onStage, pass, START } from './clock.js';

interface Begun {
  readonly account: string;
  readonly at: number;
  readonly cause: string;
}

/** What the scheduler did, and what becomes of each run. */
class Stage {
  readonly stop = new AbortController();
  readonly events: DaemonEvent[] = [];
  readonly scheduler: Scheduler;
  slept = 0;
  /** How a run of this account ends; default: well, at once. */
  readonly outcomes = new Map<string, () => Promise<RunOutcome> | RunOutcome>();
  #running = new Set<string>();
  mostAtOnce = 0;

  constructor() {
    this.scheduler = new Scheduler({
      schedule: cronSchedule,
      clock: () => Date.now(),
      observer: { observe: (event) => this.events.push(event) },
      signal: this.stop.signal,
      onLook: (_now, slept) => {
        if (slept) this.slept += 1;
      },
    });
  }

  account(name: string, more: Partial<ScheduledAccount> = {}): ScheduledAccount {
    return {
      name,
      schedule: '*/15 * * * *',
      timezone: 'UTC',
      overdue: false,
      run: async () => {
        if (this.#running.has(name)) throw new Error(`two runs of ${name} at once`);
        this.#running.add(name);
        this.mostAtOnce = Math.max(this.mostAtOnce, this.#running.size);
        const outcome = await (this.outcomes.get(name)?.() ?? good(name));
        this.#running.delete(name);
        return outcome;
      },
      afterRun: async () => {},
      ...more,
    };
  }

  get begun(): Begun[] {
    return this.events.flatMap((event) =>
      event.kind === 'run-started' ? [{ account: event.account, at: event.at, cause: event.cause }] : [],
    );
  }

  /** Minutes since the start at which the account's runs began. */
  minutes(account = 'a'): number[] {
    return this.begun
      .filter((run) => run.account === account)
      .map(({ at }) => Math.round((at - START) / MINUTE));
  }
}

const good = (account: string) => outcomeOf(account);
const bad = (account: string, code: string, retryAfterMs?: number) =>
  outcomeOf(account, errorOf(code, retryAfterMs === undefined ? {} : { retryAfterMs }));

const the = onStage(() => new Stage());

describe('the scheduler', () => {
  test('runs an account at each tick of its schedule, with its own small delay', async () => {
    the.stage.scheduler.update([the.stage.account('a'), the.stage.account('b')], 4);
    await pass(HOUR);
    for (const name of ['a', 'b']) expect(the.stage.minutes(name)).toEqual([15, 30, 45, 60]);
    const delays = the.stage.begun.map(({ at }) => at % (15 * MINUTE));
    for (const delay of delays) expect(delay).toBeLessThan(30_000);
    expect(new Set(delays).size).toBe(2);
  });

  test('follows six fields, a time zone and off', async () => {
    const zoned = { schedule: '0 0 9 * * *', timezone: 'America/New_York' };
    the.stage.scheduler.update(
      [
        the.stage.account('quick', { schedule: '*/5 * * * * *' }),
        the.stage.account('zoned', zoned),
        the.stage.account('off', { schedule: null }),
      ],
      4,
    );
    await pass(MINUTE);
    const quick = the.stage.begun.filter(({ account }) => account === 'quick');
    expect([11, 12]).toContain(quick.length);
    expect(the.stage.minutes('off')).toEqual([]);
    expect(the.stage.scheduler.nextRunAt('off')).toBeNull();
    // 9:00 in New York is 13:00 UTC in summer time, which has begun on 8 March.
    expect(new Date(the.stage.scheduler.nextRunAt('zoned')!).toISOString()).toMatch(/^2026-03-10T13:00/);
  });

  test.each([
    // 23 and 25 hours; what never comes that night is run when the clock has jumped over it, if at all once.
    ['begins', '2026-03-28T23:00:30Z', 23],
    ['ends', '2026-10-24T22:00:30Z', 25],
  ])('keeps its hours on the day on which summer time %s', async (_what, midnight, hours) => {
    vi.setSystemTime(midnight);
    const zone = { timezone: 'Europe/Berlin' };
    the.stage.scheduler.update(
      [
        the.stage.account('hourly', { ...zone, schedule: '0 * * * *' }),
        the.stage.account('quarter', { ...zone, schedule: '*/15 * * * *' }),
        the.stage.account('noon', { ...zone, schedule: '0 12 * * *' }),
        the.stage.account('gap', { ...zone, schedule: '30 2 * * *' }),
      ],
      4,
    );
    await pass(hours * HOUR);
    const of = (name: string) => the.stage.begun.filter(({ account }) => account === name);
    const gaps = (name: string) =>
      of(name)
        .slice(1)
        .map(({ at }, n) => Math.round((at - of(name)[n]!.at) / MINUTE));
    expect([of('hourly').length, new Set(gaps('hourly'))]).toEqual([hours, new Set([60])]);
    expect([of('quarter').length, new Set(gaps('quarter'))]).toEqual([4 * hours, new Set([15])]);
    expect(of('noon').map(({ at }) => Math.floor((at - Date.parse(midnight)) / HOUR))).toEqual([hours - 13]);
    expect(of('gap').length).toBeLessThanOrEqual(1);
    // Neither night is lost: the next tick is there.
    expect(the.stage.scheduler.nextRunAt('gap')! - Date.now()).toBeLessThan(27 * HOUR);
  });

  test('runs at once what is overdue, at most so many at once, and each account once', async () => {
    const names = Array.from({ length: 10 }, (_, n) => `a${n}`);
    for (const name of names)
      the.stage.outcomes.set(
        name,
        () => new Promise((resolve) => setTimeout(() => resolve(good(name)), 5000)),
      );
    the.stage.scheduler.update(
      names.map((name) => the.stage.account(name, { overdue: true })),
      3,
    );
    await pass(30_000);
    expect(the.stage.mostAtOnce).toBe(3);
    expect(the.stage.begun.map(({ account }) => account)).toEqual(names);
    expect(new Set(the.stage.begun.map(({ cause }) => cause))).toEqual(new Set(['overdue']));
    expect(the.stage.events.filter(({ kind }) => kind === 'run-queued')).toHaveLength(7);
  });

  test('never runs an account twice at once, and makes ticks that came meanwhile up with one run', async () => {
    let once = true;
    the.stage.outcomes.set('a', () => {
      if (!once) return good('a');
      once = false;
      return new Promise((resolve) => setTimeout(() => resolve(good('a')), 50 * MINUTE));
    });
    the.stage.scheduler.update([the.stage.account('a')], 4);
    await pass(90 * MINUTE);
    // 15 + 50 = 65: the ticks at 30, 45 and 60 are one run.
    expect(the.stage.minutes()).toEqual([15, 65, 75, 90]);
  });
});

describe('a machine that sleeps or is told another time', () => {
  test('makes what was missed up with one run, soon after it wakes', async () => {
    the.stage.scheduler.update([the.stage.account('a')], 4);
    await pass(20 * MINUTE);
    // A suspend: the wall clock goes on, timers don't.
    vi.setSystemTime(Date.now() + 8 * HOUR);
    await pass(MINUTE);
    expect(the.stage.begun).toHaveLength(2);
    expect(the.stage.slept).toBe(1);
    await pass(HOUR);
    expect(the.stage.begun.length).toBeLessThanOrEqual(6);
    expect(the.stage.slept).toBe(1);
  });

  test('does not wait for a time that was already there when the clock goes back', async () => {
    the.stage.scheduler.update([the.stage.account('a'), the.stage.account('down')], 4);
    the.stage.outcomes.set('down', () => bad('down', 'unreachable'));
    await pass(20 * MINUTE);
    const before = the.stage.begun.length;
    vi.setSystemTime(Date.now() - 5 * HOUR);
    await pass(31 * MINUTE);
    const after = the.stage.begun.slice(before).filter(({ account }) => account === 'a');
    expect(after).toHaveLength(2);
    // A back-off does not become five hours.
    expect(the.stage.begun.slice(before).some(({ account }) => account === 'down')).toBe(true);
  });

  test('is not run wild by a clock that jumps to and fro', async () => {
    the.stage.scheduler.update([the.stage.account('a')], 4);
    for (let jump = 0; jump < 20; jump++) {
      vi.setSystemTime(Date.now() + (jump % 2 === 0 ? 1 : -1) * 3 * HOUR);
      await pass(MINUTE);
    }
    expect(the.stage.begun.length).toBeLessThanOrEqual(12);
    const before = the.stage.begun.length;
    await pass(HOUR);
    expect(the.stage.begun.length - before).toBe(4);
  });
});

describe('an account that fails', () => {
  test('is tried again after growing waits, delays no other, and starts anew after a success', async () => {
    the.stage.scheduler.update(
      ['down', 'up'].map((name) => the.stage.account(name, { schedule: '*/10 * * * * *' })),
      1,
    );
    the.stage.outcomes.set('down', () => bad('down', 'unreachable'));
    await pass(10 * MINUTE);
    expect(the.stage.begun.filter(({ account }) => account === 'up').length).toBeGreaterThanOrEqual(59);
    const tries = the.stage.begun.filter(({ account }) => account === 'down').map(({ at }) => at);
    const waits = tries.slice(1).map((at, n) => at - tries[n]!);
    expect(waits.length).toBeGreaterThanOrEqual(5);
    expect(waits.length).toBeLessThanOrEqual(8);
    for (const [n, wait] of waits.slice(1).entries()) expect(wait / waits[n]!).toBeCloseTo(2, 1);

    the.stage.outcomes.delete('down');
    await pass(12 * MINUTE);
    const late = the.stage.begun.filter(({ account, at }) => account === 'down' && at > Date.now() - MINUTE);
    expect(late.length).toBeGreaterThanOrEqual(5);
    the.stage.outcomes.set('down', () => bad('down', 'unreachable'));
    await pass(11_000);
    // The first or second wait, not the next one of the old row.
    expect(the.stage.scheduler.nextRunAt('down')! - Date.now()).toBeLessThan(11_500);
  });

  test('is left alone for as long as the server asked', async () => {
    the.stage.scheduler.update([the.stage.account('a', { schedule: '* * * * *' })], 1);
    the.stage.outcomes.set('a', () => bad('a', 'throttled', HOUR));
    await pass(55 * MINUTE);
    expect(the.stage.begun).toHaveLength(1);
    await pass(15 * MINUTE);
    expect(the.stage.begun).toHaveLength(2);
  });

  test('with a refused password waits for an hour, or for a reload, or for SIGUSR1', async () => {
    const account = the.stage.account('a', { schedule: '* * * * *' });
    the.stage.scheduler.update([account], 1);
    the.stage.outcomes.set('a', () => bad('a', 'credentials'));
    await pass(50 * MINUTE);
    expect(the.stage.begun).toHaveLength(1);
    the.stage.scheduler.update([account], 1);
    await pass(1);
    expect(the.stage.begun).toHaveLength(2);
    the.stage.scheduler.requestAll('signal');
    await pass(1);
    expect(the.stage.begun.map(({ cause }) => cause)).toEqual(['schedule', 'retry', 'signal']);
  });

  test('is tried at once when a watched mailbox proves that the server is back', async () => {
    the.stage.outcomes.set('a', () => bad('a', 'unreachable'));
    the.stage.scheduler.update([the.stage.account('a', { overdue: true })], 1);
    await pass(4 * MINUTE);
    const before = the.stage.begun.length;
    expect(the.stage.scheduler.nextRunAt('a')! - Date.now()).toBeGreaterThan(20_000);
    the.stage.scheduler.news('a', 'arrived');
    await pass(1000);
    expect(the.stage.begun.length).toBe(before + 1);
  });

  test('because another command works on it is no failure, and is asked again in seconds', async () => {
    the.stage.outcomes.set('a', () => ({ kind: 'crashed', error: errorOf('locked') }));
    the.stage.scheduler.update([the.stage.account('a', { overdue: true })], 1);
    await pass(MINUTE);
    expect(the.stage.begun.length).toBeGreaterThanOrEqual(5);
    the.stage.outcomes.set('a', () => bad('a', 'unreachable'));
    await pass(11_000);
    // One failure, or two: the locks before do not count.
    expect(the.stage.scheduler.nextRunAt('a')! - Date.now()).toBeLessThan(11_500);
  });
});

describe('a change of the accounts', () => {
  test('stops what was removed, begins what is new and leaves a run of another alone', async () => {
    const aborted: string[] = [];
    const long = (name: string): Partial<ScheduledAccount> => ({
      overdue: true,
      run: (signal) =>
        new Promise((resolve) => {
          const timer = setTimeout(() => resolve(good(name)), 10 * MINUTE);
          signal.addEventListener('abort', () => {
            aborted.push(name);
            clearTimeout(timer);
            resolve(bad(name, 'interrupted'));
          });
        }),
    });
    the.stage.scheduler.update(
      [the.stage.account('stays', long('stays')), the.stage.account('goes', long('goes'))],
      4,
    );
    await pass(1000);
    the.stage.scheduler.update(
      [
        the.stage.account('stays', { ...long('stays'), overdue: false }),
        the.stage.account('new', { overdue: true }),
      ],
      4,
    );
    await pass(1000);
    expect(aborted).toEqual(['goes']);
    expect(the.stage.begun.map(({ account }) => account)).toEqual(['stays', 'goes', 'new']);
    await pass(10 * MINUTE);
    const ended = the.stage.events.filter(({ kind }) => kind === 'run-finished');
    expect(ended.map((event) => 'account' in event && event.account)).toEqual(['goes', 'new', 'stays']);
  });

  test('takes a new schedule from the next tick on', async () => {
    the.stage.scheduler.update([the.stage.account('a', { schedule: '0 * * * *' })], 1);
    await pass(MINUTE);
    the.stage.scheduler.update([the.stage.account('a', { schedule: '*/5 * * * *' })], 1);
    await pass(10 * MINUTE);
    expect(the.stage.minutes()).toEqual([5, 10]);
  });
});

describe('a stop', () => {
  test('begins nothing more and waits for what is under way', async () => {
    the.stage.outcomes.set('a', () => new Promise((resolve) => setTimeout(() => resolve(good('a')), 3000)));
    the.stage.scheduler.update(
      [the.stage.account('a', { overdue: true }), the.stage.account('b', { overdue: true })],
      1,
    );
    await pass(1000);
    the.stage.stop.abort();
    let idle = false;
    void the.stage.scheduler.idle().then(() => {
      idle = true;
    });
    await pass(1000);
    expect(idle).toBe(false);
    await pass(HOUR);
    expect(idle).toBe(true);
    expect(the.stage.begun.map(({ account }) => account)).toEqual(['a']);
  });
});

import { describe, expect, test } from 'vitest';
import type { Alert } from '../../src/core/daemon/alert.js';
import { type AlertState, NOTHING_SAID, nextAlerts, stateFromPast } from '../../src/core/daemon/alerts.js';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import type { SyncReport } from '../../src/core/report.js';
import { errorOf, syncReport } from '../support/sync-report.js';

const ok = finished(syncReport());
const heldReport = syncReport({ status: 'incomplete', hold: true, error: errorOf('hold') });
const held = finished(heldReport);
const lacking = finished(
  syncReport({
    status: 'incomplete',
    failed: 1,
    failures: [{ mailbox: 'INBOX', uid: 4, reason: 'NO' }],
  }),
);
const stale: DaemonEvent = { kind: 'account-stale', at: 5, account: 'a', since: 1 };

function finished(report: SyncReport): DaemonEvent {
  return { kind: 'run-finished', at: 5, account: 'a', report, nextRunAt: null };
}

function failed(code: string, startedAt = 1000): DaemonEvent {
  return finished(syncReport({ startedAt, status: 'failed', error: errorOf(code) }));
}

function crashed(code: string): DaemonEvent {
  return { kind: 'run-crashed', at: 5, account: 'a', error: errorOf(code), nextRunAt: null };
}

/** What a person hears, event by event. */
function heard(
  events: readonly DaemonEvent[],
  from: AlertState = NOTHING_SAID,
  failureAfterMs = 0,
): string[][] {
  let state = from;
  return events.map((event) => {
    const step = nextAlerts(state, event, failureAfterMs);
    state = step.state;
    return step.alerts.map((alert: Alert) => alert.event);
  });
}

describe('alerts', () => {
  test('a failure is told at the third run in a row, once, and so is the recovery', () => {
    const down = failed('unreachable');
    expect(heard([down, down, down, down, down, ok, ok])).toEqual([
      [],
      [],
      ['failure'],
      [],
      [],
      ['recovery'],
      [],
    ]);
  });

  test('three runs within seconds are a server that restarts: it takes failure_after besides', () => {
    const tries = [0, 5, 15, 35, 75, 155, 315, 635].map((seconds) => failed('unreachable', seconds * 1000));
    expect(heard(tries, NOTHING_SAID, 300_000).map((events) => events.length)).toEqual([
      0, 0, 0, 0, 0, 0, 1, 0,
    ]);
    const [first, , , , late] = tries;
    expect(heard([first!, late!], NOTHING_SAID, 60_000).flat()).toEqual([]);
    expect(heard([first!, late!, ok, late!, late!], NOTHING_SAID, 60_000).flat()).toEqual([]);
    expect(heard([failed('credentials')], NOTHING_SAID, 300_000)).toEqual([['failure']]);
  });

  test('a clock that was set back does not put a failure off for as long', () => {
    const tries = [9_000_000, 0, 5000, 400_000].map((at) => failed('unreachable', at));
    expect(heard(tries, NOTHING_SAID, 300_000)).toEqual([[], [], [], ['failure']]);
  });

  test('a good run in between begins the count anew', () => {
    const down = failed('unreachable');
    expect(heard([down, down, ok, down, down, ok]).flat()).toEqual([]);
  });

  test.each(['credentials', 'disk_full', 'no_archive', 'config', 'not_supported', 'index'])(
    '%s is told at once: no further try helps',
    (code) => {
      expect(heard([failed(code), failed(code), ok])).toEqual([['failure'], [], ['recovery']]);
      expect(heard([crashed(code)])).toEqual([['failure']]);
    },
  );

  test('a run that was told to stop, or found the account locked, is neither good nor bad', () => {
    const down = failed('unreachable');
    expect(heard([down, down, failed('interrupted'), crashed('locked'), down])).toEqual([
      [],
      [],
      [],
      [],
      ['failure'],
    ]);
    expect(heard([failed('credentials'), failed('interrupted')])).toEqual([['failure'], []]);
  });

  test('runs that leave messages behind count like failures', () => {
    expect(heard([lacking, lacking, lacking, ok])).toEqual([[], [], ['failure'], ['recovery']]);
  });

  test('the guard is told once, is no failure besides, and tells again at the next hold', () => {
    expect(heard([held, held, held, held, ok, held])).toEqual([
      ['guard'],
      [],
      [],
      [],
      ['recovery'],
      ['guard'],
    ]);
    expect(heard([held, lacking, held])).toEqual([['guard'], ['recovery'], ['guard']]);
  });

  test('stale is told once; at the start only after a run that did not put it right', () => {
    expect(heard([ok, stale, stale, ok])).toEqual([[], ['stale'], [], ['recovery']]);
    expect(heard([stale, ok])).toEqual([[], []]);
    expect(heard([stale, failed('unreachable'), stale])).toEqual([[], ['stale'], []]);
  });

  test('several conditions that end together are one recovery', () => {
    const down = failed('unreachable');
    expect(heard([down, down, down, stale, ok])).toEqual([[], [], ['failure'], ['stale'], ['recovery']]);
  });

  test('damage is told when it is found and when it grows', () => {
    const damage = (missing: number): DaemonEvent => ({
      kind: 'damage-found',
      at: 5,
      account: 'a',
      missing,
      corrupt: 0,
    });
    expect(heard([damage(1), damage(1), damage(2)])).toEqual([['damage'], [], ['damage']]);
  });
});

describe('what was told before the daemon started', () => {
  const bad = (startedAt: number) => ({ startedAt, status: 'failed' });
  const past = {
    lastSuccessAt: 100,
    lastReport: syncReport({ status: 'failed', error: errorOf('unreachable'), startedAt: 500 }),
    runs: [bad(500), bad(400), bad(300)],
    hold: false,
    staleAfterMs: null,
    failureAfterMs: 0,
  };
  const down = failed('unreachable');

  test('an account that was failing is not told again, but its recovery is', () => {
    expect(heard([down, down, ok], stateFromPast(past))).toEqual([[], [], ['recovery']]);
  });

  test('one that had not failed for long enough is told when it has', () => {
    const before = stateFromPast({ ...past, failureAfterMs: 300 });
    expect(heard([failed('unreachable', 500), failed('unreachable', 600)], before, 300)).toEqual([
      [],
      ['failure'],
    ]);
  });

  test('two bad runs before make the next the third', () => {
    expect(heard([down], stateFromPast({ ...past, runs: past.runs.slice(0, 2) }))).toEqual([['failure']]);
  });

  test('bad runs before a good one, also one that left no row, do not count', () => {
    expect(heard([down, down], stateFromPast({ ...past, lastSuccessAt: 450 }))).toEqual([[], ['failure']]);
    const runs = [bad(500), { startedAt: 450, status: 'ok' }, bad(400), bad(300)];
    expect(heard([down, down], stateFromPast({ ...past, runs }))).toEqual([[], ['failure']]);
  });

  test('a refused password, a hold and staleness were told then', () => {
    const lastReport = { ...past.lastReport, error: errorOf('credentials') };
    expect(heard([failed('credentials')], stateFromPast({ ...past, lastReport, runs: [bad(500)] }))).toEqual([
      [],
    ]);
    const onHold = {
      ...past,
      lastReport: heldReport,
      hold: true,
      runs: [{ startedAt: 500, status: 'incomplete' }],
    };
    expect(heard([held, ok], stateFromPast(onHold))).toEqual([[], ['recovery']]);
    expect(heard([stale, down], stateFromPast({ ...past, staleAfterMs: 50 }))).toEqual([[], []]);
  });

  test('a first start has told nothing', () => {
    const nothing = {
      lastSuccessAt: null,
      lastReport: null,
      runs: [],
      hold: false,
      staleAfterMs: 10,
      failureAfterMs: 0,
    };
    expect(stateFromPast(nothing)).toEqual(NOTHING_SAID);
  });
});

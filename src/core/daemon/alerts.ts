/**
 * Which events become alerts. An alert is sent when a condition begins and once more when it ends, never at
 * every run: a person who is told every quarter of an hour stops reading. Pure: a state and an event give the
 * next state and what to say.
 */

import type { SyncReport } from '../report.js';
import {
  type Alert,
  type BadRun,
  damageAlert,
  failureAlert,
  guardAlert,
  type Lasting,
  recoveryAlert,
  staleAlert,
} from './alert.js';
import type { DaemonEvent } from './daemon-events.js';
import { isNoFailure } from './daemon-state.js';

/**
 * Runs in a row that must go wrong before a person hears of it, over no less than `failure_after`: servers have
 * bad minutes, and the first tries follow each other within seconds.
 */
const TRIES_BEFORE_ALERT = 3;

/** What no further try puts right. */
const AT_ONCE: ReadonlySet<string> = new Set([
  'credentials',
  'config',
  'not_supported',
  'disk_full',
  'no_archive',
  'index',
  'damage',
]);

/** What has been said about one account, and what is being counted. */
export interface AlertState {
  /** Runs in a row that were not good. */
  readonly badRuns: number;
  /** When the first of them began; null: there was none. */
  readonly badSince: number | null;
  readonly failing: boolean;
  /** `expected`: too old at the start, but the run that may put it right has not ended yet. */
  readonly stale: 'no' | 'expected' | 'alerted';
  readonly guard: boolean;
  /** The finding that was last told. */
  readonly damage: string | null;
  /** Whether a run has ended in this daemon. */
  readonly ran: boolean;
}

export const NOTHING_SAID: AlertState = {
  badRuns: 0,
  badSince: null,
  failing: false,
  stale: 'no',
  guard: false,
  damage: null,
  ran: false,
};

export interface AlertStep {
  readonly state: AlertState;
  readonly alerts: readonly Alert[];
}

/** `failureAfterMs` is what the account's `failure_after` says. */
export function nextAlerts(state: AlertState, event: DaemonEvent, failureAfterMs: number): AlertStep {
  switch (event.kind) {
    case 'run-finished':
      return afterRun(state, event, failureAfterMs);
    case 'run-crashed':
      return isNoFailure(event.error)
        ? { state, alerts: [] }
        : afterBadRun(state, { ...event, report: null }, failureAfterMs);
    case 'account-stale':
      if (state.stale !== 'no') return { state, alerts: [] };
      if (!state.ran) return { state: { ...state, stale: 'expected' }, alerts: [] };
      return {
        state: { ...state, stale: 'alerted' },
        alerts: [staleAlert(event.account, event.at, event.since)],
      };
    case 'damage-found': {
      const damage = `${event.missing} missing, ${event.corrupt} corrupt`;
      if (damage === state.damage) return { state, alerts: [] };
      return { state: { ...state, damage }, alerts: [damageAlert(event.account, event.at, damage)] };
    }
    default:
      return { state, alerts: [] };
  }
}

/** What the archive tells of the runs before this daemon: what was told then is not told again. */
export interface AccountPast {
  readonly lastSuccessAt: number | null;
  readonly lastReport: SyncReport | null;
  /** Newest first; good runs that changed nothing leave none. */
  readonly runs: readonly { readonly startedAt: number; readonly status: string }[];
  readonly hold: boolean;
  readonly staleAfterMs: number | null;
  readonly failureAfterMs: number;
}

export function stateFromPast(past: AccountPast): AlertState {
  const { lastReport, lastSuccessAt, staleAfterMs } = past;
  const guard = past.hold;
  if (lastReport === null || lastReport.status === 'ok' || isNoFailure(lastReport.error))
    return { ...NOTHING_SAID, guard };
  const since = lastSuccessAt ?? Number.NEGATIVE_INFINITY;
  const good = past.runs.findIndex((run) => run.status === 'ok' || run.startedAt <= since);
  const bad = onlyHeld(lastReport) ? [] : good === -1 ? past.runs : past.runs.slice(0, good);
  const badSince = bad.at(-1)?.startedAt ?? null;
  const toldStale =
    staleAfterMs !== null && lastSuccessAt !== null && lastReport.startedAt > lastSuccessAt + staleAfterMs;
  return {
    ...NOTHING_SAID,
    badRuns: bad.length,
    badSince,
    failing:
      badSince !== null &&
      (isLasting(bad.length, badSince, lastReport.startedAt, past.failureAfterMs) ||
        AT_ONCE.has(lastReport.error?.code ?? '')),
    stale: toldStale ? 'alerted' : 'no',
    guard,
  };
}

interface FinishedRun {
  readonly account: string;
  readonly at: number;
  readonly report: SyncReport;
}

function afterRun(
  state: AlertState,
  { account, at, report }: FinishedRun,
  failureAfterMs: number,
): AlertStep {
  if (isNoFailure(report.error)) return { state, alerts: [] };
  const alerts: Alert[] = [];
  let next: AlertState = state;
  if (report.hold && !state.guard) {
    alerts.push(guardAlert(account, at, report));
    next = { ...next, guard: true };
  }
  const step =
    report.status === 'ok'
      ? recovered(
          { ...next, badRuns: 0, badSince: null, ran: true },
          ['failure', 'stale', 'guard'],
          account,
          at,
          report,
        )
      : onlyHeld(report)
        ? { state: { ...next, ran: true }, alerts: [] }
        : afterBadRun(next, { account, at, report, error: report.error }, failureAfterMs);
  // An incomplete run that is not on hold any more has ended the hold, whatever else is wrong.
  const released =
    report.status === 'incomplete' && !report.hold
      ? recovered(step.state, ['guard'], account, at, report)
      : { state: step.state, alerts: [] };
  return { state: released.state, alerts: [...alerts, ...step.alerts, ...released.alerts] };
}

function afterBadRun(state: AlertState, run: BadRun, failureAfterMs: number): AlertStep {
  const badRuns = state.badRuns + 1;
  const startedAt = run.report?.startedAt ?? run.at;
  // A clock that was set back begins the count of time anew.
  const badSince = Math.min(state.badSince ?? startedAt, startedAt);
  const now = isLasting(badRuns, badSince, startedAt, failureAfterMs) || AT_ONCE.has(run.error?.code ?? '');
  const alerts: Alert[] = [];
  if (now && !state.failing) alerts.push(failureAlert(run, badRuns));
  if (state.stale === 'expected') alerts.push(staleAlert(run.account, run.at, null));
  return {
    state: {
      ...state,
      badRuns,
      badSince,
      failing: state.failing || now,
      stale: state.stale === 'expected' ? 'alerted' : state.stale,
      ran: true,
    },
    alerts,
  };
}

function isLasting(badRuns: number, badSince: number, startedAt: number, failureAfterMs: number): boolean {
  return badRuns >= TRIES_BEFORE_ALERT && startedAt - badSince >= failureAfterMs;
}

/** Ends the named conditions; says so once for those that a person had heard of. */
function recovered(
  state: AlertState,
  ended: readonly Lasting[],
  account: string,
  at: number,
  report: SyncReport,
): AlertStep {
  const heard = ended.filter(
    (condition) =>
      (condition === 'failure' && state.failing) ||
      (condition === 'stale' && state.stale === 'alerted') ||
      (condition === 'guard' && state.guard),
  );
  const next: AlertState = {
    ...state,
    failing: ended.includes('failure') ? false : state.failing,
    stale: ended.includes('stale') ? 'no' : state.stale,
    guard: ended.includes('guard') ? false : state.guard,
  };
  const [first] = heard;
  return { state: next, alerts: first === undefined ? [] : [recoveryAlert(first, account, at, report)] };
}

/** The guard has its own alert; a run that is incomplete for nothing else is no failure. */
function onlyHeld(report: SyncReport): boolean {
  return report.hold && report.status === 'incomplete' && report.failures.length === 0;
}

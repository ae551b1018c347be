/**
 * Which events become alerts. An alert is sent when a condition begins and once more when it ends, never at
 * every run: a person who is told every quarter of an hour stops reading. Pure: a state and an event give the
 * next state and what to say.
 */

import type { ErrorReport, SyncReport } from '../report.js';
import type { DaemonEvent } from './daemon-events.js';

export const ALERT_EVENTS = ['failure', 'recovery', 'stale', 'guard', 'damage'] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/**
 * Runs in a row that must go wrong before a person hears of it, over no less than `failure_after`: servers have
 * bad minutes, and the first tries follow each other within seconds.
 */
export const TRIES_BEFORE_ALERT = 3;

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

export interface Alert {
  readonly event: AlertEvent | 'test';
  /** null: about mailkeep as a whole. */
  readonly account: string | null;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  /** One line, without the account's name. */
  readonly title: string;
  /** What is known, and what is safe; null where the title says it all. */
  readonly message: string | null;
  /** What to do. */
  readonly hint: string | null;
  readonly report: SyncReport | null;
}

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

interface BadRun {
  readonly account: string;
  readonly at: number;
  readonly report: SyncReport | null;
  readonly error: ErrorReport | null;
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
  ended: readonly ('failure' | 'stale' | 'guard')[],
  account: string,
  at: number,
  report: SyncReport | null,
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
  if (heard.length === 0) return { state: next, alerts: [] };
  const words = {
    failure: 'the backup works again',
    stale: 'is up to date again',
    guard: 'is not on hold any more',
  };
  const title = heard[0] === 'failure' ? words.failure : words[heard[0]!];
  return {
    state: next,
    alerts: [{ event: 'recovery', account, at, title, message: null, hint: null, report }],
  };
}

function failureAlert(run: BadRun, badRuns: number): Alert {
  const times = badRuns === 1 ? '' : ` (${badRuns} runs in a row)`;
  const incomplete = run.report?.status === 'incomplete';
  const named = run.report?.failures[0];
  return {
    event: 'failure',
    account: run.account,
    at: run.at,
    title: `${incomplete ? 'the backup is incomplete' : 'the backup fails'}${times}`,
    message: `${run.error?.message ?? (named === undefined ? 'not everything could be stored' : `${named.mailbox}: ${named.reason}`)}. What was stored before is safe.`,
    hint: run.error?.hint ?? `mailkeep status ${run.account} names what is missing`,
    report: run.report,
  };
}

function staleAlert(account: string, at: number, since: number | null): Alert {
  const when = since === null ? '' : ` since ${new Date(since).toISOString()}`;
  return {
    event: 'stale',
    account,
    at,
    title: `no good backup${when === '' ? ' for longer than stale_after' : when}`,
    message: 'What was stored before is safe; newer mail is not in the archive.',
    hint: `mailkeep status ${account} shows the last run`,
    report: null,
  };
}

function guardAlert(account: string, at: number, report: SyncReport): Alert {
  return {
    event: 'guard',
    account,
    at,
    title: 'on hold: an implausible share of the mail is gone from the server',
    message: report.error?.message ?? null,
    hint: report.error?.hint ?? null,
    report,
  };
}

function damageAlert(account: string, at: number, damage: string): Alert {
  return {
    event: 'damage',
    account,
    at,
    title: `the archive is damaged: ${damage}`,
    message: null,
    hint: `mailkeep check ${account} --read-data names the files; look at the disk`,
    report: null,
  };
}

/** Told to stop, or another mailkeep does the work: neither good nor bad. */
function isNoFailure(error: ErrorReport | null): boolean {
  return error?.code === 'interrupted' || error?.code === 'locked' || error?.code === 'rate_limit';
}

/** The guard has its own alert; a run that is incomplete for nothing else is no failure. */
function onlyHeld(report: SyncReport): boolean {
  return report.hold && report.status === 'incomplete' && report.failures.length === 0;
}

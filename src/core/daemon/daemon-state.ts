/**
 * What the daemon is doing right now, gathered from its events: for health, metrics, status and the one line
 * that systemd shows. Only what the archive does not know is kept here.
 */

import type { ErrorReport } from '../report.js';
import type { DaemonEvent, DaemonObserver, WatchState } from './daemon-events.js';

export type DaemonPhase = 'starting' | 'working' | 'reloading' | 'stopping';

export interface AccountActivity {
  /** When the run under way began; null: none is. */
  readonly runningSince: number | null;
  readonly queued: boolean;
  /** null: off. `undefined`: the daemon has not said, the schedule tells. */
  readonly nextRunAt: number | null | undefined;
  readonly stale: boolean;
  /** How the last run in this daemon ended; undefined: none did. null: without an error. */
  readonly lastError: ErrorReport | null | undefined;
  /** By mailbox. */
  readonly watches: ReadonlyMap<string, WatchState>;
}

const IDLE: AccountActivity = {
  runningSince: null,
  queued: false,
  nextRunAt: undefined,
  stale: false,
  lastError: undefined,
  watches: new Map(),
};

export class DaemonState implements DaemonObserver {
  phase: DaemonPhase = 'starting';
  /** Whether the configuration in force is the one that was last asked for. */
  reloadRefused = false;
  #accounts = new Map<string, AccountActivity>();

  get accounts(): ReadonlyMap<string, AccountActivity> {
    return this.#accounts;
  }

  of(account: string): AccountActivity {
    return this.#accounts.get(account) ?? IDLE;
  }

  observe(event: DaemonEvent): void {
    switch (event.kind) {
      case 'started':
        this.phase = 'working';
        this.#keep(event.accounts);
        break;
      case 'config-reloading':
        this.phase = 'reloading';
        break;
      case 'config-reloaded':
        this.phase = 'working';
        this.reloadRefused = false;
        this.#keep(event.accounts);
        break;
      case 'config-refused':
        this.phase = 'working';
        this.reloadRefused = true;
        break;
      case 'stopping':
      case 'stopped':
        this.phase = 'stopping';
        break;
      case 'damage-found':
        break;
      default:
        // What a removed account still says as it ends is nobody's any more; new ones begin within a reload.
        if (this.phase !== 'reloading' && !this.#accounts.has(event.account)) break;
        this.#accounts.set(event.account, nextActivity(this.of(event.account), event));
    }
  }

  #keep(names: readonly string[]): void {
    this.#accounts = new Map(names.map((name) => [name, this.of(name)]));
  }
}

type AccountEvent = Extract<DaemonEvent, { readonly account: string }>;

function nextActivity(before: AccountActivity, event: AccountEvent): AccountActivity {
  switch (event.kind) {
    case 'run-queued':
      return { ...before, queued: true };
    case 'run-started':
      return { ...before, queued: false, runningSince: event.at };
    case 'run-finished':
      return {
        ...before,
        runningSince: null,
        nextRunAt: event.nextRunAt,
        lastError: event.report.status === 'failed' ? event.report.error : null,
      };
    case 'run-crashed':
      return {
        ...before,
        runningSince: null,
        queued: false,
        nextRunAt: event.nextRunAt,
        lastError: event.error,
      };
    case 'next-run':
      return { ...before, nextRunAt: event.nextRunAt };
    case 'account-stale':
      return { ...before, stale: true };
    case 'account-recovered':
      return { ...before, stale: false };
    case 'watch-state': {
      const watches = new Map(before.watches).set(event.mailbox, event.state);
      if (event.state === 'stopped') watches.delete(event.mailbox);
      return { ...before, watches };
    }
    case 'damage-found':
      return before;
  }
}

/** Errors of runs that are neither good nor bad: told to stop, somebody else does the work, the budget is spent. */
const NO_FAILURE: ReadonlySet<string> = new Set(['interrupted', 'locked', 'rate_limit']);

export function isNoFailure(error: ErrorReport | null | undefined): boolean {
  return error != null && NO_FAILURE.has(error.code);
}

export function isFailure(error: ErrorReport | null | undefined): boolean {
  return error != null && !isNoFailure(error);
}

/** What the daemon is doing, in one line for `systemctl status`. */
export function statusLine(state: DaemonState): string {
  if (state.phase === 'starting') return 'starting';
  if (state.phase === 'stopping') return 'stopping: the batches under way come to their end';
  if (state.phase === 'reloading') return 'reading the configuration again';
  const entries = [...state.accounts];
  const names = (chosen: readonly (readonly [string, AccountActivity])[]) =>
    shorten(chosen.map(([name]) => name));
  const running = entries.filter(([, { runningSince }]) => runningSince !== null);
  const queued = entries.filter(([, activity]) => activity.queued);
  const failing = entries.filter(([, { lastError }]) => isFailure(lastError));
  const stale = entries.filter(([, activity]) => activity.stale);
  const parts = [
    running.length > 0 ? `backing up ${names(running)}` : `idle, ${count(entries.length, 'account')}`,
    ...(queued.length > 0 ? [`${queued.length} waiting`] : []),
    ...(running.length > 0 ? [] : nextRun(entries)),
    ...(failing.length > 0 ? [`failing: ${names(failing)}`] : []),
    ...(stale.length > 0 ? [`stale: ${names(stale)}`] : []),
    ...(state.reloadRefused ? ['the changed configuration was refused'] : []),
  ];
  return parts.join('; ');
}

function nextRun(entries: readonly (readonly [string, AccountActivity])[]): string[] {
  const due = entries.flatMap(([name, { nextRunAt }]) =>
    typeof nextRunAt === 'number' ? [{ name, nextRunAt }] : [],
  );
  const first = due.sort((a, b) => a.nextRunAt - b.nextRunAt)[0];
  if (first === undefined) return [];
  return [`next: ${first.name} at ${new Date(first.nextRunAt).toISOString().replace(/\.\d+Z$/, 'Z')}`];
}

const NAMED = 3;

function shorten(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

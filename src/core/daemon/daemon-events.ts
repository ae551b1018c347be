/**
 * What happens in the daemon, as plain data: the scheduler and the watchers say it, and metrics, alerts, the
 * log and systemd hear it. The daemon knows none of its observers, and no observer can hold it up: `observe`
 * returns at once and whatever it throws stays with it.
 */
import type { ErrorReport, SyncReport } from '../report.js';

/** Why a run was begun. */
export type RunCause = 'schedule' | 'overdue' | 'watch' | 'retry' | 'signal';

/** Whether a watched mailbox is heard at the moment. */
export type WatchState = 'connecting' | 'watching' | 'lost' | 'unsupported' | 'stopped';

/** `at` is the moment it happened; all times are milliseconds since 1970 UTC. */
export type DaemonEvent = { readonly at: number } & (
  | { readonly kind: 'started'; readonly accounts: readonly string[] }
  /** The account waits for a free place; a run that begins at once may leave this out. */
  | { readonly kind: 'run-queued'; readonly account: string; readonly cause: RunCause }
  | { readonly kind: 'run-started'; readonly account: string; readonly cause: RunCause }
  /** The run came to an end and told how, well or badly. */
  | {
      readonly kind: 'run-finished';
      readonly account: string;
      readonly report: SyncReport;
      /** null: its schedule is off. */
      readonly nextRunAt: number | null;
    }
  /** There is no report: the archive was locked or broken, or mailkeep itself failed. */
  | {
      readonly kind: 'run-crashed';
      readonly account: string;
      readonly error: ErrorReport;
      readonly nextRunAt: number | null;
    }
  /** Said whenever the account's next run moves (back-off, throttling, a new schedule). */
  | { readonly kind: 'next-run'; readonly account: string; readonly nextRunAt: number | null }
  /** Said once when `stale_after` has passed since the last good run (null: never), also right after the start. */
  | { readonly kind: 'account-stale'; readonly account: string; readonly since: number | null }
  /** Said once when a stale account has had a good run. */
  | { readonly kind: 'account-recovered'; readonly account: string }
  | {
      readonly kind: 'watch-state';
      readonly account: string;
      readonly mailbox: string;
      readonly state: WatchState;
    }
  /** A check in the daemon found files that are missing or not what they should be. */
  | {
      readonly kind: 'damage-found';
      readonly account: string;
      readonly missing: number;
      readonly corrupt: number;
    }
  | { readonly kind: 'config-reloading' }
  /** `accounts` are those that the daemon works on from now on. */
  | { readonly kind: 'config-reloaded'; readonly accounts: readonly string[] }
  /** The old configuration stays in force. */
  | { readonly kind: 'config-refused'; readonly message: string; readonly hint: string | null }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'stopped' }
);

export interface DaemonObserver {
  observe(event: DaemonEvent): void;
}

/** One observer for all: what one throws is told to `onError`, and the others hear the event all the same. */
export function observeAll(
  observers: readonly DaemonObserver[],
  onError: (error: unknown) => void,
): DaemonObserver {
  return {
    observe: (event) => {
      for (const observer of observers) {
        try {
          observer.observe(event);
        } catch (error) {
          onError(error);
        }
      }
    },
  };
}

/**
 * Turns the daemon's events into alerts and pings, and gives each notifier its own queue: one that is slow or
 * broken delays neither the others nor the backup.
 */

import type { Alert, AlertEvent } from '../core/daemon/alert.js';
import { runSummary } from '../core/daemon/alert-text.js';
import { type AlertState, nextAlerts } from '../core/daemon/alerts.js';
import type { DaemonEvent, DaemonObserver } from '../core/daemon/daemon-events.js';
import { isNoFailure } from '../core/daemon/daemon-state.js';
import type { AlertNotifier, PingNotifier, RunSignal } from './notifier.js';
import { DeliveryQueue, type DeliveryResult, type QueueOptions } from './queue.js';

/** In the order of the configuration. */
export type ConfiguredNotifier =
  | {
      readonly id: string;
      readonly kind: 'alerts';
      readonly notifier: AlertNotifier;
      readonly on: readonly AlertEvent[];
    }
  | { readonly id: string; readonly kind: 'runs'; readonly notifier: PingNotifier };

export interface NotifyOptions {
  /** What was said about an account before this daemon, as its archive tells. */
  readonly past: (account: string) => AlertState;
  /** `failure_after` of an account that the daemon works on. */
  readonly failureAfterMs: (account: string) => number;
  readonly onResult: (id: string, name: string, result: DeliveryResult, why: string | null) => void;
  readonly queue?: Pick<QueueOptions, 'retries' | 'firstPauseMs' | 'capacity'>;
}

interface AlertLine {
  readonly on: readonly AlertEvent[];
  readonly queue: DeliveryQueue<Alert>;
}

/** How alerts are tried on when a minute or two did not do. */
const FOR_A_DAY = { everyMs: 10 * 60_000, times: 144 };

/** Alerts on the way when the configuration changes have this long. */
const RELOAD_GRACE_MS = 60_000;

export class NotifyObserver implements DaemonObserver {
  readonly #options: NotifyOptions;
  readonly #states = new Map<string, AlertState>();
  /** Accounts whose last run was not good: a ping of success speaks for all accounts. */
  readonly #bad = new Set<string>();
  /** Accounts that another mailkeep works on: each is asked for every few seconds, which is no news to anybody. */
  readonly #locked = new Set<string>();
  #alertLines: readonly AlertLine[] = [];
  #pings: readonly DeliveryQueue<RunSignal>[] = [];

  constructor(notifiers: readonly ConfiguredNotifier[], options: NotifyOptions) {
    this.#options = options;
    this.#open(notifiers);
  }

  observe(event: DaemonEvent): void {
    if (event.kind === 'started' || event.kind === 'config-reloaded') this.#know(event.accounts);
    if (!('account' in event)) return;
    const { account } = event;
    const before = this.#states.get(account);
    if (before !== undefined) {
      const { state, alerts } = nextAlerts(before, event, this.#options.failureAfterMs(account));
      this.#states.set(account, state);
      for (const alert of alerts) this.#send(alert);
    } else if (event.kind !== 'run-started') return;
    const signal = this.#runSignal(event);
    if (signal !== null) for (const queue of this.#pings) queue.add(signal);
  }

  /** What was said stays said; what is on its way still goes out. */
  reconfigure(notifiers: readonly ConfiguredNotifier[]): void {
    const old = this.#queues();
    this.#open(notifiers);
    for (const queue of old) void queue.close(RELOAD_GRACE_MS);
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#queues().map((queue) => queue.close(graceMs)));
  }

  #open(notifiers: readonly ConfiguredNotifier[]): void {
    const queueOptions = (id: string): QueueOptions => ({
      ...this.#options.queue,
      onResult: (name, result, why) => this.#options.onResult(id, name, result, why),
    });
    this.#alertLines = notifiers.flatMap((one) =>
      one.kind === 'alerts'
        ? [
            {
              on: one.on,
              queue: new DeliveryQueue(one.notifier, { later: FOR_A_DAY, ...queueOptions(one.id) }),
            },
          ]
        : [],
    );
    this.#pings = notifiers.flatMap((one) =>
      one.kind === 'runs' ? [new DeliveryQueue(one.notifier, queueOptions(one.id))] : [],
    );
  }

  #queues(): { close(graceMs: number): Promise<void> }[] {
    return [...this.#alertLines.map(({ queue }) => queue), ...this.#pings];
  }

  #know(accounts: readonly string[]): void {
    for (const known of [...this.#states.keys()]) {
      if (accounts.includes(known)) continue;
      this.#states.delete(known);
      this.#bad.delete(known);
    }
    for (const account of accounts) {
      if (this.#states.has(account)) continue;
      const state = this.#options.past(account);
      this.#states.set(account, state);
      if (state.badRuns > 0 || state.guard) this.#bad.add(account);
    }
  }

  #send(alert: Alert): void {
    for (const { on, queue } of this.#alertLines) {
      if (alert.event === 'test' || on.includes(alert.event)) queue.add(alert);
    }
  }

  #runSignal(event: DaemonEvent): RunSignal | null {
    if (event.kind === 'run-started')
      return this.#locked.has(event.account)
        ? null
        : { kind: 'start', summary: `${event.account}: ${event.cause}` };
    if (event.kind === 'run-finished' || event.kind === 'run-crashed') this.#locked.delete(event.account);
    if (event.kind === 'run-crashed') {
      if (event.error.code === 'locked') this.#locked.add(event.account);
      if (isNoFailure(event.error)) return null;
      this.#bad.add(event.account);
      return { kind: 'fail', summary: `${event.account}: ${event.error.message}` };
    }
    if (event.kind !== 'run-finished') return null;
    const { account, report } = event;
    if (isNoFailure(report.error)) return null;
    if (report.status === 'ok') this.#bad.delete(account);
    else this.#bad.add(account);
    const others = [...this.#bad].filter((name) => name !== account);
    const summary = [
      runSummary(report),
      ...(others.length === 0 ? [] : [`still not good: ${others.slice(0, 10).join(', ')}`]),
    ].join('\n');
    return { kind: this.#bad.size === 0 ? 'success' : 'fail', summary };
  }
}

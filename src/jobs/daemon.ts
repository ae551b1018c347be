/**
 * The life of the daemon: accounts come, run, are watched and go. The scheduler decides when an account
 * runs, a watch loop makes it run sooner, and everything that happens is said to the observer. Nothing here
 * ends because of one account.
 */
import type { DaemonObserver } from '../core/daemon/daemon-events.js';
import { describeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Schedule } from '../core/ports/schedule.js';
import type { Watcher } from '../core/ports/watch.js';
import { Background } from './background.js';
import { failureOf, type RunOutcome, type ScheduledAccount, Scheduler } from './scheduler.js';
import { Staleness } from './staleness.js';
import { WatchLoop } from './watch-loop.js';

export interface DaemonAccount extends Omit<ScheduledAccount, 'afterRun'> {
  /** null: never stale. */
  readonly staleAfterMs: number | null;
  /** Of the last good run before the daemon knew the account; null: none. */
  readonly lastGoodAt: number | null;
  /** null where nothing is to be watched. `identity` changes when the connection must be made anew. */
  readonly watch: {
    readonly mailboxes: readonly string[];
    readonly watcher: Watcher;
    readonly identity: string;
  } | null;
  readonly chores: readonly Chore[];
}

/** What the daemon does now and then behind a run. */
export interface Chore {
  readonly name: string;
  /**
   * `account`: in the account's own place, so that no run comes between; it must be quick. `beside`: at its
   * leisure, while runs go on.
   */
  readonly place: 'account' | 'beside';
  readonly isDue: (outcome: RunOutcome, now: number) => boolean;
  /** What it throws is a line in the log. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface DaemonPorts {
  readonly schedule: Schedule;
  readonly clock: () => number;
  readonly observer: DaemonObserver;
  readonly log: Log;
}

/** How long a run may take to end in good order; then the daemon goes all the same, which no run minds. */
const GRACE_MS = 7000;

interface Watched {
  readonly loop: WatchLoop;
  readonly identity: string;
}

export class Daemon {
  readonly #ports: DaemonPorts;
  readonly #signal: AbortSignal;
  readonly #scheduler: Scheduler;
  readonly #staleness: Staleness;
  readonly #accounts = new Map<string, DaemonAccount>();
  readonly #watched = new Map<string, Watched>();
  readonly #ending = new Set<Promise<void>>();
  readonly #background: Background;

  constructor(ports: DaemonPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
    this.#staleness = new Staleness(ports.observer);
    this.#background = new Background(signal);
    this.#scheduler = new Scheduler({
      ...ports,
      signal,
      onLook: (now, slept) => {
        if (slept) {
          this.#staleness.woke(now);
          for (const { loop } of this.#watched.values()) loop.restart();
        }
        this.#staleness.check(now);
      },
    });
  }

  /** The accounts from now on; may be called at any time. */
  update(accounts: readonly DaemonAccount[], concurrency: number): void {
    const names = new Set(accounts.map(({ name }) => name));
    for (const name of [...this.#accounts.keys()]) {
      if (names.has(name)) continue;
      this.#accounts.delete(name);
      this.#staleness.delete(name);
      this.#unwatch(name);
    }
    for (const account of accounts) {
      this.#accounts.set(account.name, account);
      this.#staleness.set(account.name, account.staleAfterMs, account.lastGoodAt, this.#ports.clock());
      const watched = this.#watched.get(account.name);
      if (watched !== undefined && watched.identity !== account.watch?.identity) this.#unwatch(account.name);
    }
    this.#scheduler.update(
      accounts.map((account) => ({
        ...account,
        // Watching begins behind a good run.
        overdue: account.overdue || (account.watch !== null && !this.#watched.has(account.name)),
        afterRun: (outcome, signal) => this.#afterRun(account.name, outcome, signal),
      })),
      concurrency,
    );
  }

  /** Every account runs now, whatever it waits for. */
  syncAll(): void {
    this.#scheduler.requestAll('signal');
  }

  /** Resolves when the signal has fired and every run has come to its end, or its time is over. */
  async stopped(): Promise<void> {
    await aborted(this.#signal);
    for (const name of [...this.#watched.keys()]) this.#unwatch(name);
    await within(GRACE_MS, Promise.all([this.#scheduler.idle(), this.#background.idle(), ...this.#ending]));
  }

  async #afterRun(name: string, outcome: RunOutcome, signal: AbortSignal): Promise<void> {
    const error = failureOf(outcome);
    const isGood = outcome.kind === 'report' && outcome.report.status === 'ok';
    if (isGood) this.#staleness.good(name, this.#ports.clock());
    if (error === null) this.#watch(name);
    // Signing in again and again with a password that is refused locks accounts.
    else if (error.code === 'credentials') this.#unwatch(name);
    await this.#doChores(name, outcome, signal);
  }

  async #doChores(name: string, outcome: RunOutcome, signal: AbortSignal): Promise<void> {
    for (const chore of this.#accounts.get(name)?.chores ?? []) {
      if (signal.aborted) return;
      if (!chore.isDue(outcome, this.#ports.clock())) continue;
      if (chore.place === 'account') await this.#do(name, chore, signal);
      else this.#background.add(`${name} ${chore.name}`, (stop) => this.#do(name, chore, stop));
    }
  }

  async #do(account: string, chore: Chore, signal: AbortSignal): Promise<void> {
    try {
      await chore.run(signal);
    } catch (error) {
      if (signal.aborted) return;
      const facts = { account, chore: chore.name };
      this.#ports.log.warn(`${account}: ${chore.name}: ${describeError(error)}`, facts);
    }
  }

  #watch(name: string): void {
    const watch = this.#accounts.get(name)?.watch ?? null;
    if (watch === null || this.#watched.has(name) || this.#signal.aborted) return;
    const loop = new WatchLoop({
      account: name,
      mailboxes: watch.mailboxes,
      watcher: watch.watcher,
      clock: this.#ports.clock,
      observer: this.#ports.observer,
      onNews: (news) => this.#scheduler.news(name, news),
    });
    this.#watched.set(name, { loop, identity: watch.identity });
  }

  #unwatch(name: string): void {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    this.#watched.delete(name);
    watched.loop.stop();
    const ended: Promise<void> = watched.loop.ended.finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}

/**
 * Runs accounts when they are due: at most `concurrency` at once, never two runs of one account, each
 * account on its own clock. When an account is due is computed from its schedule, its last run, its failures
 * and the news, and compared with the wall clock at least twice a minute: a suspend, a downtime or a clock
 * that jumps costs at most one run too many, and never a run for each tick that was missed.
 */
import { type Burst, burstDueAt, type News, withNews } from '../core/daemon/burst.js';
import type { DaemonObserver, RunCause } from '../core/daemon/daemon-events.js';
import { retryDelay } from '../core/daemon/retry.js';
import { withLinked } from '../core/linked-signal.js';
import type { Schedule } from '../core/ports/schedule.js';
import type { ErrorReport, SyncReport } from '../core/report.js';
import { nextTickAt } from '../core/tick.js';

export interface ScheduledAccount {
  readonly name: string;
  /** Cron expression, or null for off. */
  readonly schedule: string | null;
  readonly timezone: string | null;
  /** Whether a run is due at once: one was missed, or there was none yet. */
  readonly overdue: boolean;
  /** One run. Must not throw; stops in good order when the signal fires. */
  readonly run: (signal: AbortSignal) => Promise<RunOutcome>;
  /** What comes behind a run in the same place: nothing else runs on the account meanwhile. Must not throw. */
  readonly afterRun: (outcome: RunOutcome, signal: AbortSignal) => Promise<void>;
}

/** `crashed`: there is no report, because the archive could not be used at all. */
export type RunOutcome =
  | { readonly kind: 'report'; readonly report: SyncReport }
  | { readonly kind: 'crashed'; readonly error: ErrorReport };

export interface SchedulerOptions {
  readonly schedule: Schedule;
  readonly clock: () => number;
  readonly observer: DaemonObserver;
  readonly signal: AbortSignal;
  /** Called when the wall clock has been looked at; `slept` tells that the machine was suspended meanwhile. */
  readonly onLook: (now: number, slept: boolean) => void;
}

/** Longest time between two looks at the wall clock: timers stand still while the machine sleeps. */
const LOOK_MS = 30_000;
/** So much later than it was due, a look tells of a suspend. */
const SLEPT_MS = 30_000;
/** So far back, the clock was set and not just corrected. */
const SET_BACK_MS = 1000;

class Entry {
  account: ScheduledAccount;
  state: 'resting' | 'queued' | 'running' = 'resting';
  cause: RunCause = 'schedule';
  tickAt: number | null = null;
  /** Set while the account is backed off: nothing but a request by hand is earlier. */
  retry: { at: number; readonly delay: number; readonly code: string } | null = null;
  failures = 0;
  burst: Burst | null = null;
  /** Asked for without delay. */
  wanted: RunCause | null = null;
  lastStartedAt: number | null = null;
  readonly removed = new AbortController();
  ended: Promise<void> = Promise.resolve();

  constructor(account: ScheduledAccount) {
    this.account = account;
  }

  /** When the next run is due and why; null when nothing asks for one. */
  get due(): { readonly at: number; readonly cause: RunCause } | null {
    if (this.wanted !== null) return { at: Number.NEGATIVE_INFINITY, cause: this.wanted };
    if (this.retry !== null) return { at: this.retry.at, cause: 'retry' };
    const newsAt = this.burst === null ? null : burstDueAt(this.burst, this.lastStartedAt);
    if (newsAt !== null && (this.tickAt === null || newsAt < this.tickAt))
      return { at: newsAt, cause: 'watch' };
    return this.tickAt === null ? null : { at: this.tickAt, cause: 'schedule' };
  }
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #leaving = new Set<Entry>();
  readonly #queue: Entry[] = [];
  #concurrency = 1;
  #running = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastLookAt: number;
  #nextLookAt: number;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#lastLookAt = options.clock();
    this.#nextLookAt = this.#lastLookAt;
    options.signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  /**
   * The accounts from now on. New ones begin, missing ones are stopped, those that stay keep a run that is
   * under way and have their back-off forgiven, since what made them fail may be what was changed.
   */
  update(accounts: readonly ScheduledAccount[], concurrency: number): void {
    this.#concurrency = concurrency;
    const names = new Set(accounts.map(({ name }) => name));
    for (const [name, entry] of this.#entries) if (!names.has(name)) this.#remove(name, entry);
    for (const account of accounts) {
      const known = this.#entries.get(account.name);
      if (known === undefined) this.#add(account);
      else this.#replace(known, account);
    }
    this.#look();
  }

  /** A run without delay, back-off or not; one that is under way is followed by another. */
  request(name: string, cause: RunCause): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.state === 'queued') return;
    entry.wanted = cause;
    this.#look();
  }

  requestAll(cause: RunCause): void {
    for (const name of this.#entries.keys()) this.request(name, cause);
  }

  /** News of a watched mailbox. They prove that the server talks to us again, if it did not. */
  news(name: string, news: News): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.burst = withNews(entry.burst, news, this.#options.clock());
    if (entry.retry?.code === 'unreachable') entry.retry = null;
    this.#look();
  }

  nextRunAt(name: string): number | null {
    const entry = this.#entries.get(name);
    const due = entry?.due ?? null;
    return due === null ? null : Math.max(due.at, this.#options.clock());
  }

  /** Resolves when no run is under way any more. */
  async idle(): Promise<void> {
    for (;;) {
      const running = [...this.#entries.values(), ...this.#leaving].filter(
        ({ state }) => state === 'running',
      );
      if (running.length === 0) return;
      await Promise.all(running.map(({ ended }) => ended));
    }
  }

  #add(account: ScheduledAccount): void {
    const entry = new Entry(account);
    entry.tickAt = nextTickAt(this.#options.schedule, account);
    if (account.overdue) entry.wanted = 'overdue';
    this.#entries.set(account.name, entry);
  }

  #replace(entry: Entry, account: ScheduledAccount): void {
    const { schedule, timezone } = entry.account;
    entry.account = account;
    if (schedule !== account.schedule || timezone !== account.timezone)
      entry.tickAt = nextTickAt(this.#options.schedule, account);
    if (entry.state === 'resting') {
      if (entry.retry !== null) entry.wanted = 'retry';
      else if (account.overdue) entry.wanted = 'overdue';
    }
    entry.retry = null;
    this.#tellNext(entry);
  }

  #remove(name: string, entry: Entry): void {
    this.#entries.delete(name);
    const queued = this.#queue.indexOf(entry);
    if (queued >= 0) this.#queue.splice(queued, 1);
    if (entry.state === 'running') this.#leaving.add(entry);
    entry.removed.abort();
  }

  /** Queues what is due and sleeps until the next account is. */
  #look(): void {
    const { clock, signal, onLook } = this.#options;
    if (signal.aborted) return;
    const now = clock();
    if (now < this.#lastLookAt - SET_BACK_MS) this.#setBack(now);
    const slept = now > this.#nextLookAt + SLEPT_MS;
    this.#lastLookAt = now;
    let next = now + LOOK_MS;
    for (const entry of this.#entries.values()) {
      const due = entry.state === 'resting' ? entry.due : null;
      if (due === null) continue;
      if (due.at <= now) this.#enqueue(entry, due.cause, now);
      else next = Math.min(next, due.at);
    }
    this.#startQueued();
    this.#nextLookAt = next;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.max(1, next - now));
    onLook(now, slept);
  }

  /** The clock was set back: what lies in a future that has moved away is counted from now again. */
  #setBack(now: number): void {
    for (const entry of this.#entries.values()) {
      entry.tickAt = nextTickAt(this.#options.schedule, entry.account);
      if (entry.retry !== null) entry.retry.at = Math.min(entry.retry.at, now + entry.retry.delay);
      if (entry.burst !== null) entry.burst = withNews(null, 'arrived', now);
      entry.lastStartedAt = null;
    }
    this.#nextLookAt = now;
  }

  #enqueue(entry: Entry, cause: RunCause, now: number): void {
    entry.state = 'queued';
    entry.cause = cause;
    this.#queue.push(entry);
    if (this.#running + this.#queue.length > this.#concurrency)
      this.#options.observer.observe({ kind: 'run-queued', at: now, account: entry.account.name, cause });
  }

  #startQueued(): void {
    while (this.#running < this.#concurrency && !this.#options.signal.aborted) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      this.#running += 1;
      entry.ended = this.#run(entry);
    }
  }

  async #run(entry: Entry): Promise<void> {
    const { clock, observer } = this.#options;
    const { account, cause } = entry;
    entry.state = 'running';
    entry.lastStartedAt = clock();
    // What comes from now on is not seen by this run for certain.
    entry.wanted = null;
    entry.burst = null;
    entry.tickAt = nextTickAt(this.#options.schedule, account);
    observer.observe({ kind: 'run-started', at: entry.lastStartedAt, account: account.name, cause });
    await withLinked([this.#options.signal, entry.removed.signal], async (signal) => {
      const outcome = await account.run(signal);
      this.#judge(entry, outcome);
      this.#tellEnd(entry, outcome);
      if (!signal.aborted) await account.afterRun(outcome, signal);
    });
    entry.state = 'resting';
    this.#running -= 1;
    this.#leaving.delete(entry);
    this.#look();
  }

  #judge(entry: Entry, outcome: RunOutcome): void {
    const error = failureOf(outcome);
    if (error?.code === 'interrupted') return;
    if (error === null) {
      entry.failures = 0;
      entry.retry = null;
      return;
    }
    if (error.code !== 'locked') entry.failures += 1;
    const delay = retryDelay(error, Math.max(1, entry.failures), entry.account.name);
    entry.retry = { at: this.#options.clock() + delay, delay, code: error.code };
  }

  #tellEnd(entry: Entry, outcome: RunOutcome): void {
    const { observer, clock } = this.#options;
    const account = entry.account.name;
    const nextRunAt = this.nextRunAt(account);
    const at = clock();
    if (outcome.kind === 'report')
      observer.observe({ kind: 'run-finished', at, account, report: outcome.report, nextRunAt });
    else observer.observe({ kind: 'run-crashed', at, account, error: outcome.error, nextRunAt });
  }

  #tellNext(entry: Entry): void {
    const { observer, clock } = this.#options;
    const account = entry.account.name;
    observer.observe({ kind: 'next-run', at: clock(), account, nextRunAt: this.nextRunAt(account) });
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#queue.length = 0;
  }
}

/** What made the run fail as a whole; a run that is only incomplete has its own way of trying again. */
export function failureOf(outcome: RunOutcome): ErrorReport | null {
  if (outcome.kind === 'crashed') return outcome.error;
  return outcome.report.status === 'failed' ? outcome.report.error : null;
}

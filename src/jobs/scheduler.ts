/**
 * Runs accounts when they are due: what is overdue at the start at once, then by each account's schedule;
 * at most `concurrency` at a time, never two runs of one account. Stopping lets the batch under way end.
 */
import type { Schedule } from '../core/ports.js';

export interface ScheduledAccount {
  readonly name: string;
  /** Cron expression, or null for off. */
  readonly schedule: string | null;
  readonly timezone: string;
  /** Whether a run is due now, because one was missed or there was none yet. */
  readonly overdue: () => boolean;
  /** Must not throw. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface SchedulerOptions {
  readonly schedule: Schedule;
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** Returns when the signal has fired and the last run has come to its end. */
export async function runScheduler(
  accounts: readonly ScheduledAccount[],
  options: SchedulerOptions,
): Promise<void> {
  const queue = new RunQueue(options);
  const timers = accounts.flatMap((account) =>
    account.schedule === null
      ? []
      : [options.schedule.start(account.schedule, account.timezone, () => queue.add(account))],
  );
  for (const account of accounts) if (account.schedule !== null && account.overdue()) queue.add(account);
  await aborted(options.signal);
  for (const timer of timers) timer.stop();
  await queue.idle();
}

class RunQueue {
  readonly #options: SchedulerOptions;
  readonly #waiting: ScheduledAccount[] = [];
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** A tick that comes while the account waits or runs is dropped: that run sees the same server. */
  add(account: ScheduledAccount): void {
    if (this.#running.has(account.name) || this.#waiting.includes(account)) return;
    this.#waiting.push(account);
    this.#next();
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #next(): void {
    while (this.#running.size < this.#options.concurrency && !this.#options.signal.aborted) {
      const account = this.#waiting.shift();
      if (account === undefined) return;
      const run = account.run(this.#options.signal).finally(() => {
        this.#running.delete(account.name);
        this.#next();
      });
      this.#running.set(account.name, run);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/**
 * Gives back what runs have used once the daemon has nothing to do. V8 collects when it needs room, and an idle
 * daemon needs none, so it would hold for days what its busiest minute took: some fifty megabytes beside the
 * thirty that are in use. A collection takes a few hundredths of a second.
 */
import type { DaemonEvent, DaemonObserver } from '../core/daemon/daemon-events.js';
import { nodeCollector } from './collector.js';

/** Behind the last run: what the daemon does beside the runs begins within that time. */
const QUIET_MS = 30_000;
/** An account that runs every minute is no reason to collect every minute. */
const DISTANCE_MS = 10 * 60_000;

export class IdleMemory implements DaemonObserver {
  readonly #collect: () => void;
  readonly #running = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(collect: () => void = nodeCollector().all) {
    this.#collect = collect;
  }

  observe(event: DaemonEvent): void {
    if (event.kind === 'run-started') {
      this.#running.add(event.account);
      this.#disarm();
    } else if (event.kind === 'run-finished' || event.kind === 'run-crashed') {
      this.#running.delete(event.account);
      if (this.#running.size === 0) this.#arm();
    } else if (event.kind === 'stopping') this.#disarm();
  }

  #arm(): void {
    this.#disarm();
    const wait = Math.max(QUIET_MS, this.#lastAt + DISTANCE_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#lastAt = performance.now();
      this.#collect();
    }, wait);
    this.#timer.unref();
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

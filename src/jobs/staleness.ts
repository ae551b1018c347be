/**
 * Tells once when an account has had no good run for too long, and once when it has had one again. A machine that
 * slept is given the time for the runs that it missed: nobody wants to hear of every weekend.
 */
import type { DaemonObserver } from '../core/daemon/daemon-events.js';

interface Age {
  staleAfterMs: number | null;
  /** The last good run; null: never. */
  lastGoodAt: number | null;
  /** From when an account without a good run is given its time. */
  knownSince: number;
  told: boolean;
}

const PATIENCE_MS = 10 * 60_000;

export class Staleness {
  readonly #observer: DaemonObserver;
  readonly #ages = new Map<string, Age>();
  #wokeAt = Number.NEGATIVE_INFINITY;

  constructor(observer: DaemonObserver) {
    this.#observer = observer;
  }

  /** `lastGoodAt` counts only for an account that was not known before. */
  set(account: string, staleAfterMs: number | null, lastGoodAt: number | null, now: number): void {
    const known = this.#ages.get(account);
    if (known === undefined)
      this.#ages.set(account, { staleAfterMs, lastGoodAt, knownSince: now, told: false });
    else known.staleAfterMs = staleAfterMs;
  }

  delete(account: string): void {
    this.#ages.delete(account);
  }

  good(account: string, now: number): void {
    const age = this.#ages.get(account);
    if (age === undefined) return;
    age.lastGoodAt = now;
    if (!age.told) return;
    age.told = false;
    this.#observer.observe({ kind: 'account-recovered', at: now, account });
  }

  /** The machine was suspended up to now, or its clock was set. */
  woke(now: number): void {
    this.#wokeAt = now;
  }

  check(now: number): void {
    if (now >= this.#wokeAt && now - this.#wokeAt < PATIENCE_MS) return;
    for (const [account, age] of this.#ages) {
      // From before the clock was set back.
      age.knownSince = Math.min(age.knownSince, now);
      if (age.lastGoodAt !== null) age.lastGoodAt = Math.min(age.lastGoodAt, now);
      const since = age.lastGoodAt ?? age.knownSince;
      if (age.told || age.staleAfterMs === null || now - since <= age.staleAfterMs) continue;
      age.told = true;
      this.#observer.observe({ kind: 'account-stale', at: now, account, since: age.lastGoodAt });
    }
  }
}

/** Tells once when an account has had no good run for too long, and once when it has had one again. */
import type { DaemonObserver } from '../core/daemon/daemon-events.js';

interface Age {
  staleAfterMs: number | null;
  /** The last good run; null: never. */
  lastGoodAt: number | null;
  /** From when an account without a good run is given its time. */
  readonly knownSince: number;
  told: boolean;
}

export class Staleness {
  readonly #observer: DaemonObserver;
  readonly #ages = new Map<string, Age>();

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

  check(now: number): void {
    for (const [account, age] of this.#ages) {
      const since = age.lastGoodAt ?? age.knownSince;
      if (age.told || age.staleAfterMs === null || now - since <= age.staleAfterMs) continue;
      age.told = true;
      this.#observer.observe({ kind: 'account-stale', at: now, account, since: age.lastGoodAt });
    }
  }
}

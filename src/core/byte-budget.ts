/**
 * An amount of octets per time, over a window that slides: what was read an hour ago counts today and no more
 * tomorrow at that hour. Pure; what was spent goes out and in as plain data, so that it survives the process.
 */
export interface RateLimit {
  readonly bytes: number;
  readonly perMs: number;
}

/** Octets that were read from this moment (milliseconds since 1970) to one step later. */
export interface Spent {
  readonly at: number;
  readonly bytes: number;
}

/** The window in steps: what is spent is forgotten a step at a time. */
const STEPS = 48;

export class ByteBudget {
  readonly limit: RateLimit;
  #spent: Spent[];

  constructor(limit: RateLimit, spent: readonly Spent[]) {
    this.limit = limit;
    this.#spent = spent.map(({ at, bytes }) => ({ at, bytes }));
  }

  spend(bytes: number, now: number): void {
    const at = now - (now % this.#step);
    this.#spent = this.#counting(now);
    const last = this.#spent.at(-1);
    if (last?.at === at) this.#spent[this.#spent.length - 1] = { at, bytes: last.bytes + bytes };
    else this.#spent.push({ at, bytes });
  }

  /** Octets that may still be read. A clock that went back frees nothing. */
  left(now: number): number {
    return Math.max(0, this.limit.bytes - this.#counting(now).reduce((sum, { bytes }) => sum + bytes, 0));
  }

  /** The first moment at which so much may be read; all that there is, if more is wanted. */
  freeAt(now: number, wanted: number): number {
    let left = this.left(now);
    for (const { at, bytes } of this.#counting(now)) {
      if (left >= Math.min(wanted, this.limit.bytes)) break;
      left += bytes;
      if (left >= Math.min(wanted, this.limit.bytes)) return this.#endOf(at);
    }
    return now;
  }

  get spent(): readonly Spent[] {
    return this.#spent;
  }

  get #step(): number {
    return Math.max(1, Math.floor(this.limit.perMs / STEPS));
  }

  #endOf(at: number): number {
    return at + this.#step + this.limit.perMs;
  }

  /** What is within the window at this moment. */
  #counting(now: number): Spent[] {
    return this.#spent.filter(({ at }) => this.#endOf(at) > now);
  }
}

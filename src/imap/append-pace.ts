/**
 * For servers that have to be asked before each literal (no LITERAL+): whether a command is written before the last
 * one was answered. That saves a round trip, but where the server leaves Nagle's algorithm on (Courier) its "+" waits
 * for our delayed ACK, 40 ms a message. So both ways are tried, and the faster one is kept.
 */
export class AppendPace {
  readonly #now: () => number;
  readonly #tried = { together: { count: 0, ms: 0 }, inTurn: { count: 0, ms: 0 } };

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The results in the order of `sends`, none of which may throw. */
  async run<T>(sends: readonly (() => Promise<T>)[]): Promise<T[]> {
    const results: T[] = [];
    while (results.length < sends.length) {
      const way = this.#way();
      const tried = this.#tried[way];
      const open = tried.count < TRIAL ? TRIAL - tried.count : sends.length;
      const part = sends.slice(results.length, results.length + open);
      const startedAt = this.#now();
      if (way === 'together') results.push(...(await Promise.all(part.map((send) => send()))));
      else for (const send of part) results.push(await send());
      tried.count += part.length;
      tried.ms += this.#now() - startedAt;
    }
    return results;
  }

  #way(): 'together' | 'inTurn' {
    const { together, inTurn } = this.#tried;
    if (together.count < TRIAL) return 'together';
    if (inTurn.count < TRIAL) return 'inTurn';
    return inTurn.ms / inTurn.count < together.ms / together.count ? 'inTurn' : 'together';
  }
}

/** Messages sent in each way before it is judged. */
const TRIAL = 8;

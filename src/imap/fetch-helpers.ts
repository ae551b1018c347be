/**
 * Further connections that share the fetching. They only ever help: one that can't be opened or is lost is
 * gone, what it was asked for goes back to the run, and the source's own connection does it.
 */
import type { FetchRun } from './fetch-run.js';
import type { MailboxReader } from './reader.js';

/** Octets to be fetched from which another connection is worth its sign-in. */
const MANY_OCTETS = 8 * 1024 * 1024;

export class FetchHelpers {
  readonly #most: number;
  readonly #connect: (signal: AbortSignal) => Promise<MailboxReader>;
  readonly #closing = new AbortController();
  readonly #opening = new Set<Promise<MailboxReader | null>>();
  readonly #busy = new Set<Promise<void>>();
  #expected = 0;
  #refused = false;

  constructor(most: number, connect: (signal: AbortSignal) => Promise<MailboxReader>) {
    this.#most = most;
    this.#connect = connect;
  }

  /** So many octets were listed that may have to be fetched: connections are opened while that goes on. */
  expect(octets: number): void {
    this.#expected += octets;
    if (this.#expected >= MANY_OCTETS) this.#open();
  }

  /** Shares a run's work with the connections that are open, or will be before all of it is asked for. */
  join(run: FetchRun): void {
    if (run.waiting >= MANY_OCTETS) this.#open();
    for (const opening of this.#opening) {
      void opening.then((reader) => {
        if (reader === null || !run.mayBeJoined) return;
        const helping = this.#help(run, opening, reader);
        this.#busy.add(helping);
        // Whoever waits for `settled` hears of it; until then it must not count as unhandled.
        helping.catch(() => undefined);
      });
    }
  }

  /** Until what was asked for here is answered or given back. Throws what has to do with the archive. */
  async settled(): Promise<void> {
    const busy = [...this.#busy];
    this.#busy.clear();
    const outcomes = await Promise.allSettled(busy);
    const broken = outcomes.find((outcome) => outcome.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
  }

  async close(): Promise<void> {
    const ending = [...this.#opening].map((opening) => opening.then((reader) => reader?.close()));
    // What is open says goodbye at once; what is still being opened is given up.
    setImmediate(() => this.#closing.abort());
    await Promise.all(ending);
  }

  #open(): void {
    while (!this.#refused && this.#opening.size < this.#most) {
      this.#opening.add(
        this.#connect(this.#closing.signal).catch(() => {
          // Most likely the server's limit of connections: it would not grow by asking again.
          this.#refused = true;
          return null;
        }),
      );
    }
  }

  async #help(run: FetchRun, opening: Promise<MailboxReader | null>, reader: MailboxReader): Promise<void> {
    try {
      await run.drive(reader);
    } catch (error) {
      this.#opening.delete(opening);
      await reader.close();
      if (run.mayRetryAfter(error, reader)) return;
      // The server may only have asked to wait: the source's own connection goes on then.
      run.resume(reader);
      throw error;
    }
  }
}

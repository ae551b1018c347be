/**
 * Keeps the watched mailboxes of one account heard: connects, waits for news, reconnects with growing waits
 * when a connection is lost, and asks again hours later where the server has no way to tell: it may have had a
 * bad moment. After each (re)connection it asks for a run, because nobody tells what happened in between.
 */

import type { News } from '../core/daemon/burst.js';
import type { DaemonObserver, WatchState } from '../core/daemon/daemon-events.js';
import { retryDelay } from '../core/daemon/retry.js';
import { errorReport } from '../core/errors.js';
import { withLinked } from '../core/linked-signal.js';
import { pause } from '../core/pause.js';
import type { Watcher } from '../core/ports/watch.js';

export interface WatchLoopOptions {
  readonly account: string;
  readonly mailboxes: readonly string[];
  readonly watcher: Watcher;
  readonly clock: () => number;
  readonly observer: DaemonObserver;
  readonly onNews: (news: News) => void;
}

/** A connection that held so long was a good one: the next failure counts as the first. */
const GOOD_AFTER_MS = 60_000;
/** A server without IDLE, or that refused it, may have learned it. */
const ASK_AGAIN_MS = 6 * 3_600_000;

export class WatchLoop {
  readonly #options: WatchLoopOptions;
  readonly #stopped = new AbortController();
  /** Ends the connection or the wait of the moment. */
  #attempt = new AbortController();
  readonly #states = new Map<string, WatchState>();
  readonly ended: Promise<void>;

  constructor(options: WatchLoopOptions) {
    this.#options = options;
    this.ended = this.#run();
  }

  /** The network may have changed under the connections: begins anew at once. */
  restart(): void {
    this.#attempt.abort();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { mailboxes, account, clock } = this.#options;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      this.#attempt = new AbortController();
      const signals = [this.#stopped.signal, this.#attempt.signal];
      const startedAt = clock();
      this.#tell(mailboxes, 'connecting');
      try {
        if ((await withLinked(signals, (signal) => this.#listen(signal))) === 'unsupported') {
          this.#tell(mailboxes, 'unsupported');
          await withLinked(signals, (signal) => pause(ASK_AGAIN_MS, signal));
        }
        failures = 0;
      } catch (error) {
        this.#tell(mailboxes, 'lost');
        const held = clock() - startedAt;
        failures = held > GOOD_AFTER_MS || held < 0 ? 1 : failures + 1;
        const delay = retryDelay(errorReport(error), failures, account);
        await withLinked(signals, (signal) => pause(delay, signal));
      }
    }
    this.#tell(mailboxes, 'stopped');
  }

  #listen(signal: AbortSignal): Promise<'stopped' | 'unsupported'> {
    const { watcher, mailboxes, onNews } = this.#options;
    return watcher.watch(
      mailboxes,
      {
        watching: (mailbox) => {
          this.#tell([mailbox], 'watching');
          onNews('arrived');
        },
        refused: (mailbox) => this.#tell([mailbox], 'unsupported'),
        news: (_mailbox, news) => onNews(news),
      },
      signal,
    );
  }

  #tell(mailboxes: readonly string[], state: WatchState): void {
    const { observer, account, clock } = this.#options;
    for (const mailbox of mailboxes) {
      // What the server refused stays refused until it is watched: to ask again is no news.
      const isRefused = this.#states.get(mailbox) === 'unsupported';
      if (isRefused && state !== 'watching' && state !== 'stopped') continue;
      this.#states.set(mailbox, state);
      observer.observe({ kind: 'watch-state', at: clock(), account, mailbox, state });
    }
  }
}

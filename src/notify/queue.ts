/**
 * What one notifier still has to send, in order. Adding returns at once; each message is tried a few times with
 * growing pauses, and what then is not delivered is reported. An alert is told once, so it is tried on for a day,
 * as the network that failed may be its own; a ping is of no use later. A queue that is full lets go of its oldest
 * message: the newest tells more.
 */
import pRetry, { AbortError } from 'p-retry';
import { pause } from '../core/pause.js';
import { DeliveryError, type Notifier } from './notifier.js';

export type DeliveryResult = 'sent' | 'failed' | 'dropped';

export interface QueueOptions {
  /** Tries after the first. */
  readonly retries?: number;
  /** Milliseconds before the first retry; doubled each time, at most a minute. */
  readonly firstPauseMs?: number;
  readonly capacity?: number;
  /** Further tries of what failed, one at a time; default: none. */
  readonly later?: { readonly everyMs: number; readonly times: number };
  /** Hears how each message ended, and first of all that it failed where it is tried on; `why` is for people. */
  readonly onResult: (notifier: string, result: DeliveryResult, why: string | null) => void;
}

export class DeliveryQueue<Message> {
  readonly #notifier: Notifier<Message>;
  readonly #options: QueueOptions;
  readonly #waiting: Message[] = [];
  readonly #stop = new AbortController();
  #sending: Promise<void> | null = null;

  constructor(notifier: Notifier<Message>, options: QueueOptions) {
    this.#notifier = notifier;
    this.#options = options;
  }

  add(message: Message): void {
    if (this.#stop.signal.aborted) return;
    if (this.#waiting.length >= (this.#options.capacity ?? 100)) {
      this.#waiting.shift();
      this.#report('dropped', 'too many are waiting');
    }
    this.#waiting.push(message);
    this.#sending ??= this.#drain();
  }

  /** Waits that long for what is on its way, then gives it up. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), graceMs);
    await this.#sending;
    clearTimeout(timer);
    this.#stop.abort();
  }

  async #drain(): Promise<void> {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      if (this.#stop.signal.aborted) this.#report('dropped', 'mailkeep stops');
      else await this.#deliver(message);
    }
    this.#sending = null;
  }

  async #deliver(message: Message): Promise<void> {
    const { retries = 5, firstPauseMs = 2000, later } = this.#options;
    let problem = await this.#try(message, retries, firstPauseMs);
    if (problem !== null) this.#report('failed', problem.message);
    for (let left = later?.times ?? 0; left > 0 && problem !== null && !problem.permanent; left--) {
      await pause(later!.everyMs, this.#stop.signal);
      problem = await this.#try(message, 0, firstPauseMs);
    }
    if (problem === null) this.#report('sent', null);
  }

  /** Why it could not be sent; null when it was. */
  async #try(message: Message, retries: number, firstPauseMs: number): Promise<DeliveryError | null> {
    const { signal } = this.#stop;
    try {
      await pRetry(
        async () => {
          try {
            await unlessStopped(this.#notifier.send(message, signal), signal);
          } catch (error) {
            throw error instanceof DeliveryError && error.permanent ? new AbortError(error) : asError(error);
          }
        },
        { retries, minTimeout: firstPauseMs, maxTimeout: 60_000, factor: 2, randomize: true, signal },
      );
      return null;
    } catch (error) {
      if (error instanceof DeliveryError && !signal.aborted) return error;
      const why = error instanceof DeliveryError ? error.message : 'given up';
      return new DeliveryError(why, { permanent: true, cause: error });
    }
  }

  #report(result: DeliveryResult, why: string | null): void {
    this.#options.onResult(this.#notifier.name, result, why);
  }
}

/** Not every library stops at a signal. Leaves nothing on the signal, which lives as long as the daemon. */
function unlessStopped(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DeliveryError('mailkeep stops', { permanent: true }));
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** p-retry gives up at once on a TypeError that is not about the network; ours all are worth a retry. */
function asError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  return new DeliveryError('an unexpected failure', { permanent: false, cause: error });
}

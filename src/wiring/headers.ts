/**
 * Makes the headers of a run's mail searchable. Where there is much of it a thread does it beside the run;
 * for a few messages starting one would cost more than reading them.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describeError } from '../core/errors.js';
import { HeaderIndex } from './header-index.js';

/** Messages stored between two hints to go on; with the first of them the thread starts. */
const EVERY = 500;

export class HeaderThread {
  readonly #root: string;
  #worker: Worker | null = null;
  #failed: unknown = null;
  #told = 0;

  /** `root` is `<data_dir>/<account>`. Nothing is started before there is much to do. */
  constructor(root: string) {
    this.#root = root;
  }

  /** So many messages have arrived in this run. */
  stored(messages: number): void {
    if (messages - this.#told < EVERY) return;
    this.#told = messages;
    this.#worker ??= this.#start();
    this.#worker.postMessage('go');
  }

  /**
   * When it returns, all that was stored is searchable by its header; or the reason why not, which is no
   * failure of the run: the next search makes up for it.
   */
  async finish(signal: AbortSignal): Promise<string | null> {
    if (this.#worker === null) {
      await this.#enterHere(signal).catch((error: unknown) => {
        this.#failed = error;
      });
    } else if (this.#failed === null) {
      this.#worker.postMessage('finish');
      await once(this.#worker, 'exit').catch(() => undefined);
    }
    return this.#failed === null ? null : describeError(this.#failed);
  }

  /** Gives up what is not finished; the next search makes up for it. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #enterHere(signal: AbortSignal): Promise<void> {
    const index = new HeaderIndex(this.#root);
    try {
      await index.enterRest(signal);
    } finally {
      index.close();
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL('./header-thread.js', import.meta.url), {
      workerData: { root: this.#root },
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
    });
    worker.on('error', (error) => {
      this.#failed = error;
    });
    return worker;
  }
}

/** The thread that makes headers searchable beside a run, seen from the run. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describeError } from '../core/errors.js';

/** Messages stored between two hints to go on. */
const EVERY = 500;

export class HeaderThread {
  readonly #root: string;
  #worker: Worker | null = null;
  #failed: unknown = null;
  #told = 0;

  /** `root` is `<data_dir>/<account>`. Nothing is started before there is something to do. */
  constructor(root: string) {
    this.#root = root;
  }

  /** So many messages have arrived in this run. */
  stored(messages: number): void {
    if (messages - this.#told < EVERY) return;
    this.#told = messages;
    this.#start().postMessage('go');
  }

  /**
   * When it returns, all that was stored is searchable by its header; or the reason why not, which is no
   * failure of the run: the next search makes up for it.
   */
  async finish(): Promise<string | null> {
    const worker = this.#start();
    if (this.#failed === null) {
      worker.postMessage('finish');
      await once(worker, 'exit').catch(() => undefined);
    }
    return this.#failed === null ? null : describeError(this.#failed);
  }

  /** Gives up what is not finished; the next search makes up for it. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker === null) {
      this.#worker = new Worker(new URL('./header-thread.js', import.meta.url), {
        workerData: { root: this.#root },
        resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 },
      });
      this.#worker.on('error', (error) => {
        this.#failed = error;
      });
    }
    return this.#worker;
  }
}

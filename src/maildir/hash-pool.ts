/**
 * Threads that hash files side by side. Orders go round; each thread works its own off one after the other.
 * Whoever opens the pool closes it.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ArchiveError } from '../core/errors.js';
import { asStoreError } from './durable.js';
import { SEPARATOR } from './hash-file.js';
import type { HashAnswer, HashOrder } from './hash-worker.js';

/** More threads than this only make a disk seek. */
const MAX_THREADS = 4;

export class HashPool {
  readonly #workers: Worker[] = [];
  readonly #waiting = new Map<
    number,
    { resolve: (digests: (string | null)[]) => void; reject: (error: unknown) => void }
  >();
  #orders = 0;

  /** How many orders keep every thread busy. */
  readonly ordersAtOnce: number;

  constructor() {
    const threads = Math.min(MAX_THREADS, availableParallelism());
    this.ordersAtOnce = threads * 2;
    for (let at = 0; at < threads; at++) {
      const worker = new Worker(new URL('./hash-worker.js', import.meta.url));
      worker.on('message', (answer: HashAnswer) => this.#take(answer));
      worker.on('error', (error) => this.#fail(error));
      // An idle pool must not keep the process alive after an error elsewhere.
      worker.unref();
      this.#workers.push(worker);
    }
  }

  /** As FolderInventory.digest; throws ArchiveError `io` where the disk refuses. */
  digest(
    files: readonly { readonly path: string; readonly size?: number | undefined }[],
  ): Promise<(string | null)[]> {
    if (files.length === 0) return Promise.resolve([]);
    const order: HashOrder = {
      order: this.#orders++,
      files: files.map(({ path }) => path).join(SEPARATOR),
      sizes: files.map(({ size }) => size),
    };
    const worker = this.#workers[order.order % this.#workers.length]!;
    worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(order.order, { resolve, reject });
      worker.postMessage(order);
    });
  }

  async close(): Promise<void> {
    this.#fail(new ArchiveError('the threads that hash were closed', { code: 'internal' }));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #take({ order, digests, failure }: HashAnswer): void {
    const waiting = this.#waiting.get(order);
    this.#waiting.delete(order);
    if (failure === null) waiting?.resolve(digests.split(SEPARATOR).map((digest) => digest || null));
    else {
      const error = Object.assign(new Error(failure.message), { code: failure.code });
      waiting?.reject(asStoreError(error, failure.file));
    }
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/**
 * Threads that read messages for the text index, each one message at a time. A message that takes too long,
 * too much memory, or its thread with it, is told to be broken and costs nobody else anything: the thread is
 * ended and the next message gets a new one.
 */
import { Worker } from 'node:worker_threads';
import type { TextOutcome, UnreadMessage } from '../core/ports/search.js';
import type { TextReader } from '../jobs/index-texts.js';
import type { TextAnswer, TextTask, TextThread } from './text-thread.js';

export interface TextLimits {
  /** Milliseconds for one message, whatever its size, and for each MB of it. */
  readonly milliseconds: number;
  readonly millisecondsPerMegabyte: number;
  /** Of JavaScript's heap, for each thread. */
  readonly megabytes: number;
}

export const TEXT_LIMITS: TextLimits = { milliseconds: 20_000, millisecondsPerMegabyte: 500, megabytes: 512 };

export interface TextPoolOptions {
  readonly width: number;
  readonly limits: TextLimits;
  /** Where a message's file lies; null if there is none. */
  readonly fileOf: (message: UnreadMessage) => string | null;
  /** Ends the threads; what they were reading stays unread. */
  readonly signal: AbortSignal;
  /** Threads stand aside where others want the processors. */
  readonly givesWay?: boolean;
  /** What a thread runs. */
  readonly entry?: URL;
}

export class TextPool implements TextReader {
  readonly width: number;
  readonly #options: TextPoolOptions;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();

  constructor(options: TextPoolOptions) {
    this.width = options.width;
    this.#options = options;
  }

  async read(message: UnreadMessage): Promise<TextOutcome | null> {
    const { fileOf, signal } = this.#options;
    const file = fileOf(message);
    if (file === null || signal.aborted) return null;
    const answer = await this.#ask({ file, size: message.size });
    if (answer.read === null || signal.aborted) return null;
    return { id: message.id, sha256: message.sha256, read: answer.read };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #ask(task: TextTask): Promise<TextAnswer> {
    const worker = this.#idle.pop() ?? this.#start();
    const { limits, signal } = this.#options;
    return new Promise((resolve) => {
      const settle = (answer: TextAnswer, alive: boolean) => {
        clearTimeout(timer);
        worker.off('message', answered).off('error', failed).off('exit', ended);
        signal.removeEventListener('abort', stop);
        if (alive) this.#idle.push(worker);
        else void this.#end(worker);
        resolve(answer);
      };
      const time = limits.milliseconds + (limits.millisecondsPerMegabyte * task.size) / 1e6;
      const timer = setTimeout(
        () => settle({ read: { broken: `reading it took more than ${Math.round(time / 1000)} s` } }, false),
        time,
      );
      const stop = () => settle({ read: null }, false);
      signal.addEventListener('abort', stop, { once: true });
      const answered = (answer: TextAnswer) => settle(answer, true);
      const failed = (error: NodeJS.ErrnoException) =>
        settle({ read: { broken: reasonOf(error, limits) } }, false);
      const ended = () => settle({ read: { broken: 'it ended the program that read it' } }, false);
      worker.on('message', answered).on('error', failed).on('exit', ended);
      worker.postMessage(task);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#options.entry ?? new URL('./text-thread.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.#options.limits.megabytes },
      workerData: { givesWay: this.#options.givesWay === true } satisfies TextThread,
      // What a parser writes to the console is no output of ours.
      stdout: true,
      stderr: true,
    });
    this.#all.add(worker);
    return worker;
  }

  async #end(worker: Worker): Promise<void> {
    this.#all.delete(worker);
    // An error that comes on the way down is of no interest any more, but unheard it would end the process.
    worker.on('error', () => undefined);
    await worker.terminate();
  }
}

function reasonOf(error: NodeJS.ErrnoException, { megabytes }: TextLimits): string {
  return error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? `reading it took more than ${megabytes} MB of memory`
    : error.message;
}

/**
 * Writes small bodies on other threads, so that hashing and the file system don't hold up the reading. Octets
 * travel through slots of shared memory, whose number bounds what is on the way: when none is free, the
 * writer waits, and with it the server. What the threads do is `writeBody`; whatever is durable is decided
 * elsewhere.
 */
import { Worker } from 'node:worker_threads';
import type { PendingBody, WrittenBody } from '../core/ports/store.js';
import type { TemporaryBody } from './body-writer.js';
import { asStoreError } from './durable.js';
import { headerStart } from './header-block.js';

/** Octets of a slot; the largest body that may come here is a quarter of it. */
const SLOT = 1024 * 1024;
const SLOTS_PER_THREAD = 4;

export interface BodyToWrite {
  readonly file: string;
  readonly receivedAt: number;
  readonly chunks: readonly Uint8Array[];
  readonly size: number;
}

/** What a thread is told of one slot: which octets go to which file. */
export interface WriteOrder {
  readonly slot: number;
  readonly bodies: readonly {
    readonly file: string;
    readonly receivedAt: number;
    readonly from: number;
    readonly to: number;
  }[];
}

export type WriteResult =
  | { readonly ok: true; readonly descriptor: number; readonly sha256: string; readonly headerSha256: string }
  | { readonly ok: false; readonly message: string; readonly code: string };

export interface WriteAnswer {
  readonly slot: number;
  readonly results: readonly WriteResult[];
}

interface Waiting {
  readonly body: BodyToWrite;
  readonly done: (pending: PendingBody) => void;
}

interface Entry {
  readonly order: WriteOrder['bodies'][number];
  readonly size: number;
  readonly header: Uint8Array;
  readonly resolve: (body: TemporaryBody) => void;
  readonly reject: (error: unknown) => void;
}

class Slot {
  readonly octets: Buffer;
  readonly number: number;
  readonly thread: number;
  used = 0;
  entries: Entry[] = [];

  constructor(thread: number, number: number) {
    this.thread = thread;
    this.number = number;
    this.octets = Buffer.from(new SharedArrayBuffer(SLOT));
  }
}

export class BodyThreads {
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #workers: Worker[];
  #filling: Slot | null = null;
  #broken: Error | null = null;

  constructor(count: number) {
    const script = new URL('./body-thread.js', import.meta.url);
    this.#workers = Array.from({ length: count }, (_, thread) => {
      const own = Array.from({ length: SLOTS_PER_THREAD }, (_, number) => new Slot(thread, number));
      this.#slots.push(...own);
      const worker = new Worker(script, {
        workerData: own.map(({ octets }) => octets.buffer),
        // Descriptors opened there are closed here; the thread's end must not close their numbers again.
        trackUnmanagedFds: false,
        // Next to nothing lives there; the default would let garbage grow to tens of megabytes.
        resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
      });
      worker.on('message', (answer: WriteAnswer) => this.#answered(own[answer.slot]!, answer.results));
      worker.on('error', (error) => this.#break(error));
      return worker;
    });
    // Taken from the end, by turns.
    for (let number = 0; number < SLOTS_PER_THREAD; number++)
      this.#free.push(...this.#slots.filter((slot) => slot.number === number));
  }

  /** Bodies of at most MAX_WAITING octets. A promise asks the caller to wait: the disk is behind. */
  write(body: BodyToWrite): PendingBody | Promise<PendingBody> {
    const slot = this.#waiting.length === 0 ? this.#slotFor(body.size) : null;
    if (slot !== null) return this.#put(slot, body);
    return new Promise((done) => this.#waiting.push({ body, done }));
  }

  /** Nothing may be on its way any more. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #slotFor(size: number): Slot | null {
    if (this.#filling !== null && this.#filling.used + size > SLOT) this.#send(this.#filling);
    if (this.#filling === null) {
      this.#filling = this.#free.pop() ?? null;
      // What one turn of the event loop brings travels together.
      if (this.#filling !== null) setImmediate(() => this.#filling !== null && this.#send(this.#filling));
    }
    return this.#filling;
  }

  #put(slot: Slot, { file, receivedAt, chunks, size }: BodyToWrite): PendingBody {
    const from = slot.used;
    for (const chunk of chunks) {
      slot.octets.set(chunk, slot.used);
      slot.used += chunk.length;
    }
    const header = headerStart(slot.octets.subarray(from, slot.used));
    const written = new Promise<WrittenBody>((resolve, reject) => {
      slot.entries.push({ order: { file, receivedAt, from, to: slot.used }, size, header, resolve, reject });
    });
    // Whoever collects the body hears of it; until then it must not count as unhandled.
    written.catch(() => undefined);
    return { size, written };
  }

  #send(slot: Slot): void {
    this.#filling = null;
    const order: WriteOrder = { slot: slot.number, bodies: slot.entries.map((entry) => entry.order) };
    if (this.#broken === null) this.#workers[slot.thread]!.postMessage(order);
    else this.#fail(slot, this.#broken);
  }

  #answered(slot: Slot, results: readonly WriteResult[]): void {
    results.forEach((result, at) => {
      const { order, size, header, resolve, reject } = slot.entries[at]!;
      if (!result.ok) {
        reject(asStoreError(Object.assign(new Error(result.message), { code: result.code }), order.file));
        return;
      }
      const { descriptor, sha256, headerSha256 } = result;
      resolve({ descriptor, sha256, headerSha256, size, header, file: order.file });
    });
    this.#release(slot);
  }

  #release(slot: Slot): void {
    slot.used = 0;
    slot.entries = [];
    this.#free.push(slot);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const into = this.#slotFor(next.body.size);
      if (into === null) return;
      this.#waiting.shift();
      next.done(this.#put(into, next.body));
    }
  }

  /** A thread that ended takes all of them along: nothing more can be written here. */
  #break(error: Error): void {
    this.#broken = error;
    for (const slot of this.#slots)
      if (slot !== this.#filling && slot.entries.length > 0) this.#fail(slot, error);
  }

  #fail(slot: Slot, error: Error): void {
    for (const { reject } of slot.entries) reject(error);
    this.#release(slot);
  }
}

/**
 * Writes small bodies on other threads, so that hashing and the file system don't hold up the reading. Octets
 * travel through slots of shared memory, whose number bounds what is on the way: when none is free, the
 * writer waits, and with it the server. What the threads do is `writeBody` and the fsync; whatever counts is
 * decided elsewhere.
 */
import { Worker } from 'node:worker_threads';
import type { PendingBody, WrittenBody } from '../core/ports/store.js';
import type { TemporaryBody } from './body-writer.js';
import { asStoreError } from './durable.js';
import type { BodyOnDisk } from './write-body.js';

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
  readonly number: number;
  readonly slot: number;
  readonly bodies: readonly {
    readonly file: string;
    readonly receivedAt: number;
    readonly from: number;
    readonly to: number;
  }[];
}

/** What the file system said. */
export interface Refusal {
  readonly message: string;
  readonly code: string;
}

export type WriteResult = Omit<BodyOnDisk, 'descriptor'> | Refusal;

/** First that all is written or refused, and the slot is free; then which of them could not be made durable. */
export type ThreadAnswer =
  | { readonly order: number; readonly results: readonly WriteResult[] }
  | { readonly order: number; readonly refusals: readonly (Refusal | null)[] };

interface Waiting {
  readonly body: BodyToWrite;
  readonly done: (pending: PendingBody) => void;
}

interface Entry {
  readonly order: WriteOrder['bodies'][number];
  readonly resolve: (body: TemporaryBody) => void;
  readonly reject: (error: unknown) => void;
}

/** Bodies that a thread has and did not make durable yet. */
interface Order {
  readonly slot: Slot;
  readonly entries: readonly Entry[];
  /** Once they are written; null for one that was refused. */
  bodies: readonly (TemporaryBody | null)[] | null;
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
  readonly #orders = new Map<number, Order>();
  #lastOrder = 0;
  #filling: Slot | null = null;
  #broken: Error | null = null;

  constructor(count: number, entry = new URL('./body-thread.js', import.meta.url)) {
    this.#workers = Array.from({ length: count }, (_, thread) => {
      const own = Array.from({ length: SLOTS_PER_THREAD }, (_, number) => new Slot(thread, number));
      this.#slots.push(...own);
      const worker = new Worker(entry, {
        workerData: own.map(({ octets }) => octets.buffer),
        // Next to nothing lives there; the default would let garbage grow to tens of megabytes.
        resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
      });
      worker.on('message', (answer: ThreadAnswer) => this.#answered(answer));
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
    const written = new Promise<WrittenBody>((resolve, reject) => {
      slot.entries.push({ order: { file, receivedAt, from, to: slot.used }, resolve, reject });
    });
    // Whoever collects the body hears of it; until then it must not count as unhandled.
    written.catch(ignore);
    return { size, written };
  }

  #send(slot: Slot): void {
    this.#filling = null;
    const { entries } = slot;
    slot.entries = [];
    if (this.#broken !== null) {
      for (const { reject } of entries) reject(this.#broken);
      this.#release(slot);
      return;
    }
    this.#lastOrder += 1;
    const number = this.#lastOrder;
    this.#orders.set(number, { slot, entries, bodies: null });
    const order: WriteOrder = { number, slot: slot.number, bodies: entries.map((entry) => entry.order) };
    this.#workers[slot.thread]!.postMessage(order);
  }

  #answered(answer: ThreadAnswer): void {
    const order = this.#orders.get(answer.order)!;
    if ('results' in answer) {
      order.bodies = answer.results.map((result, at) => takenOver(order.entries[at]!, result));
      this.#release(order.slot);
      return;
    }
    this.#orders.delete(answer.order);
    for (const [at, refusal] of answer.refusals.entries()) {
      const { reject, resolve, order: asked } = order.entries[at]!;
      const body = order.bodies![at]!;
      if (refusal !== null) reject(asError(refusal, asked.file));
      else if (body !== null) resolve(body);
    }
  }

  #release(slot: Slot): void {
    slot.used = 0;
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
    const orders = [...this.#orders.values()];
    this.#orders.clear();
    for (const { slot, entries, bodies } of orders) {
      for (const { reject } of entries) reject(error);
      if (bodies === null) this.#release(slot);
    }
  }
}

/** What is known of a written body; null where it was refused. */
function takenOver({ order, reject }: Entry, result: WriteResult): TemporaryBody | null {
  if ('code' in result) {
    reject(asError(result, order.file));
    return null;
  }
  const { sha256, headerSha256, messageId } = result;
  return { file: order.file, size: order.to - order.from, sha256, headerSha256, messageId };
}

function ignore(): void {}

function asError({ message, code }: Refusal, file: string): unknown {
  return asStoreError(Object.assign(new Error(message), { code }), file);
}

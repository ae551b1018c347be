/**
 * Bodies on their way to disk. A full batch is made durable and recorded while the next one fills; one
 * batch at most is in flight, so memory, open files and what a crash can cost stay bounded.
 */

import type { StoredPlacement, UnfetchedPlacement } from '../core/ports/placements.js';
import type { FilePlace, PendingBody, WrittenBody } from '../core/ports/store.js';
import type { SyncContext } from './sync-context.js';

const MAX_FILES = 400;
const MAX_OCTETS = 32 * 1024 * 1024;

/** A placement whose date is known by now. */
export type DatedPlacement = UnfetchedPlacement & { readonly receivedAt: number };

interface BatchEntry {
  readonly placement: DatedPlacement;
  readonly body: PendingBody;
}

export class BodyBatch {
  readonly #context: SyncContext;
  #entries: BatchEntry[] = [];
  #octets = 0;
  readonly #arriving = new Set<Promise<void>>();
  #flushing: Promise<void> = Promise.resolve();

  constructor(context: SyncContext) {
    this.#context = context;
  }

  /** A returned promise asks the caller to wait: the disk is behind. */
  add(placement: DatedPlacement, body: PendingBody): void | Promise<void> {
    this.#entries.push({ placement, body });
    this.#octets += body.size;
    if (this.#entries.length >= MAX_FILES || this.#octets >= MAX_OCTETS) return this.#startFlush();
  }

  /** What will be added once the disk keeps up. */
  expect(arrival: Promise<void>): Promise<void> {
    const arriving = arrival.finally(() => this.#arriving.delete(arriving));
    this.#arriving.add(arriving);
    return arriving;
  }

  /** After it returns, everything added and expected is durable and recorded; after it throws, given up. */
  async flush(): Promise<void> {
    await Promise.allSettled(this.#arriving);
    try {
      await this.#startFlush();
    } finally {
      await this.#flushing;
    }
  }

  async #startFlush(): Promise<void> {
    const entries = this.#entries;
    this.#entries = [];
    this.#octets = 0;
    const before = this.#flushing;
    this.#flushing = before.then(
      () => this.#store(entries),
      async (error: unknown) => {
        await this.#context.ports.store.discard(entries.map(({ body }) => body));
        throw error;
      },
    );
    // Whoever waits on `#flushing` next gets the error; until then it must not count as unhandled.
    this.#flushing.catch(() => undefined);
    await before;
  }

  async #store(entries: readonly BatchEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { store, index } = this.#context.ports;
    const placed = new Map<string, FilePlace>();
    const written = await store.collect(entries.map(({ body }) => body));
    const known = index.known(written.map(({ sha256 }) => sha256));
    const bodies: { body: WrittenBody; place: FilePlace; linkTo: FilePlace | null }[] = [];
    const stored: StoredPlacement[] = [];
    for (const [at, { placement }] of entries.entries()) {
      const body = written[at]!;
      const { mailbox, flags, receivedAt, generation, uid } = placement;
      const { sha256, size } = body;
      const letters = this.#context.letters(mailbox, flags);
      const name = { receivedAt, generation, uid, sha256, size };
      const place = this.#context.place('mail', mailbox, name, letters);
      const key = `${sha256} ${receivedAt}`;
      const twin = known.has(sha256) ? await this.#twin(body, receivedAt) : null;
      bodies.push({ body, place, linkTo: placed.get(key) ?? twin });
      placed.set(key, place);
      stored.push({
        placement: placement.placement,
        body,
        receivedAt,
        messageId: body.messageId,
        letters,
        settled: true,
      });
    }
    await store.commit(bodies);
    index.recordStored(stored);
    this.#context.tally.added += stored.length;
  }

  /**
   * A file here with the same octets and the same mtime: one inode serves both. Its octets are read first:
   * a file that has rotted must not win over what has just arrived.
   */
  async #twin(body: WrittenBody, receivedAt: number): Promise<FilePlace | null> {
    const { index, store } = this.#context.ports;
    const found = index.locate(body.sha256, receivedAt);
    if (found === null || found.receivedAt !== receivedAt) return null;
    return (await store.measure(found))?.sha256 === body.sha256 ? found : null;
  }
}

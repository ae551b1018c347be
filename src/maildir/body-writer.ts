/**
 * One message on its way into tmp/. A small one waits in memory and is then hashed and written in one go,
 * which halves what it costs, by a thread where there is one; the octets of a larger one go to the file and
 * the hash as they come, so memory doesn't grow with the message. The fsync begins at the message's end, beside
 * those that follow. Nothing counts until `MaildirStore.commit`.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import type { BodyFacts, BodyWriter, PendingBody, WrittenBody } from '../core/ports/store.js';
import type { BodyThreads } from './body-threads.js';
import { asStoreError, errorCode, FILE_MODE } from './durable.js';
import { HeaderBlock } from './header-block.js';
import { readChunks } from './read-file.js';
import { discard, makeDurable, setModified, writeBody, writeWhole } from './write-body.js';

/** Octets of a message that wait in memory before it counts as large. */
const MAX_WAITING = 256 * 1024;

/** A durable body that is still in tmp/. */
export interface TemporaryBody extends WrittenBody {
  readonly file: string;
}

/** Reads a file as it would have arrived; null if it isn't there. Memory stays flat. */
export async function measureFile(file: string): Promise<BodyFacts | null> {
  const hash = createHash('sha256');
  const header = new HeaderBlock();
  let size = 0;
  try {
    for await (const chunk of readChunks(file)) {
      hash.update(chunk);
      header.update(chunk);
      size += chunk.length;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw asStoreError(error, file);
  }
  return { sha256: hash.digest('hex'), size, headerSha256: header.digest(), messageId: header.messageId() };
}

/** Reads a file up to the end of its header block; null if it isn't there. */
export async function measureHeader(
  file: string,
): Promise<Pick<BodyFacts, 'messageId' | 'headerSha256'> | null> {
  const header = new HeaderBlock();
  try {
    for await (const chunk of readChunks(file)) {
      header.update(chunk);
      if (header.ended) break;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw asStoreError(error, file);
  }
  return { headerSha256: header.digest(), messageId: header.messageId() };
}

export class TemporaryBodyWriter implements BodyWriter {
  readonly #file: string;
  readonly #receivedAt: number;
  readonly #threads: BodyThreads | null;
  #waiting: Uint8Array[] = [];
  /** From the moment the message turned out to be large. */
  #stream: LargeBody | null = null;
  #size = 0;

  constructor(file: string, receivedAt: number, threads: BodyThreads | null) {
    this.#file = file;
    this.#receivedAt = receivedAt;
    this.#threads = threads;
  }

  /** Throws ArchiveError if the disk refuses. */
  write(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#stream === null) {
      this.#waiting.push(chunk);
      if (this.#size <= MAX_WAITING) return;
      this.#stream = new LargeBody(this.#file);
      for (const part of this.#waiting) this.#stream.write(part);
      this.#waiting = [];
    } else {
      this.#stream.write(chunk);
    }
  }

  /** Throws ArchiveError if the disk refuses. */
  finish(): PendingBody | Promise<PendingBody> {
    const [file, receivedAt] = [this.#file, this.#receivedAt];
    if (this.#stream !== null) return this.#stream.finish(receivedAt, this.#size);
    const chunks = this.#waiting;
    if (this.#threads !== null) return this.#threads.write({ file, receivedAt, chunks, size: this.#size });
    const octets = joined(chunks);
    try {
      const { descriptor, ...facts } = writeBody({ file, receivedAt, octets });
      return pending({ file, size: this.#size, ...facts }, descriptor);
    } catch (error) {
      throw asStoreError(error, file);
    }
  }

  abort(): void {
    this.#waiting = [];
    this.#stream?.abort();
  }
}

/** A message that is too large to wait in memory. */
class LargeBody {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #hash: Hash = createHash('sha256');
  readonly #header = new HeaderBlock();

  constructor(file: string) {
    this.#file = file;
    this.#descriptor = this.#attempt(() => openSync(file, 'wx', FILE_MODE));
  }

  write(part: Uint8Array): void {
    this.#hash.update(part);
    this.#header.update(part);
    this.#attempt(() => writeWhole(this.#descriptor, part));
  }

  finish(receivedAt: number, size: number): PendingBody {
    const [file, descriptor] = [this.#file, this.#descriptor];
    try {
      this.#attempt(() => setModified(descriptor, receivedAt));
    } catch (error) {
      this.abort();
      throw error;
    }
    const [sha256, headerSha256] = [this.#hash.digest('hex'), this.#header.digest()];
    return pending({ file, sha256, size, headerSha256, messageId: this.#header.messageId() }, descriptor);
  }

  abort(): void {
    closeSync(this.#descriptor);
    discard(this.#file);
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw asStoreError(error, this.#file);
    }
  }
}

function pending(body: TemporaryBody, descriptor: number): PendingBody {
  const written = makeDurable(body.file, descriptor).then(
    () => body,
    (error: unknown) => {
      throw asStoreError(error, body.file);
    },
  );
  // Whoever collects the body hears of it; until then it must not count as unhandled.
  written.catch(() => undefined);
  return { size: body.size, written };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

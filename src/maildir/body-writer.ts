/**
 * One message on its way into tmp/: octets go to the file as they come and are hashed on the way, so
 * memory doesn't grow with the message. Nothing counts until `MaildirStore.commit`.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, futimesSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { BodyFacts, BodyWriter, WrittenBody } from '../core/archive-ports.js';
import { asStoreError, errorCode, FILE_MODE } from './durable.js';

/** As much of the header block as is kept for the index; longer ones are hashed whole all the same. */
const MAX_HEADER = 64 * 1024;

/** A finished body that is still in tmp/ with an open descriptor. */
export interface TemporaryBody extends WrittenBody {
  readonly file: string;
  readonly descriptor: number;
}

/** Reads a file as it would have arrived; null if it isn't there. Memory stays flat. */
export async function measureFile(file: string): Promise<BodyFacts | null> {
  const hash = createHash('sha256');
  const header = new HeaderBlock();
  let size = 0;
  try {
    for await (const chunk of createReadStream(file, {
      highWaterMark: 256 * 1024,
    }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      header.update(chunk);
      size += chunk.length;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw asStoreError(error, file);
  }
  return { sha256: hash.digest('hex'), size, headerSha256: header.digest(), header: header.start() };
}

export class TemporaryBodyWriter implements BodyWriter {
  readonly #file: string;
  readonly #receivedAt: number;
  readonly #descriptor: number;
  readonly #hash = createHash('sha256');
  readonly #header = new HeaderBlock();
  #size = 0;

  /** Throws ArchiveError if the file can't be made. */
  constructor(file: string, receivedAt: number) {
    this.#file = file;
    this.#receivedAt = receivedAt;
    this.#descriptor = attempt(file, () => openSync(file, 'wx', FILE_MODE));
  }

  write(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#header.update(chunk);
    attempt(this.#file, () => {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#descriptor, chunk, at, chunk.length - at);
    });
    this.#size += chunk.length;
  }

  finish(): TemporaryBody {
    attempt(this.#file, () => futimesSync(this.#descriptor, this.#receivedAt, this.#receivedAt));
    return {
      sha256: this.#hash.digest('hex'),
      size: this.#size,
      headerSha256: this.#header.digest(),
      header: this.#header.start(),
      file: this.#file,
      descriptor: this.#descriptor,
    };
  }

  abort(): void {
    discard({ file: this.#file, descriptor: this.#descriptor });
  }
}

/** Gives up a body that has no name yet. */
export function discard(body: Pick<TemporaryBody, 'file' | 'descriptor'>): void {
  try {
    closeSync(body.descriptor);
    unlinkSync(body.file);
  } catch {
    // The next run sweeps tmp/.
  }
}

/** Finds the end of the header block (an empty line) in chunks of any size. */
export class HeaderBlock {
  readonly #hash = createHash('sha256');
  readonly #kept: Uint8Array[] = [];
  #keptLength = 0;
  #ended = false;
  /** Whether the octet before was the LF that ends a line, CRs since then ignored. */
  #lineStart = true;

  update(chunk: Uint8Array): void {
    if (this.#ended) return;
    const end = this.#endIn(chunk);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    this.#hash.update(part);
    if (this.#keptLength < MAX_HEADER) {
      const kept = part.slice(0, MAX_HEADER - this.#keptLength);
      this.#kept.push(kept);
      this.#keptLength += kept.length;
    }
    this.#ended = end !== -1;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  start(): Uint8Array {
    return this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept);
  }

  /** Index after the LF of the empty line, or -1. */
  #endIn(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#lineStart) {
        const octet = chunk[at]!;
        at += 1;
        if (octet === LF) return at;
        if (octet !== CR) this.#lineStart = false;
      } else {
        const lf = chunk.indexOf(LF, at);
        if (lf === -1) return -1;
        at = lf + 1;
        this.#lineStart = true;
      }
    }
    return -1;
  }
}

const LF = 0x0a;
const CR = 0x0d;

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asStoreError(error, file);
  }
}

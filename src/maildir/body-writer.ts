/**
 * One message on its way into tmp/. A small one waits in memory and is then hashed and written in one go,
 * which halves what it costs; the octets of a larger one go to the file and the hash as they come, so memory
 * doesn't grow with the message. Nothing counts until `MaildirStore.commit`.
 */
import { createHash, type Hash, hash } from 'node:crypto';
import { closeSync, futimesSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { BodyFacts, BodyWriter, WrittenBody } from '../core/store-ports.js';
import { asStoreError, errorCode, FILE_MODE, modifiedAt } from './durable.js';
import { readChunks } from './read-file.js';

/** Octets of a message that wait in memory before it counts as large. */
const MAX_WAITING = 256 * 1024;

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
    for await (const chunk of readChunks(file)) {
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

/** Reads a file up to the end of its header block; null if it isn't there. */
export async function measureHeader(
  file: string,
): Promise<Pick<BodyFacts, 'header' | 'headerSha256'> | null> {
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
  return { headerSha256: header.digest(), header: header.start() };
}

export class TemporaryBodyWriter implements BodyWriter {
  readonly #file: string;
  readonly #receivedAt: number;
  readonly #header = new HeaderBlock();
  #waiting: Uint8Array[] = [];
  /** From the moment the message turned out to be large. */
  #stream: { readonly descriptor: number; readonly hash: Hash } | null = null;
  #size = 0;

  constructor(file: string, receivedAt: number) {
    this.#file = file;
    this.#receivedAt = receivedAt;
  }

  /** Throws ArchiveError if the disk refuses. */
  write(chunk: Uint8Array): void {
    this.#header.update(chunk);
    this.#size += chunk.length;
    if (this.#stream === null) {
      this.#waiting.push(chunk);
      if (this.#size <= MAX_WAITING) return;
      this.#stream = { descriptor: this.#create(), hash: createHash('sha256') };
      for (const part of this.#waiting) this.#append(this.#stream, part);
      this.#waiting = [];
    } else {
      this.#append(this.#stream, chunk);
    }
  }

  /** Throws ArchiveError if the disk refuses. */
  finish(): TemporaryBody {
    const whole = this.#stream === null ? joined(this.#waiting) : null;
    const descriptor = this.#stream?.descriptor ?? this.#create();
    try {
      attempt(this.#file, () => {
        if (whole !== null) writeWhole(descriptor, whole);
        const modified = modifiedAt(this.#receivedAt);
        futimesSync(descriptor, modified, modified);
      });
    } catch (error) {
      discard({ file: this.#file, descriptor });
      throw error;
    }
    return {
      sha256: whole === null ? this.#stream!.hash.digest('hex') : hash('sha256', whole),
      size: this.#size,
      headerSha256: this.#header.digest(),
      header: this.#header.start(),
      file: this.#file,
      descriptor,
    };
  }

  abort(): void {
    this.#waiting = [];
    if (this.#stream !== null) discard({ file: this.#file, descriptor: this.#stream.descriptor });
  }

  #create(): number {
    return attempt(this.#file, () => openSync(this.#file, 'wx', FILE_MODE));
  }

  #append(
    { descriptor, hash }: { readonly descriptor: number; readonly hash: Hash },
    part: Uint8Array,
  ): void {
    hash.update(part);
    attempt(this.#file, () => writeWhole(descriptor, part));
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
  /** Null while all of the block lay in one chunk, as it nearly always does. */
  #hash: Hash | null = null;
  #digest: string | null = null;
  readonly #kept: Uint8Array[] = [];
  #keptLength = 0;
  #ended = false;
  /** Whether the octet before was the LF that ends a line, CRs since then ignored. */
  #lineStart = true;

  get ended(): boolean {
    return this.#ended;
  }

  update(chunk: Uint8Array): void {
    if (this.#ended) return;
    const end = this.#endIn(chunk);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    this.#ended = end !== -1;
    if (this.#ended && this.#hash === null) {
      this.#digest = hash('sha256', part);
    } else {
      this.#hash ??= createHash('sha256');
      this.#hash.update(part);
    }
    if (this.#keptLength < MAX_HEADER) {
      // A copy: a view would keep the socket's whole buffer alive until the batch is stored.
      const kept = Buffer.from(part.subarray(0, MAX_HEADER - this.#keptLength));
      this.#kept.push(kept);
      this.#keptLength += kept.length;
    }
  }

  digest(): string {
    this.#digest ??= (this.#hash ?? createHash('sha256')).digest('hex');
    return this.#digest;
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

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function writeWhole(descriptor: number, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; ) at += writeSync(descriptor, octets, at, octets.length - at);
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asStoreError(error, file);
  }
}

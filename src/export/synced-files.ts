/**
 * Files that are written whole and flushed to disk side by side, because waiting for each in turn takes as
 * long as all of them together.
 */
import { closeSync, fsync, futimesSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { FILE_MODE } from './staging.js';

/** Open at once: far below any limit. */
const MAX_OPEN = 128;

export class SyncedFiles {
  #open: number[] = [];

  /**
   * `receivedAt` (seconds) becomes the mtime. The file must not exist, and does not where the content throws.
   * Durable once `flush` has returned.
   */
  async write(
    path: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    receivedAt: number,
  ): Promise<void> {
    const descriptor = openSync(path, 'wx', FILE_MODE);
    try {
      for await (const chunk of chunks) writeWhole(descriptor, chunk);
    } catch (error) {
      closeSync(descriptor);
      unlinkSync(path);
      throw error;
    }
    this.#open.push(descriptor);
    // Node takes a negative number for "now", but not a Date before 1970.
    futimesSync(descriptor, new Date(receivedAt * 1000), new Date(receivedAt * 1000));
    if (this.#open.length >= MAX_OPEN) await this.flush();
  }

  async flush(): Promise<void> {
    const descriptors = this.#open;
    this.#open = [];
    try {
      await Promise.all(descriptors.map(synced));
    } finally {
      for (const descriptor of descriptors) closeSync(descriptor);
    }
  }

  /** Closes what is open without waiting. */
  close(): void {
    for (const descriptor of this.#open) closeSync(descriptor);
    this.#open = [];
  }
}

export function writeWhole(descriptor: number, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; ) at += writeSync(descriptor, octets, at, octets.length - at);
}

function synced(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fsync(descriptor, (error) => (error === null ? resolve() : reject(error))),
  );
}

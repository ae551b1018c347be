/**
 * Opens a file of somebody else's mail for reading: regular files only, and no symbolic link is followed, so
 * that no FIFO, device or link planted in a Maildir holds the import up or leads it elsewhere.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describeError } from '../core/errors.js';

const CHUNK = 256 * 1024;

export interface OpenFile {
  readonly descriptor: number;
  /** Octets. */
  readonly size: number;
  /** mtime in seconds since 1970 UTC. */
  readonly modified: number;
}

/** A sentence where it can't be read. The caller closes the descriptor. */
export function openMessage(file: string): OpenFile | string {
  let descriptor: number | null = null;
  try {
    if (!lstatSync(file).isFile()) return 'it is not a regular file';
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const facts = fstatSync(descriptor);
    if (facts.isFile() && facts.size > 0)
      return { descriptor, size: facts.size, modified: Math.floor(facts.mtimeMs / 1000) };
    closeSync(descriptor);
    return facts.isFile() ? 'it is empty' : 'it is not a regular file';
  } catch (error) {
    if (descriptor !== null) closeSync(descriptor);
    return describeError(error);
  }
}

/** What was read is valid until the next chunk is asked for. Throws what the file system throws. */
export async function* chunksOf({ descriptor }: OpenFile): AsyncGenerator<Uint8Array> {
  const octets = Buffer.allocUnsafe(CHUNK);
  for (;;) {
    const length = readSync(descriptor, octets, 0, CHUNK, null);
    if (length === 0) return;
    yield octets.subarray(0, length);
    // A signal has to be heard between two chunks of a large file.
    if (length === CHUNK) await setImmediate();
  }
}

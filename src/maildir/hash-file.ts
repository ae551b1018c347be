/**
 * SHA-256 of a file at the speed of the disk: a handful of system calls for one of ordinary size, a fixed
 * buffer for a large one, so memory stays flat. Blocks its thread; hash-pool.ts gives it threads of its own.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Octets read at once. */
const BUFFER = 1024 * 1024;

let buffer: Buffer | null = null;

/** Null if there is no such file. Throws what else the file system throws. */
export function hashFile(file: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    buffer ??= Buffer.allocUnsafeSlow(BUFFER);
    const first = fill(descriptor, buffer, fstatSync(descriptor).size);
    if (first < BUFFER) return hash('sha256', buffer.subarray(0, first));
    const digest = createHash('sha256').update(buffer);
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer))
      digest.update(buffer.subarray(0, read));
    return digest.digest('hex');
  } finally {
    closeSync(descriptor);
  }
}

/** Reads to the end of the file or of the buffer; the size only spares the read that would find nothing more. */
function fill(descriptor: number, into: Buffer, size: number): number {
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, into, length, into.length - length, null);
    length += read;
    if (read === 0 || length === size || length === into.length) return length;
  }
}

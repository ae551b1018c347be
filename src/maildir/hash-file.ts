/**
 * SHA-256 of a file at the speed of the disk: a handful of system calls for one of ordinary size, a fixed
 * buffer for a large one, so memory stays flat. Blocks its thread; hash-pool.ts gives it threads of its own.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UNREADABLE } from '../core/ports/proof.js';

/** Between paths, and between digests, in what threads are told: no file name has it. */
export const SEPARATOR = '\0';

/** Octets read at once. */
const BUFFER = 1024 * 1024;

let buffer: Buffer | null = null;

/**
 * Null if there is no such file, UNREADABLE where the disk does not give it back. Throws what else the file system
 * throws. `size`, where it is known, only spares asking for it: the file is read to its end.
 */
export function hashFile(file: string, size?: number): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    buffer ??= Buffer.allocUnsafeSlow(BUFFER);
    const first = fill(descriptor, buffer, size ?? fstatSync(descriptor).size);
    if (first < BUFFER) return hash('sha256', buffer.subarray(0, first));
    const digest = createHash('sha256').update(buffer);
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer))
      digest.update(buffer.subarray(0, read));
    return digest.digest('hex');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EIO') return UNREADABLE;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Reads to the end of the file or of the buffer. One octet more is asked for than there should be: what grew shows. */
function fill(descriptor: number, into: Buffer, size: number): number {
  let length = 0;
  for (;;) {
    const wanted = Math.min(into.length, Math.max(size, length) + 1) - length;
    const read = readSync(descriptor, into, length, wanted, null);
    length += read;
    if (read === 0 || length === into.length || (length === size && read < wanted)) return length;
  }
}

/**
 * Reading a message file. One of ordinary size is read whole with a handful of system calls: a stream costs
 * ten times that and five turns of the event loop. A large one is streamed, so memory stays flat.
 */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';

/** Octets up to which a file is read whole. */
const MAX_WHOLE = 256 * 1024;

/** Throws what the file system throws, ENOENT among it. */
export async function* readChunks(file: string): AsyncGenerator<Buffer> {
  const whole = readWhole(file);
  if (whole !== null) yield whole;
  else yield* createReadStream(file, { highWaterMark: MAX_WHOLE }) as AsyncIterable<Buffer>;
}

/** Null for a large file. */
function readWhole(file: string): Buffer | null {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > MAX_WHOLE) return null;
    const octets = Buffer.allocUnsafe(size);
    let length = 0;
    for (let read = -1; read !== 0 && length < size; length += read)
      read = readSync(descriptor, octets, length, size - length, null);
    return octets.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Octets that hold nearly every header block. */
const MAX_USUAL_HEADER = 8 * 1024;

/**
 * The file's first octets, at most so many, fewer where the header block ends before. Throws what the file
 * system throws, ENOENT among it.
 */
export function readHeader(file: string, most: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const start = readFrom(descriptor, Math.min(most, MAX_USUAL_HEADER));
    if (start.length < MAX_USUAL_HEADER || start.includes('\r\n\r\n') || start.includes('\n\n')) return start;
    return readFrom(descriptor, most);
  } finally {
    closeSync(descriptor);
  }
}

function readFrom(descriptor: number, length: number): Buffer {
  const octets = Buffer.allocUnsafe(length);
  return octets.subarray(0, readSync(descriptor, octets, 0, length, 0));
}

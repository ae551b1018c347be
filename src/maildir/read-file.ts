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
    return octets.subarray(0, fill(octets, descriptor, size));
  } finally {
    closeSync(descriptor);
  }
}

/** The whole file; how many octets. Throws what the file system throws, RangeError where there is too little room. */
export function readInto(file: string, octets: Uint8Array): number {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > octets.length) throw new RangeError(`${size} octets in place of ${octets.length}`);
    return fill(octets, descriptor, size);
  } finally {
    closeSync(descriptor);
  }
}

/** Fewer octets than asked for where the file ends before. */
export function readSlice(file: string, offset: number, length: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const octets = Buffer.allocUnsafe(length);
    return octets.subarray(0, fill(octets, descriptor, length, offset));
  } finally {
    closeSync(descriptor);
  }
}

/** Fewer than `size` where the file has become shorter. */
function fill(octets: Uint8Array, descriptor: number, size: number, offset = 0): number {
  let length = 0;
  for (let read = -1; read !== 0 && length < size; length += read)
    read = readSync(descriptor, octets, length, size - length, offset + length);
  return length;
}

/** Octets that hold nearly every header block; read into one place, since a buffer for each is work to free. */
const USUAL_HEADER = Buffer.allocUnsafeSlow(8 * 1024);

/**
 * The file's first octets, at most so many, fewer where the header block ends before. Throws what the file
 * system throws, ENOENT among it.
 */
export function readHeader(file: string, most: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const start = USUAL_HEADER.subarray(0, readSync(descriptor, USUAL_HEADER, 0, USUAL_HEADER.length, 0));
    const end = start.indexOf('\r\n\r\n');
    if (end !== -1) return Buffer.from(start.subarray(0, Math.min(most, end + 4)));
    if (start.length < USUAL_HEADER.length) return Buffer.from(start.subarray(0, most));
    const octets = Buffer.allocUnsafe(most);
    return octets.subarray(0, readSync(descriptor, octets, 0, most, 0));
  } finally {
    closeSync(descriptor);
  }
}

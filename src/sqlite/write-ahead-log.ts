/**
 * Looks at index.db-wal before SQLite does: opening the database recovers what is whole in it and drops the
 * rest without a word. Checksums as in SQLite's file format, section 4.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const HEADER = 32;
const FRAME_HEADER = 24;
const MAGIC = 0x377f0682;

/**
 * Why the log does not end where a write ended, or null where it does or there is none. Frames of an older
 * round, which a checkpoint leaves behind the newer ones, are no fault.
 */
export function tornLog(file: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    return torn(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function torn(descriptor: number): string | null {
  const header = Buffer.alloc(HEADER);
  const length = readSync(descriptor, header, 0, HEADER, 0);
  if (length === 0) return null;
  if (length < HEADER) return 'its header is cut off';
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return 'its header is damaged';
  const bigEndian = (magic & 1) === 1;
  const pageSize = header.readUInt32BE(8);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0)
    return 'its header is damaged';
  let sum: Checksum = checksum([0, 0], header.subarray(0, 24), bigEndian);
  if (!isEqual(sum, header, 24)) return 'its header is damaged';
  const frame = Buffer.alloc(FRAME_HEADER + pageSize);
  let committed = true;
  for (let at = HEADER; ; at += frame.length) {
    const read = readSync(descriptor, frame, 0, frame.length, at);
    if (read === 0) return committed ? null : 'it ends within a transaction, which was not kept';
    // Salts of an older round: what follows was dealt with long ago.
    if (read < FRAME_HEADER || !frame.subarray(8, 16).equals(header.subarray(16, 24)))
      return read < FRAME_HEADER || !committed ? 'it ends in a half-written page' : null;
    if (read < frame.length) return 'it ends in a half-written page';
    sum = checksum(sum, frame.subarray(0, 8), bigEndian);
    sum = checksum(sum, frame.subarray(FRAME_HEADER), bigEndian);
    if (!isEqual(sum, frame, 16)) return 'it holds a damaged page, and what follows was not kept';
    committed = frame.readUInt32BE(4) !== 0;
  }
}

type Checksum = readonly [number, number];

function checksum([first, second]: Checksum, octets: Buffer, bigEndian: boolean): Checksum {
  let [a, b] = [first, second];
  for (let at = 0; at < octets.length; at += 8) {
    a = (a + (bigEndian ? octets.readUInt32BE(at) : octets.readUInt32LE(at)) + b) >>> 0;
    b = (b + (bigEndian ? octets.readUInt32BE(at + 4) : octets.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}

function isEqual([a, b]: Checksum, octets: Buffer, at: number): boolean {
  return octets.readUInt32BE(at) === a && octets.readUInt32BE(at + 4) === b;
}

/**
 * One whole message into a file of its own in tmp/: hashed, written, dated. The same code whether it runs on
 * the main thread or on another. Its fsync begins at once and goes on beside the next messages; it gets
 * its name only after that.
 */
import { hash } from 'node:crypto';
import { closeSync, futimesSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { BodyFacts } from '../core/ports/store.js';
import { FILE_MODE, modifiedAt, syncAndClose } from './durable.js';
import { headerEnd, messageIdIn } from './header-block.js';

export interface WholeBody {
  readonly file: string;
  /** INTERNALDATE, seconds since 1970: the file's mtime. */
  readonly receivedAt: number;
  readonly octets: Uint8Array;
}

export interface BodyOnDisk extends Omit<BodyFacts, 'size'> {
  readonly descriptor: number;
}

/** Throws what the file system throws; no file stays behind then. */
export function writeBody({ file, receivedAt, octets }: WholeBody): BodyOnDisk {
  const descriptor = openSync(file, 'wx', FILE_MODE);
  try {
    writeWhole(descriptor, octets);
    setModified(descriptor, receivedAt);
  } catch (error) {
    closeSync(descriptor);
    discard(file);
    throw error;
  }
  const headerLength = headerEnd(octets);
  return {
    descriptor,
    sha256: hash('sha256', octets),
    headerSha256: hash('sha256', octets.subarray(0, headerLength)),
    messageId: messageIdIn(octets, headerLength),
  };
}

/** fsync and close of what was written. Throws what the file system throws; no file stays behind then. */
export async function makeDurable(file: string, descriptor: number): Promise<void> {
  try {
    await syncAndClose(descriptor);
  } catch (error) {
    discard(file);
    throw error;
  }
}

export function writeWhole(descriptor: number, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; ) at += writeSync(descriptor, octets, at, octets.length - at);
}

export function setModified(descriptor: number, receivedAt: number): void {
  const modified = modifiedAt(receivedAt);
  futimesSync(descriptor, modified, modified);
}

/** Gives up a body that has no name yet. */
export function discard(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // The next run sweeps tmp/.
  }
}

/** A thread that hashes: takes file names, answers with their SHA-256 in the same order. */
import { parentPort } from 'node:worker_threads';
import { hashFile } from './hash-file.js';

export interface HashOrder {
  readonly order: number;
  readonly files: readonly string[];
}

export interface HashAnswer {
  readonly order: number;
  readonly digests: (string | null)[];
  /** The file system's code and words where it refused; the digests are then worth nothing. */
  readonly failure: { readonly code: string; readonly message: string; readonly file: string } | null;
}

parentPort?.on('message', ({ order, files }: HashOrder) => {
  parentPort!.postMessage(answer(order, files));
});

function answer(order: number, files: readonly string[]): HashAnswer {
  const digests: (string | null)[] = [];
  for (const file of files) {
    try {
      digests.push(hashFile(file));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      return { order, digests: [], failure: { code, message: String(error), file } };
    }
  }
  return { order, digests, failure: null };
}

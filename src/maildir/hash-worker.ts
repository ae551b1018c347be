/**
 * A thread that hashes: takes file names, answers with their SHA-256 in the same order. Both go as one text: a
 * message of thousands of little values costs more to hand over than to make.
 */
import { parentPort } from 'node:worker_threads';
import { hashFile, SEPARATOR } from './hash-file.js';

export interface HashOrder {
  readonly order: number;
  /** Paths, and their sizes where they are known. */
  readonly files: string;
  readonly sizes: readonly (number | undefined)[];
}

export interface HashAnswer {
  readonly order: number;
  /** Empty for a file that isn't there. */
  readonly digests: string;
  /** The file system's code and words where it refused; the digests are then worth nothing. */
  readonly failure: { readonly code: string; readonly message: string; readonly file: string } | null;
}

parentPort?.on('message', (order: HashOrder) => {
  parentPort!.postMessage(answer(order));
});

function answer({ order, files, sizes }: HashOrder): HashAnswer {
  const digests: string[] = [];
  for (const [at, file] of files.split(SEPARATOR).entries()) {
    try {
      digests.push(hashFile(file, sizes[at]) ?? '');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      return { order, digests: '', failure: { code, message: String(error), file } };
    }
  }
  return { order, digests: digests.join(SEPARATOR), failure: null };
}

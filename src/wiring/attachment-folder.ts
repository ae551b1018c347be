/**
 * A folder that attachments are saved to. A file appears under its name only when it is whole; nothing that
 * is there is overwritten; the same content is not written twice under one name or in one run.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { ArchiveError } from '../core/errors.js';
import { fileProblem } from '../core/text/file-problem.js';
import { numberedName } from '../core/text/safe-file-name.js';

export interface AttachmentFile {
  write(chunk: Uint8Array): void;
  /** The path that has the content now. */
  finish(): string;
  abort(): void;
}

export class AttachmentFolder {
  readonly #folder: string;
  /** SHA-256 of what this run saved or found, and where. */
  readonly #saved = new Map<string, string>();

  /** Made if it is not there. Throws ArchiveError if it can't be. */
  constructor(folder: string) {
    this.#folder = resolve(folder);
    this.#attempt(() => mkdirSync(this.#folder, { recursive: true, mode: 0o700 }));
  }

  /** `name` is safe already; `date` (milliseconds) becomes the mtime. */
  create(name: string, date: number): AttachmentFile {
    const temporary = join(this.#folder, `.mailkeep-${randomUUID()}.part`);
    const descriptor = this.#attempt(() => openSync(temporary, 'wx', 0o600));
    const hash = createHash('sha256');
    let size = 0;
    return {
      write: (chunk) => {
        hash.update(chunk);
        size += chunk.length;
        for (let at = 0; at < chunk.length; )
          at += this.#attempt(() => writeSync(descriptor, chunk, at, chunk.length - at));
      },
      finish: () => {
        closeSync(descriptor);
        const seconds = date / 1000;
        try {
          return this.#attempt(() => {
            utimesSync(temporary, seconds, seconds);
            return this.#name(temporary, name, hash.digest('hex'), size);
          });
        } finally {
          unlinkSync(temporary);
        }
      },
      abort: () => {
        closeSync(descriptor);
        unlinkSync(temporary);
      },
    };
  }

  #name(temporary: string, name: string, sha256: string, size: number): string {
    const known = this.#saved.get(sha256);
    if (known !== undefined) return known;
    for (let number = 1; ; number++) {
      const file = join(this.#folder, numberedName(name, number));
      if (placed(temporary, file) || holds(file, sha256, size)) {
        this.#saved.set(sha256, file);
        return file;
      }
    }
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const reason = fileProblem(error);
      throw new ArchiveError(`cannot write to ${this.#folder}: ${reason}`, {
        code: 'io',
        hint: 'check the disk and the permissions of the folder given with --to',
        cause: error,
      });
    }
  }
}

/** False where the name is taken. Never overwrites, whoever else writes there. */
function placed(temporary: string, file: string): boolean {
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
  }
  // No hard links here.
  try {
    copyFileSync(temporary, file, constants.COPYFILE_EXCL);
    const { mtimeMs } = statSync(temporary);
    utimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function holds(file: string, sha256: string, size: number): boolean {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts === undefined || !facts.isFile() || facts.size !== size) return false;
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(256 * 1024);
  const descriptor = openSync(file, 'r');
  try {
    for (let read = -1; read !== 0; ) {
      read = readSync(descriptor, chunk, 0, chunk.length, null);
      hash.update(chunk.subarray(0, read));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex') === sha256;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}

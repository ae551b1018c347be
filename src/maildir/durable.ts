/**
 * The few durable steps a Maildir is made of. A file counts as stored only after fsync of the file,
 * rename, and fsync of the folder that names it; a new folder only after fsync of its parent.
 */
import { closeSync, fsync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { ArchiveError } from '../core/errors.js';
import { fileProblem } from '../core/text/file-problem.js';

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Takes over the descriptor. Many at once share the commits of the file system's journal. */
export async function syncAndClose(descriptor: number): Promise<void> {
  try {
    await syncFile(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** fsync of one file or folder by name. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Descriptors open at once: far below any limit, enough to share the journal's commits. */
const FOLDERS_AT_ONCE = 256;

/** Waits for many folders at once. */
export async function syncFolders(folders: Iterable<string>): Promise<void> {
  const all = [...folders];
  for (let at = 0; at < all.length; at += FOLDERS_AT_ONCE) {
    const synced = all
      .slice(at, at + FOLDERS_AT_ONCE)
      .map(async (folder) => syncAndClose(openSync(folder, 'r')));
    await allDone(synced);
  }
}

/** Throws what one of them threw, but only when none is under way any more. */
export async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/**
 * mkdir -p below `root`. Names in `unsynced` the folders that must be fsynced to make every level durable,
 * also one that a run made and was killed over.
 */
export function makeFolder(folder: string, root: string, unsynced: Set<string>): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  for (let at = folder; at !== root; at = dirname(at)) unsynced.add(dirname(at));
}

/** Seconds since 1970 as an mtime. Node takes a negative number for "now", but not a Date before 1970. */
export function modifiedAt(seconds: number): Date {
  return new Date(seconds * 1000);
}

export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Says what is safe and what to do when the disk refuses. */
export function asStoreError(error: unknown, what: string): unknown {
  const code = errorCode(error);
  if (code === null || error instanceof ArchiveError) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ArchiveError(`no space left to write ${what}`, {
      code: 'disk_full',
      hint: 'free some space and run again; what was stored is safe, and the next run goes on from here',
      cause: error,
    });
  }
  return new ArchiveError(`cannot write ${what}: ${fileProblem(error)}`, {
    code: 'io',
    hint: 'check the disk and the permissions of data_dir; what was stored is safe',
    cause: error,
  });
}

function syncFile(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fsync(descriptor, (error) => (error === null ? resolve() : reject(error))),
  );
}

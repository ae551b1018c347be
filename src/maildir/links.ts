/**
 * Names in the file system: links, copies where there can be none, and moves of whole folders. Nothing here is
 * durable before the caller has synced the folders.
 */
import {
  copyFileSync,
  linkSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { asStoreError, errorCode, modifiedAt, syncFolders, syncPath } from './durable.js';

/** False where there can be no link, or what lies at `from` has another size. */
export function tryLink(from: string, to: string, size: number): boolean {
  try {
    if (statSync(from).size !== size) return false;
    replaceWithLink(from, to);
    return true;
  } catch (error) {
    if (CANNOT_LINK.has(errorCode(error) ?? '')) return false;
    throw error;
  }
}

/** False where there can be no link, or the file has another mtime than wanted (seconds), which a link would share. */
export function linkDated(from: string, to: string, receivedAt: number): boolean {
  try {
    if (Math.floor(statSync(from).mtimeMs / 1000) !== receivedAt) return false;
    linkSync(from, to);
    return true;
  } catch (error) {
    if (CANNOT_LINK.has(errorCode(error) ?? '')) return false;
    throw error;
  }
}

/** The copy is durable itself; its name is not. */
export function linkOrCopy(from: string, to: string, receivedAt: number): void {
  try {
    // Links share the mtime: content with another INTERNALDATE needs a file of its own.
    if (Math.floor(statSync(from).mtimeMs / 1000) === receivedAt) {
      replaceWithLink(from, to);
      return;
    }
  } catch (error) {
    if (!CANNOT_LINK.has(errorCode(error) ?? '')) throw error;
  }
  const temporary = to.replace(/\/cur\/([^/]*)$/, (_, name: string) => `/tmp/${name}`);
  copyFileSync(from, temporary);
  utimesSync(temporary, modifiedAt(receivedAt), modifiedAt(receivedAt));
  syncPath(temporary);
  renameSync(temporary, to);
}

/** No hard links here, or no more of them: keep a file of one's own. */
const CANNOT_LINK = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOENT']);

/** A folder that something lies in already takes the files one by one. */
export async function moveInto(from: string, to: string): Promise<void> {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    for (const name of names(from)) renameSync(join(from, name), join(to, name));
    await syncFolders([from, to]);
    rmdirSync(from);
  }
}

function replaceWithLink(from: string, to: string): void {
  if (from === to) return;
  try {
    linkSync(from, to);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    unlinkSync(to);
    linkSync(from, to);
  }
}

export function isSameInode(a: string, b: string): boolean {
  const [left, right] = [statSync(a), statSync(b)];
  return left.ino === right.ino && left.dev === right.dev;
}

export function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Of a folder that may not be there. */
export function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw asStoreError(error, folder);
  }
}

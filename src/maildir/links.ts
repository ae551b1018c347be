/**
 * Names in the file system: links, copies where there can be none, and moves of whole folders. Nothing here is
 * durable before the caller has synced the folders.
 */
import {
  constants,
  copyFileSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { isDatedAs } from '../core/mailbox/file-date.js';
import { allDone, asStoreError, errorCode, modifiedAt, syncAndClose, syncFolders } from './durable.js';

/** False where there can be no link, or what lies at `from` has another size. */
export function tryLink(from: string, to: string, size: number): boolean {
  return linkIf(
    from,
    (facts) => facts.size === size,
    () => replaceWithLink(from, to),
  );
}

/** False where there can be no link, or the file has another mtime than wanted (seconds), which a link would share. */
export function linkDated(from: string, to: string, receivedAt: number): boolean {
  return linkIf(from, isDated(receivedAt), () => linkSync(from, to));
}

/** As `linkDated`, in place of what may lie at `to`. */
export function linkAlike(from: string, to: string, receivedAt: number): boolean {
  return linkIf(from, isDated(receivedAt), () => replaceWithLink(from, to));
}

function linkIf(from: string, fits: (facts: Stats) => boolean, link: () => void): boolean {
  try {
    if (!fits(statSync(from))) return false;
    link();
    return true;
  } catch (error) {
    if (CANNOT_LINK.has(errorCode(error) ?? '')) return false;
    throw error;
  }
}

function isDated(receivedAt: number): (facts: Stats) => boolean {
  return ({ mtimeMs }) => isDatedAs(Math.floor(mtimeMs / 1000), receivedAt);
}

export interface Copy {
  readonly from: string;
  readonly to: string;
  /** Seconds since 1970 UTC. */
  readonly receivedAt: number;
}

/** Open at once while they are flushed side by side: far below any limit. */
const COPIES_AT_ONCE = 256;

/** Each copy is durable before it gets its name; the names are not. Shares blocks where the file system can. */
export async function copyAll(copies: readonly Copy[]): Promise<void> {
  for (let at = 0; at < copies.length; at += COPIES_AT_ONCE) {
    const batch = copies.slice(at, at + COPIES_AT_ONCE).map((copy) => ({
      ...copy,
      temporary: copy.to.replace(/\/cur\/([^/]*)$/, (_, name: string) => `/tmp/${name}`),
    }));
    for (const { from, temporary, receivedAt } of batch) {
      copyFileSync(from, temporary, constants.COPYFILE_FICLONE);
      utimesSync(temporary, modifiedAt(receivedAt), modifiedAt(receivedAt));
    }
    await allDone(batch.map(async ({ temporary }) => syncAndClose(openSync(temporary, 'r'))));
    for (const { temporary, to } of batch) renameSync(temporary, to);
  }
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

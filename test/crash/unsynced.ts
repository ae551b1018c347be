// What a power cut would take back: a name is safe only once its folder was fsynced, octets and mtime only
// once their file was; what is added to a file endangers only itself. `cut` leaves the folders as the most forgetful file system may leave them.

import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

interface NameChange {
  /** The folder whose fsync makes the change safe. */
  readonly folder: string;
  undo(): void;
}

export class Unsynced {
  readonly #keep: string;
  #changes: NameChange[] = [];
  readonly #octets = new Set<bigint>();
  /** Files that are only added to, with the size up to which they are safe. */
  readonly #appended = new Map<bigint, bigint>();
  #kept = 0;

  /** `keep` is a folder outside the archive, on the same file system. */
  constructor(keep: string) {
    this.#keep = keep;
  }

  created(path: string): void {
    const inode = inodeOf(path);
    if (inode !== null) this.#octets.add(inode);
    this.#named(path, () => removeIf(path, inode));
  }

  wrote(inode: bigint): void {
    if (!this.#appended.has(inode)) this.#octets.add(inode);
  }

  /** The file was opened to be added to. */
  appends(path: string, isNew: boolean): void {
    const { ino, size } = lstatSync(path, { bigint: true });
    if (isNew) this.#named(path, () => removeIf(path, ino));
    if (!this.#appended.has(ino)) this.#appended.set(ino, size);
  }

  linked(path: string): void {
    const inode = inodeOf(path);
    this.#named(path, () => removeIf(path, inode));
  }

  /** Call `keeping` before the file goes, and this afterwards. What comes back in tmp/ says nothing to anyone. */
  unlinked(path: string, kept: string | null): void {
    if (dirname(path).endsWith('/tmp')) return;
    this.#named(path, () => putBack(kept, path));
  }

  renamed(from: string, to: string, overwritten: string | null): void {
    const inode = inodeOf(to);
    this.#named(to, () => {
      if (inode !== null && inodeOf(to) === inode && existsSync(dirname(from))) renameSync(to, from);
      putBack(overwritten, to);
    });
  }

  removedFolder(path: string): void {
    this.#named(path, () => mkdirSync(path, { recursive: true }));
  }

  madeFolder(path: string): void {
    this.#named(path, () => rmSync(path, { recursive: true, force: true }));
  }

  /** A second name for a file that is about to lose its own; null if there is no such file. */
  keeping(path: string): string | null {
    if (inodeOf(path) === null || !lstatSync(path).isFile()) return null;
    this.#kept += 1;
    const kept = join(this.#keep, String(this.#kept));
    linkSync(path, kept);
    return kept;
  }

  synced(path: string, inode: bigint): void {
    this.#octets.delete(inode);
    this.#appended.delete(inode);
    this.#changes = this.#changes.filter((change) => change.folder !== path);
  }

  /** Takes back every change of a name that no fsync made safe, and the octets of files that none did. */
  cut(root: string): void {
    for (const change of this.#changes.reverse()) change.undo();
    this.#changes = [];
    for (const file of filesBelow(root)) {
      const inode = inodeOf(file);
      if (inode !== null && this.#octets.has(inode)) truncateSync(file, 0);
      const safe = inode === null ? undefined : this.#appended.get(inode);
      // Half of what was added last is the worst: a torn line.
      if (safe !== undefined)
        truncateSync(file, Number((safe + lstatSync(file, { bigint: true }).size) / 2n));
    }
    this.#octets.clear();
    this.#appended.clear();
  }

  #named(path: string, undo: () => void): void {
    this.#changes.push({ folder: dirname(path), undo });
  }
}

export function inodeOf(path: string): bigint | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

function removeIf(path: string, inode: bigint | null): void {
  if (inode !== null && inodeOf(path) === inode) unlinkSync(path);
}

function putBack(kept: string | null, path: string): void {
  if (kept !== null && existsSync(dirname(path)) && !existsSync(path)) linkSync(kept, path);
}

/** Message files and the journal: what SQLite syncs is its own affair. */
function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (entry.parentPath !== root || entry.name === 'journal.jsonl'))
    .map((entry) => join(entry.parentPath, entry.name));
}

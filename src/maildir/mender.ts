/**
 * Puts message files right: sets damaged ones aside, brings lost ones home, mends dates, modes and links.
 * Files are renamed and never deleted; the only name that goes away is one of an inode that was replaced by
 * a link to the same octets.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FileMender, FoundPlace, QuarantineNote } from '../core/ports/proof.js';
import type { FilePlace, Tree } from '../core/ports/store.js';
import {
  asStoreError,
  errorCode,
  FILE_MODE,
  FOLDER_MODE,
  makeFolder,
  modifiedAt,
  syncFolders,
  syncPath,
} from './durable.js';
import { hashFile } from './hash-file.js';
import { names } from './links.js';

export class MaildirMender implements FileMender {
  readonly #root: string;
  readonly #clock: () => number;
  /** What lies in quarantine/, by octets; null where that is not known, or not any more. */
  #aside: ReadonlyMap<number, readonly string[]> | null = null;

  /** `root` is `<data_dir>/<account>`; the clock gives ms since 1970. */
  constructor(root: string, clock: () => number) {
    this.#root = root;
    this.#clock = clock;
  }

  /** The note comes first: a file in quarantine/ always says why it is there. */
  setAside(place: FoundPlace, note: QuarantineNote): Promise<string | null> {
    return this.#attempt(async () => {
      const file = this.#file(place);
      if (!exists(file)) return null;
      const folder = join(this.#root, 'quarantine');
      await this.#prepare(folder);
      const target = freeName(join(folder, place.name));
      const text = JSON.stringify({
        version: 1,
        set_aside_at: new Date(this.#clock()).toISOString(),
        from: file.slice(this.#root.length + 1),
        mailbox: note.mailbox,
        uid: note.uid,
        reason: note.reason,
        expected_sha256: note.sha256,
      });
      const descriptor = openSync(`${target}.json`, 'w', FILE_MODE);
      try {
        writeSync(descriptor, `${text}\n`);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      syncPath(folder);
      renameSync(file, target);
      await syncFolders([folder, dirname(file)]);
      this.#aside = null;
      return `quarantine/${basename(target)}`;
    });
  }

  bringHome(from: FoundPlace, to: FilePlace, receivedAt: number): Promise<boolean> {
    return this.#attempt(() => this.#moveHome(this.#file(from), to, receivedAt));
  }

  takeBack(
    { sha256, size }: { readonly sha256: string; readonly size: number },
    to: FilePlace,
    receivedAt: number,
  ): Promise<string | null> {
    return this.#attempt(async () => {
      const folder = join(this.#root, 'quarantine');
      this.#aside ??= filesBySize(folder);
      const names = this.#aside.get(size) ?? [];
      const name = names.find((each) => hashFile(join(folder, each), size) === sha256);
      if (name === undefined || !(await this.#moveHome(join(folder, name), to, receivedAt))) return null;
      this.#aside = null;
      return `quarantine/${name}`;
    });
  }

  async #moveHome(source: string, to: FilePlace, receivedAt: number): Promise<boolean> {
    const target = this.#file({ ...to, part: 'cur' });
    if (!exists(source)) return false;
    if (source !== target && exists(target)) return false;
    for (const part of ['cur', 'new', 'tmp']) await this.#prepare(join(this.#root, to.tree, to.folder, part));
    if (lstatSync(source).mtimeMs !== receivedAt * 1000) dateFile(source, receivedAt);
    if (source !== target) renameSync(source, target);
    await syncFolders(new Set([dirname(source), dirname(target)]));
    return true;
  }

  setDate(place: FoundPlace, receivedAt: number): Promise<void> {
    return this.#attempt(async () => dateFile(this.#file(place), receivedAt));
  }

  makePrivate(place: FoundPlace | { readonly tree: Tree; readonly folder: string }): void {
    try {
      if ('name' in place) chmodSync(this.#file(place), FILE_MODE);
      else chmodSync(join(this.#root, place.tree, place.folder), FOLDER_MODE);
    } catch (error) {
      throw asStoreError(error, this.#root);
    }
  }

  /** Linked beside it and renamed over it, so that at no moment the name is gone. */
  relink(kept: FilePlace, place: FilePlace): Promise<boolean> {
    return this.#attempt(async () => {
      const target = this.#file({ ...place, part: 'cur' });
      const beside = join(this.#root, place.tree, place.folder, 'tmp', `relink.${place.name}`);
      try {
        if (exists(beside)) unlinkSync(beside);
        linkSync(this.#file({ ...kept, part: 'cur' }), beside);
      } catch (error) {
        if (['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP'].includes(errorCode(error) ?? ''))
          return false;
        throw error;
      }
      renameSync(beside, target);
      await syncFolders([dirname(target)]);
      return true;
    });
  }

  #file(place: FoundPlace): string {
    return `${this.#root}/${place.tree}/${place.folder}/${place.part}/${place.name}`;
  }

  async #prepare(folder: string): Promise<void> {
    if (exists(folder)) return;
    const made = new Set<string>();
    makeFolder(folder, dirname(this.#root), made);
    await syncFolders(made);
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asStoreError(error, this.#root);
    }
  }
}

/** A note without its file is from a run that was cut short: its name is taken again. */
function freeName(path: string): string {
  let free = path;
  for (let number = 2; exists(free); number++) free = `${path}~${number}`;
  return free;
}

/** Without the notes. A symbolic link is no file: it would lead out of the archive. */
function filesBySize(folder: string): Map<number, string[]> {
  const bySize = new Map<number, string[]>();
  for (const name of names(folder)) {
    const facts = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (facts?.isFile() !== true || name.endsWith('.json')) continue;
    const same = bySize.get(facts.size) ?? [];
    bySize.set(facts.size, same);
    same.push(name);
  }
  return bySize;
}

function dateFile(file: string, receivedAt: number): void {
  utimesSync(file, modifiedAt(receivedAt), modifiedAt(receivedAt));
  syncPath(file);
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

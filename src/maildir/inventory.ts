/** What lies in the folders, as check sees it: names, sizes, inodes, modes; nothing concluded, nothing changed. */
import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { FolderEntry, FoundPlace, MaildirPart } from '../core/ports/proof.js';
import type { RebuildInventory } from '../core/ports/rebuild.js';
import type { BodyFacts, Tree } from '../core/ports/store.js';
import { measureFile, measureHeader } from './body-writer.js';
import { asStoreError, errorCode } from './durable.js';
import { hashFile } from './hash-file.js';
import type { HashPool } from './hash-pool.js';
import { readKeywords } from './keywords-file.js';

/** Files looked at between two turns of the event loop. */
const FILES_A_TURN = 1000;

export class MaildirInventory implements RebuildInventory {
  readonly #root: string;
  readonly #pool: HashPool | null;

  /** `root` is `<data_dir>/<account>`. Without a pool files are hashed one after the other in this thread. */
  constructor(root: string, pool: HashPool | null = null) {
    this.#root = root;
    this.#pool = pool;
  }

  get digestsAtOnce(): number {
    return this.#pool?.ordersAtOnce ?? 1;
  }

  async folders(tree: Tree): Promise<string[]> {
    const found: string[] = [];
    const visit = async (folder: string): Promise<void> => {
      const entries = await this.#folderEntries(join(this.#root, tree, folder));
      if (folder !== '' && entries.some((entry) => entry.name === 'cur')) found.push(folder);
      for (const entry of entries) {
        if (MAILDIR_PARTS.has(entry.name)) continue;
        await visit(folder === '' ? entry.name : `${folder}/${entry.name}`);
      }
    };
    await visit('');
    return found;
  }

  names(tree: Tree, folder: string): Record<MaildirPart, string[]> | null {
    const path = `${this.#root}/${tree}/${folder}`;
    const [inCur, inNew] = [namesIn(`${path}/cur`), namesIn(`${path}/new`)];
    return inCur === null && inNew === null ? null : { cur: inCur ?? [], new: inNew ?? [] };
  }

  turn(): Promise<void> {
    return setImmediate();
  }

  async scan(tree: Tree, folder: string): Promise<FolderEntry[] | null> {
    const names = this.names(tree, folder);
    if (names === null) return null;
    const entries: FolderEntry[] = [];
    for (const part of ['cur', 'new'] as const) {
      const path = `${this.#root}/${tree}/${folder}/${part}`;
      for (const [at, name] of names[part].entries()) {
        if (at % FILES_A_TURN === FILES_A_TURN - 1) await this.turn();
        const entry = entryAt(path, part, name);
        if (entry !== null) entries.push(entry);
      }
    }
    return entries;
  }

  find(place: FoundPlace): FolderEntry | null {
    return entryAt(`${this.#root}/${place.tree}/${place.folder}/${place.part}`, place.part, place.name);
  }

  async digest(places: readonly (FoundPlace & { readonly size?: number })[]): Promise<(string | null)[]> {
    const files = places.map((place) => ({ path: this.#file(place), size: place.size }));
    if (this.#pool !== null) return this.#pool.digest(files);
    await setImmediate();
    return files.map(({ path, size }) => {
      try {
        return hashFile(path, size);
      } catch (error) {
        throw asStoreError(error, path);
      }
    });
  }

  measure(place: FoundPlace): Promise<BodyFacts | null> {
    return measureFile(this.#file(place));
  }

  keywords(tree: Tree, folder: string): string[] {
    return readKeywords(join(this.#root, tree, folder));
  }

  folderMode(tree: Tree, folder: string): number | null {
    const facts = lstatSync(join(this.#root, tree, folder), { throwIfNoEntry: false });
    return facts === undefined ? null : facts.mode & 0o777;
  }

  #file(place: FoundPlace): string {
    return `${this.#root}/${place.tree}/${place.folder}/${place.part}/${place.name}`;
  }

  header(place: FoundPlace): Promise<Pick<BodyFacts, 'messageId' | 'headerSha256'> | null> {
    return measureHeader(this.#file(place));
  }

  async #folderEntries(path: string): Promise<Dirent[]> {
    try {
      return (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw asStoreError(error, path);
    }
  }
}

const MAILDIR_PARTS = new Set(['cur', 'new', 'tmp']);

function namesIn(path: string): string[] | null {
  try {
    return readdirSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw asStoreError(error, path);
  }
}

/** Null for what is no file, or went away. A symbolic link is no file: it would lead out of the archive. */
function entryAt(folder: string, part: MaildirPart, name: string): FolderEntry | null {
  const facts = lstatSync(`${folder}/${name}`, { throwIfNoEntry: false });
  if (facts?.isFile() !== true) return null;
  return {
    part,
    name,
    size: facts.size,
    links: facts.nlink,
    inode: `${facts.dev}:${facts.ino}`,
    modified: Math.floor(facts.mtimeMs / 1000),
    mode: facts.mode & 0o777,
  };
}

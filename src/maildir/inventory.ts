/** What lies in the folders, as check sees it: names, sizes and inodes, nothing concluded. */
import type { Dirent } from 'node:fs';
import { opendir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RebuildInventory } from '../core/rebuild-ports.js';
import type { BodyFacts, FilePlace, Tree } from '../core/store-ports.js';
import { measureFile, measureHeader } from './body-writer.js';
import { asStoreError, errorCode } from './durable.js';
import { readKeywords } from './keywords-file.js';

export class MaildirInventory implements RebuildInventory {
  readonly #root: string;

  /** `root` is `<data_dir>/<account>`. */
  constructor(root: string) {
    this.#root = root;
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

  async *entries(tree: Tree, folder: string): AsyncGenerator<{ name: string; size: number; inode: string }> {
    for (const part of ['cur', 'new']) {
      const path = join(this.#root, tree, folder, part);
      try {
        for await (const entry of await opendir(path, { bufferSize: 1024 })) {
          const facts = await stat(join(path, entry.name), { bigint: true });
          if (facts.isFile())
            yield { name: entry.name, size: Number(facts.size), inode: `${facts.dev}:${facts.ino}` };
        }
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw asStoreError(error, path);
      }
    }
  }

  measure(place: FilePlace): Promise<BodyFacts | null> {
    return measureFile(join(this.#root, place.tree, place.folder, 'cur', place.name));
  }

  header(
    tree: Tree,
    folder: string,
    name: string,
  ): Promise<Pick<BodyFacts, 'header' | 'headerSha256'> | null> {
    return measureHeader(join(this.#root, tree, folder, 'cur', name));
  }

  keywords(tree: Tree, folder: string): string[] {
    return readKeywords(join(this.#root, tree, folder));
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

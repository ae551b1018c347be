/** Deletes message files: the only place that does. Whether it may is decided before, and recorded. */
import { lstatSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FilePruner } from '../core/ports/prune.js';
import type { FilePlace } from '../core/ports/store.js';
import { asStoreError, syncFolders } from './durable.js';
import { FolderNames } from './folder-names.js';

export class MaildirPruner implements FilePruner {
  readonly #root: string;

  /** `root` is `<data_dir>/<account>`. */
  constructor(root: string) {
    this.#root = root;
  }

  async remove(places: readonly FilePlace[]): Promise<number> {
    const names = new FolderNames();
    const folders = new Set<string>();
    let freed = 0;
    try {
      for (const { tree, folder, name } of places) {
        const file = names.find(`${this.#root}/${tree}/${folder}`, name);
        if (file === null) continue;
        const { nlink, size } = lstatSync(file);
        unlinkSync(file);
        folders.add(dirname(file));
        if (nlink === 1) freed += size;
      }
      await syncFolders(folders);
    } catch (error) {
      throw asStoreError(error, this.#root);
    }
    return freed;
  }
}

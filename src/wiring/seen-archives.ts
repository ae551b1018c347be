/**
 * The archives that the daemon has seen. One that is gone is a disk that is not mounted any more: to begin anew in
 * the empty folder would fill another disk with mail that is safe already, and hide what happened.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ArchiveError } from '../core/errors.js';

/** Any of them is an archive, if perhaps one that needs a repair. */
const PARTS = ['index.db', 'journal.jsonl', 'mail'];

export class SeenArchives {
  readonly #roots = new Set<string>();

  /** `root` is `<data_dir>/<account>`. */
  look(root: string): void {
    if (isThere(root)) this.#roots.add(root);
  }

  /** @throws ArchiveError `no_archive` where one was seen and is not there any more */
  demand(root: string): void {
    if (!this.#roots.has(root) || isThere(root)) return;
    throw new ArchiveError(`the archive in ${root} is not there any more`, {
      code: 'no_archive',
      hint: 'mount its disk; a restart of mailkeep begins a new archive where none is',
    });
  }
}

function isThere(root: string): boolean {
  return PARTS.some((part) => existsSync(join(root, part)));
}

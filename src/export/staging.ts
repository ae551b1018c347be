/**
 * Where an export grows until it is whole: beside its final name, or inside it where that is an empty folder
 * that exists already (it may be a mount point). So whatever has the final name is complete, and what an
 * interrupted export leaves is called "partial".
 */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MailkeepError, UsageError } from '../core/errors.js';
import { fileProblem } from '../core/text/file-problem.js';

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** A folder that is to be. Throws UsageError where something is there already. */
export class StagedFolder {
  readonly #target: string;
  /** Where to write until `finish`. */
  readonly path: string;
  readonly #inside: boolean;
  readonly #folders = new Set<string>();

  private constructor(target: string, path: string, inside: boolean) {
    this.#target = target;
    this.path = path;
    this.#inside = inside;
    this.#folders.add(path);
  }

  static open(target: string): Promise<StagedFolder> {
    return explained(target, async () => {
      const inside = await isEmptyFolder(target);
      if (!inside) await mkdir(dirname(target), { recursive: true });
      const path = await mkdtemp(inside ? join(target, 'partial-') : `${target}.partial-`);
      return new StagedFolder(target, path, inside);
    });
  }

  /** The whole path of a folder below, which is made where it is missing. */
  folder(name: string): string {
    const path = join(this.path, name);
    if (this.#folders.has(path)) return path;
    mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
    for (let at = path; !this.#folders.has(at); at = dirname(at)) this.#folders.add(at);
    return path;
  }

  finish(): Promise<void> {
    return explained(this.#target, async () => {
      for (const folder of this.#folders) syncPath(folder);
      if (this.#inside) await this.#moveUp();
      else {
        await isEmptyFolder(this.#target);
        await rename(this.path, this.#target);
        syncPath(dirname(this.#target));
      }
    });
  }

  async abort(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  async #moveUp(): Promise<void> {
    const partial = basename(this.path);
    if ((await readdir(this.#target)).some((name) => name !== partial)) throw occupied(this.#target);
    for (const name of await readdir(this.path))
      await rename(join(this.path, name), join(this.#target, name));
    await rmdir(this.path);
    syncPath(this.#target);
  }
}

/** A file that is to be. Throws UsageError where something is there already. */
export class StagedFile {
  readonly #target: string;
  /** Where to write until `finish`. */
  readonly path: string;
  readonly #folder: string;

  private constructor(target: string, folder: string) {
    this.#target = target;
    this.#folder = folder;
    this.path = join(folder, basename(target));
  }

  static open(target: string): Promise<StagedFile> {
    return explained(target, async () => {
      await refuseExisting(target);
      await mkdir(dirname(target), { recursive: true });
      return new StagedFile(target, await mkdtemp(`${target}.partial-`));
    });
  }

  finish(): Promise<void> {
    return explained(this.#target, async () => {
      await refuseExisting(this.#target);
      await rename(this.path, this.#target);
      await rmdir(this.#folder);
      syncPath(dirname(this.#target));
    });
  }

  async abort(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Says what happened to the export when the disk refuses; other errors pass. */
export async function explained<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MailkeepError || !(error instanceof Error) || !('code' in error)) throw error;
    const full = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    throw new MailkeepError(
      full ? `no space left to export to ${target}` : `cannot export to ${target}: ${fileProblem(error)}`,
      {
        code: full ? 'disk_full' : 'io',
        hint: full
          ? 'free some space or choose another place with --to; the archive is untouched'
          : 'check the permissions and the disk there, or choose another place with --to; the archive is untouched',
        cause: error,
      },
    );
  }
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether it is an empty folder; false where nothing is there. Throws UsageError for anything else. */
async function isEmptyFolder(target: string): Promise<boolean> {
  const facts = await stat(target).catch(missing);
  if (facts === null) return false;
  if (!facts.isDirectory() || (await readdir(target)).length > 0) throw occupied(target);
  return true;
}

async function refuseExisting(target: string): Promise<void> {
  if ((await stat(target).catch(missing)) !== null) throw occupied(target);
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function occupied(target: string): UsageError {
  return new UsageError(
    `${target} is there already, and an export overwrites nothing`,
    'nothing was written; choose a new name or an empty folder with --to',
  );
}

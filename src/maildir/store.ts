/**
 * The only writer of message files. Batches are the unit of durability: when the last file of a batch is fsynced,
 * all of them are named, then their folders are fsynced; only then does the caller record them.
 */
import { readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ArchiveError } from '../core/errors.js';
import {
  type BodyWriter,
  type FilePlace,
  type MessageStore,
  type PendingBody,
  type PlaceOutcome,
  TREES,
  type Tree,
  type WrittenBody,
} from '../core/ports/store.js';
import { BodyThreads } from './body-threads.js';
import { type TemporaryBody, TemporaryBodyWriter } from './body-writer.js';
import { asStoreError, makeFolder, syncFolders } from './durable.js';
import { FolderNames } from './folder-names.js';
import { writeKeywords } from './keywords-file.js';
import { type Copy, copyAll, exists, isSameInode, linkAlike, moveInto, names, tryLink } from './links.js';
import { MaildirReader } from './reader.js';
import { discard } from './write-body.js';

const BODIES_BEFORE_THREADS = 150;

export interface StoreThreads {
  /** Most of them; 0: all on the caller's own. */
  readonly threads: number;
  /** What a thread runs. */
  readonly entry?: URL | undefined;
}

export class MaildirStore extends MaildirReader implements MessageStore {
  readonly #prepared = new Set<string>();
  readonly #options: StoreThreads;
  #threads: BodyThreads | null = null;
  #sequence = 0;

  /** `root` is `<data_dir>/<account>`; with threads, whoever made the store closes it. */
  constructor(root: string, options: StoreThreads = { threads: 0 }) {
    super(root);
    this.#options = options;
  }

  async close(): Promise<void> {
    await this.#threads?.close();
    this.#threads = null;
  }

  create(folder: string, receivedAt: number, tree: Tree = 'mail'): BodyWriter {
    this.#sequence += 1;
    const file = `${this.root}/${tree}/${folder}/tmp/${process.pid}.${this.#sequence}.mailkeep`;
    // A thread costs more to start than a few messages to write.
    if (this.#options.threads > 0 && this.#sequence === BODIES_BEFORE_THREADS)
      this.#threads = new BodyThreads(this.#options.threads, this.#options.entry);
    return new TemporaryBodyWriter(file, receivedAt, this.#threads);
  }

  async collect(bodies: readonly PendingBody[]): Promise<WrittenBody[]> {
    const collected: WrittenBody[] = [];
    let failed: { readonly error: unknown } | null = null;
    for (const { written } of bodies) {
      try {
        collected.push(await written);
      } catch (error) {
        failed ??= { error };
      }
    }
    if (failed === null) return collected;
    for (const body of collected) discard(asTemporary(body).file);
    throw failed.error;
  }

  async discard(bodies: readonly PendingBody[]): Promise<void> {
    for (const outcome of await Promise.allSettled(bodies.map(({ written }) => written)))
      if (outcome.status === 'fulfilled') discard(asTemporary(outcome.value).file);
  }

  async commit(
    bodies: readonly { body: WrittenBody; place: FilePlace; linkTo: FilePlace | null }[],
  ): Promise<void> {
    const unnamed = new Set(bodies.map(({ body }) => asTemporary(body)));
    try {
      const folders = new Set<string>();
      for (const { body, place, linkTo } of bodies) {
        const temporary = asTemporary(body);
        const target = this.file(place);
        folders.add(this.cur(place));
        if (linkTo !== null && tryLink(this.file(linkTo), target, temporary.size)) continue;
        renameSync(temporary.file, target);
        unnamed.delete(temporary);
      }
      await syncFolders(folders);
    } catch (error) {
      throw asStoreError(error, this.root);
    } finally {
      for (const { file } of unnamed) discard(file);
    }
  }

  async link(
    links: readonly { from: FilePlace; to: FilePlace; receivedAt: number }[],
  ): Promise<PlaceOutcome[]> {
    return this.#batch(
      links.map(({ to }) => to),
      async () => {
        const copies: Copy[] = [];
        const outcomes = links.map(({ from, to, receivedAt }): PlaceOutcome => {
          const source = this.find(from);
          if (source === null) return 'missing';
          const file = this.file(to);
          if (!linkAlike(source, file, receivedAt)) copies.push({ from: source, to: file, receivedAt });
          return 'done';
        });
        await copyAll(copies);
        return outcomes;
      },
    );
  }

  async move(moves: readonly { from: FilePlace; to: FilePlace }[]): Promise<PlaceOutcome[]> {
    return this.#batch(
      moves.flatMap(({ from, to }) => [from, to]),
      () => {
        const names = new FolderNames();
        return moves.map(({ from, to }) => {
          const target = this.file(to);
          // A run that was cut short may have moved it to the other tree already.
          for (const tree of TREES_FROM[from.tree]) {
            const source = this.find({ ...from, tree }, names) ?? this.find({ ...to, tree }, names);
            if (source === null) continue;
            if (source !== target) renameSync(source, target);
            return 'done';
          }
          return 'missing';
        });
      },
    );
  }

  async dropLinks(drops: readonly { drop: FilePlace; kept: FilePlace }[]): Promise<PlaceOutcome[]> {
    return this.#batch(
      drops.map(({ drop }) => drop),
      () =>
        drops.map(({ drop, kept }) => {
          const file = this.find(drop);
          const other = this.find(kept);
          if (file === null) return 'done';
          if (other === null || file === other || !isSameInode(file, other)) return 'missing';
          unlinkSync(file);
          return 'done';
        }),
    );
  }

  async prepareFolders(tree: Tree, folders: readonly string[]): Promise<void> {
    const fresh = [...new Set(folders)].filter((folder) => !this.#prepared.has(`${tree}/${folder}`));
    const made = new Set<string>();
    try {
      for (const folder of fresh) {
        const base = join(this.root, tree, folder);
        for (const part of ['cur', 'new', 'tmp']) makeFolder(join(base, part), dirname(this.root), made);
      }
      await syncFolders(made);
    } catch (error) {
      throw asStoreError(error, join(this.root, tree));
    }
    for (const folder of fresh) this.#prepared.add(`${tree}/${folder}`);
  }

  async writeKeywords(tree: Tree, folder: string, keywords: readonly string[]): Promise<void> {
    await this.prepareFolders(tree, [folder]);
    try {
      if (keywords.length > 0) writeKeywords(join(this.root, tree, folder), keywords);
    } catch (error) {
      throw asStoreError(error, join(this.root, tree, folder));
    }
  }

  async moveFolder(from: string, to: string): Promise<void> {
    for (const tree of TREES) {
      const [old, next] = [join(this.root, tree, from), join(this.root, tree, to)];
      if (!exists(old)) continue;
      await this.prepareFolders(tree, [to]);
      try {
        for (const part of ['cur', 'new', 'tmp', 'dovecot-keywords']) {
          if (exists(join(old, part))) await moveInto(join(old, part), join(next, part));
        }
        await syncFolders([old, next]);
        // Sub-mailboxes keep the old folder alive.
        if (readdirSync(old).length === 0) rmdirSync(old);
      } catch (error) {
        throw asStoreError(error, next);
      }
    }
    this.#prepared.clear();
  }

  async sweep(folders: readonly string[]): Promise<number> {
    let swept = 0;
    for (const folder of folders) {
      for (const tree of TREES) {
        const tmp = join(this.root, tree, folder, 'tmp');
        for (const name of names(tmp)) {
          unlinkSync(join(tmp, name));
          swept += 1;
        }
      }
    }
    return swept;
  }

  async #batch<T>(places: readonly FilePlace[], work: () => T[] | Promise<T[]>): Promise<T[]> {
    try {
      for (const tree of TREES) {
        await this.prepareFolders(
          tree,
          places.filter((place) => place.tree === tree).map((place) => place.folder),
        );
      }
      const outcome = await work();
      await syncFolders(new Set(places.map((place) => this.cur(place))));
      return outcome;
    } catch (error) {
      throw asStoreError(error, this.root);
    }
  }
}

const TREES_FROM = { mail: ['mail', 'removed'], removed: ['removed', 'mail'] } as const;

function asTemporary(body: WrittenBody): TemporaryBody {
  if (!('file' in body))
    throw new ArchiveError('a body from another store was committed', { code: 'internal' });
  return body as TemporaryBody;
}

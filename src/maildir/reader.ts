/**
 * Reads message files, whatever flags their names carry by now: the index may be a rename behind. It changes
 * nothing, so commands that only look at an archive are handed this in place of a store.
 */
import { join } from 'node:path';
import { ArchiveError } from '../core/errors.js';
import type { BodyFacts, FilePlace, MessageReader, Tree } from '../core/ports/store.js';
import { measureFile } from './body-writer.js';
import { errorCode } from './durable.js';
import { FolderNames } from './folder-names.js';
import { exists, linkDated, names } from './links.js';
import { readChunks, readHeader, readInto, readSlice } from './read-file.js';

export class MaildirReader implements MessageReader {
  protected readonly root: string;

  /** `root` is `<data_dir>/<account>`. */
  constructor(root: string) {
    this.root = root;
  }

  async list(tree: Tree, folder: string): Promise<string[]> {
    return names(join(this.root, tree, folder, 'cur'));
  }

  async measure(place: FilePlace): Promise<BodyFacts | null> {
    const file = this.find(place);
    return file === null ? null : measureFile(file);
  }

  async slice(place: FilePlace, offset: number, length: number): Promise<Uint8Array | null> {
    const file = this.find(place);
    return file === null ? null : readSlice(file, offset, length);
  }

  linkOut(place: FilePlace, receivedAt: number, file: string): boolean {
    const source = this.find(place);
    return source !== null && linkDated(source, file, receivedAt);
  }

  /** The first octets of a message with its header block, at most so many; null if there is no file. */
  header(place: FilePlace, most: number): Uint8Array | null {
    try {
      return readHeader(this.file(place), most);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    // Under another name by now, or gone.
    const file = this.find(place);
    return file === null ? null : readHeader(file, most);
  }

  async *read(place: FilePlace): AsyncGenerator<Uint8Array> {
    yield* readChunks(this.#found(place));
  }

  readInto(place: FilePlace, octets: Uint8Array): number {
    return readInto(this.#found(place), octets);
  }

  /** The file under its recorded name, or with other flags, in cur/ or new/; null if there is none. */
  find(place: FilePlace, names: FolderNames = new FolderNames()): string | null {
    const file = this.file(place);
    if (exists(file)) return file;
    return names.find(join(this.root, place.tree, place.folder), place.name);
  }

  protected file(place: FilePlace): string {
    return `${this.cur(place)}/${place.name}`;
  }

  protected cur(place: FilePlace): string {
    return `${this.root}/${place.tree}/${place.folder}/cur`;
  }

  #found(place: FilePlace): string {
    const file = this.find(place);
    if (file === null) throw new ArchiveError(`${this.file(place)} is missing`, { code: 'damage' });
    return file;
  }
}

/**
 * Reads files and compares their octets with their hash, many side by side: files go out in batches, several
 * batches at once, and an inode with several names is read once. Memory does not grow with the archive,
 * but for the hashes of inodes with several names.
 */

import {
  type FolderEntry,
  type FolderInventory,
  type FoundPlace,
  type KnownFile,
  UNREADABLE,
} from '../core/ports/proof.js';
import { type DataShare, isInShare } from '../core/proof/check-share.js';
import { type Finding, pathOf } from '../core/proof/findings.js';

/** Enough to make handing it over cheap; few enough to show progress and to stop soon. */
const BATCH_FILES = 256;
const BATCH_OCTETS = 16 * 1024 * 1024;

export interface DataReaderOptions {
  readonly read: boolean;
  readonly share: DataShare | null;
  /** Files and octets that were compared up to now, read or not. */
  readonly onRead: (mailbox: string, files: number, bytes: number) => void;
}

interface Item {
  readonly file: KnownFile;
  readonly place: FoundPlace;
  readonly entry: FolderEntry;
}

export class DataReader {
  readonly #folders: FolderInventory;
  readonly #options: DataReaderOptions;
  readonly #findings: Finding[] = [];
  /** What an inode with several names holds; a promise while it is read. */
  readonly #inodes = new Map<string, string | null | Item[]>();
  #batch: Item[] = [];
  #octets = 0;
  readonly #running = new Set<Promise<void>>();
  #files = 0;
  #bytes = 0;

  constructor(folders: FolderInventory, options: DataReaderOptions) {
    this.#folders = folders;
    this.#options = options;
  }

  /** A promise where the caller should wait before it goes on. */
  add(file: KnownFile, place: FoundPlace, entry: FolderEntry): Promise<void> | null {
    const item = { file, place, entry };
    const { read, share } = this.#options;
    if (!read || (share !== null && !isInShare(file.sha256, share))) {
      this.#count(item);
      return null;
    }
    if (entry.links > 1) {
      const known = this.#inodes.get(entry.inode);
      if (known === undefined) this.#inodes.set(entry.inode, [item]);
      else {
        if (Array.isArray(known)) known.push(item);
        else this.#judge(item, known);
        return null;
      }
    }
    this.#batch.push(item);
    this.#octets += entry.size;
    if (this.#batch.length < BATCH_FILES && this.#octets < BATCH_OCTETS) return null;
    this.#start();
    return this.#running.size < this.#folders.digestsAtOnce ? null : Promise.race(this.#running);
  }

  /** What was wrong, when all has been read. */
  async end(): Promise<Finding[]> {
    if (this.#batch.length > 0) this.#start();
    await Promise.all(this.#running);
    return this.#findings;
  }

  #start(): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#octets = 0;
    const running = this.#read(batch).finally(() => this.#running.delete(running));
    this.#running.add(running);
    // Whoever waits next gets the error; until then it must not count as unhandled.
    running.catch(() => undefined);
  }

  async #read(batch: readonly Item[]): Promise<void> {
    const digests = await this.#folders.digest(
      batch.map(({ place, entry }) => ({ ...place, size: entry.size })),
    );
    for (const [at, item] of batch.entries()) {
      const sha256 = digests[at]!;
      const names = this.#inodes.get(item.entry.inode);
      if (item.entry.links === 1 || !Array.isArray(names)) this.#judge(item, sha256);
      else {
        this.#inodes.set(item.entry.inode, sha256);
        for (const name of names) this.#judge(name, sha256);
      }
    }
  }

  #judge(item: Item, sha256: string | null): void {
    this.#count(item);
    const { file, place, entry } = item;
    if (sha256 === file.sha256) return;
    this.#findings.push({
      kind: sha256 === null ? 'missing' : 'octets',
      mailbox: file.path,
      file: pathOf(place),
      uid: file.uid,
      reason: reasonFor(sha256),
      known: file,
      found: { place, entry },
    });
  }

  #count({ file, entry }: Item): void {
    this.#files += 1;
    this.#bytes += entry.size;
    if (this.#files % 500 === 0) this.#options.onRead(file.path, this.#files, this.#bytes);
  }
}

function reasonFor(sha256: string | null): string {
  if (sha256 === null) return 'the file went away during the check';
  if (sha256 === UNREADABLE) return 'the disk does not give its octets back (EIO)';
  return 'its octets do not match its SHA-256';
}

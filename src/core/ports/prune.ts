/** What retention needs of the index and the folders. The caller holds the account's lock. */
import type { KnownFile } from './proof.js';
import type { FilePlace } from './store.js';

export interface ExpiredFile extends KnownFile {
  /** When the run that saw it gone had ended; ms since 1970. */
  readonly leftAt: number;
}

export interface PruneIndex {
  hold(): string | null;
  /**
   * Files under removed/ of messages that had left by `before` (ms), oldest placement first. None whose
   * content a placement on the server waits for.
   */
  expired(before: number): ExpiredFile[];
  /** Files of other placements with this content. */
  copies(sha256: string, except: number): KnownFile[];
  /** Files that an earlier prune was about to delete and may not have. */
  intended(): KnownFile[];
  /** Durable before the first file goes: until `finish` it is no damage whether the file is there or not. */
  intend(placements: readonly number[], at: number): void;
  /** The files are gone: the placements stay in the history, without one. */
  finish(placements: readonly number[]): void;
  /** The files are kept after all. */
  abandon(placements: readonly number[]): void;
}

export interface FilePruner {
  /** Deletes the files, durably; one that is not there is gone already. Returns the octets that became free. */
  remove(places: readonly FilePlace[]): Promise<number>;
}

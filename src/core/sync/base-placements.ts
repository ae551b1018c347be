/**
 * The placements of a mailbox as the index holds them, for the plan to be made against. What an observation names
 * is looked up; all of them are gone through only where an observation is about all of them.
 */
import type { KnownUids } from '../ports/source.js';
import { SortedUids } from './sorted-uids.js';

/** Those that are present in the current generation. */
export interface BasePlacements {
  readonly uids: KnownUids;
  /** Canonical flags; null where the UID is not held. */
  flagsOf(uid: number): string | null;
  /** UIDs that mailkeep itself took off the server once they were stored: they never vanish. Default: none. */
  readonly keptHere?: ReadonlySet<number>;
}

/** In memory: four octets a UID, and a reference to its flags. */
export class PlacementRows implements BasePlacements {
  readonly uids: SortedUids;
  readonly #flags: readonly string[];

  /** Ascending by UID; flags row by row. */
  constructor(uids: Uint32Array, flags: readonly string[]) {
    this.uids = SortedUids.over(uids);
    this.#flags = flags;
  }

  flagsOf(uid: number): string | null {
    return this.#flags[this.uids.indexOf(uid)] ?? null;
  }
}

export const NO_PLACEMENTS: BasePlacements = new PlacementRows(new Uint32Array(), []);

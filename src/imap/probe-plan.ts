/** Which messages of a probe are looked into at which offset: one command for each offset. */
import { sliceOffsets } from '../core/sync/probe-slices.js';

export interface SliceQuery {
  readonly offset: number;
  /** Ascending. */
  readonly uids: readonly number[];
}

/** `sizes` are octets by UID. */
export function slicesOf(
  uids: readonly number[],
  sizes: ReadonlyMap<number, number>,
  places: readonly number[],
): SliceQuery[] {
  const byOffset = new Map<number, number[]>();
  for (const uid of uids) {
    for (const offset of sliceOffsets(sizes.get(uid) ?? 0, places)) {
      const own = byOffset.get(offset);
      if (own === undefined) byOffset.set(offset, [uid]);
      else own.push(uid);
    }
  }
  return [...byOffset].map(([offset, own]) => ({ offset, uids: own }));
}

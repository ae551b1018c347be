/**
 * What one mailbox's observation means against what the index holds. Pure: the result is plain data.
 * Absence proves something only where the observation is whole: a roster as long as EXISTS, or the
 * server's own VANISHED. Otherwise nothing leaves.
 */
import type { Observation } from '../ports/source.js';
import type { BasePlacements } from './base-placements.js';

export interface SyncPlan {
  /** Row numbers of the listing that the index doesn't hold, ascending by UID. */
  readonly appeared: readonly number[];
  /** Row numbers of the listing whose flags differ from the index. */
  readonly reflagged: readonly number[];
  /** Row numbers of the listing that the index holds with other labels, or with none told yet. */
  readonly relabelled: readonly number[];
  /** UIDs that the index holds and the server doesn't. */
  readonly vanished: readonly number[];
  /** Why the plan may lack something, or null. */
  readonly incomplete: string | null;
}

/**
 * `base` is empty where the id space is new: everything listed appears, and the old generation leaves.
 * `labels` are those that the index holds of the listed UIDs.
 */
export function planSync(
  base: BasePlacements,
  observation: Observation,
  labels: ReadonlyMap<number, string> = new Map(),
): SyncPlan {
  const appeared: number[] = [];
  const reflagged: number[] = [];
  const relabelled: number[] = [];
  const { listing } = observation;
  for (const row of listing.order()) {
    const uid = listing.uid(row);
    const flags = base.flagsOf(uid);
    if (flags === null) {
      appeared.push(row);
      continue;
    }
    if (flags !== listing.flags(row)) reflagged.push(row);
    const told = listing.labels(row);
    if (told !== null && labels.get(uid) !== told) relabelled.push(row);
  }
  const vanished = observation.incomplete === null ? vanishedUids(base, observation) : [];
  return { appeared, reflagged, relabelled, vanished, incomplete: observation.incomplete };
}

/** How many messages have other flags or labels now; both are one change. */
export function countChanged({ reflagged, relabelled }: SyncPlan): number {
  return relabelled.length === 0 ? reflagged.length : new Set([...reflagged, ...relabelled]).size;
}

function vanishedUids(base: BasePlacements, { roster, vanished }: Observation): number[] {
  const gone: number[] = [];
  // Nothing has to be gone through where the server said that nothing vanished.
  if (roster === null && (vanished === null || vanished.size === 0)) return gone;
  for (const uid of base.uids) {
    if (base.keptHere?.has(uid) === true) continue;
    if (vanished?.has(uid) === true || (roster !== null && !roster.has(uid))) gone.push(uid);
  }
  return gone;
}

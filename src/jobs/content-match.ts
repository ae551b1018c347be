/** A placement without content, and the content here that it turned out to be. */
import type { AdoptablePlacement } from '../core/ports/placements.js';
import type { FilePlace } from '../core/ports/store.js';
import type { SyncContext } from './sync-context.js';

export interface Match {
  readonly placement: AdoptablePlacement;
  /** Seconds since 1970 UTC: without a date of its own, a placement takes that of the file it is recognised by. */
  readonly receivedAt: number;
  readonly sha256: string;
  readonly from: FilePlace & { size: number };
}

/** null where no file has that content. */
export function matchOf(context: SyncContext, placement: AdoptablePlacement, sha256: string): Match | null {
  const from = context.ports.index.locate(sha256, placement.receivedAt);
  if (from === null) return null;
  return { placement, receivedAt: placement.receivedAt ?? from.receivedAt, sha256, from };
}

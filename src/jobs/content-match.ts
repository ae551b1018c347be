/** A placement without content, and the content here that it turned out to be. */
import type { AdoptablePlacement } from '../core/archive-ports.js';
import type { FilePlace } from '../core/store-ports.js';
import type { SyncContext } from './sync-context.js';

export interface Match {
  readonly placement: AdoptablePlacement;
  readonly sha256: string;
  readonly from: FilePlace & { size: number };
}

/** null where no file has that content. */
export function matchOf(context: SyncContext, placement: AdoptablePlacement, sha256: string): Match | null {
  const from = context.ports.index.locate(sha256, placement.receivedAt);
  return from === null ? null : { placement, sha256, from };
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

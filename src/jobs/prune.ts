/**
 * Applies retention: deletes files under removed/ of messages that left the server longer ago than the
 * policy says, and nothing else. Never while on hold, and never the last good copy of something that another
 * placement still holds. The intent is durable before the first file goes, so that wherever it is stopped
 * the archive is whole and the next prune goes on.
 */
import { throwIfAborted } from '../core/errors.js';
import type { FolderInventory, KnownFile } from '../core/ports/proof.js';
import type { ExpiredFile, FilePruner, PruneIndex } from '../core/ports/prune.js';

export interface PrunePorts {
  readonly index: PruneIndex;
  readonly folders: Pick<FolderInventory, 'find' | 'digest'>;
  readonly pruner: FilePruner;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface PruneOptions {
  readonly account: string;
  readonly retention: 'forever' | { readonly ms: number };
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface PruneReport {
  readonly account: string;
  readonly retention: PruneOptions['retention'];
  /** Why nothing was deleted although the policy would, or null. */
  readonly hold: string | null;
  /** What was deleted, or with dryRun would be. */
  readonly pruned: readonly ExpiredFile[];
  /** Octets that became free; 0 with dryRun. */
  readonly freed: number;
  /** Expired, and kept because it is the last good copy of a message that something else refers to. */
  readonly kept: readonly ExpiredFile[];
}

/** Files between two steps to disk. */
const BATCH = 500;

export async function pruneArchive(ports: PrunePorts, options: PruneOptions): Promise<PruneReport> {
  const { index, clock } = ports;
  const hold = index.hold();
  const { retention, account } = options;
  const before = retention === 'forever' ? Number.NEGATIVE_INFINITY : clock() - retention.ms;
  const expired = hold !== null || retention === 'forever' ? [] : index.expired(before);
  if (!options.dryRun) settleIntents(ports, new Set(expired.map(({ placement }) => placement)));
  const { pruned, kept } = await separate(ports, expired, options.signal);
  let freed = 0;
  if (!options.dryRun) {
    for (let at = 0; at < pruned.length; at += BATCH) {
      throwIfAborted(options.signal);
      const batch = pruned.slice(at, at + BATCH);
      const placements = batch.map(({ placement }) => placement);
      index.intend(placements, clock());
      freed += await ports.pruner.remove(batch.map(({ place }) => place));
      index.finish(placements);
    }
  }
  return { account, retention, hold, pruned, freed, kept };
}

/** What an earlier prune left half done: what is gone is gone; what is there is judged anew. */
function settleIntents({ index, folders }: PrunePorts, expired: ReadonlySet<number>): void {
  const intended = index.intended();
  const isThere = ({ place }: KnownFile) => folders.find({ ...place, part: 'cur' }) !== null;
  const gone = intended.filter((file) => file.place.tree === 'removed' && !isThere(file));
  const goneIds = new Set(gone.map(({ placement }) => placement));
  index.finish([...goneIds]);
  index.abandon(
    intended
      .map(({ placement }) => placement)
      .filter((placement) => !goneIds.has(placement) && !expired.has(placement)),
  );
}

async function separate(
  ports: PrunePorts,
  expired: readonly ExpiredFile[],
  signal: AbortSignal,
): Promise<{ pruned: ExpiredFile[]; kept: ExpiredFile[] }> {
  const going = new Set(expired.map(({ placement }) => placement));
  const pruned: ExpiredFile[] = [];
  const kept: ExpiredFile[] = [];
  for (const file of expired) {
    throwIfAborted(signal);
    ((await isNeeded(ports, file, going)) ? kept : pruned).push(file);
  }
  return { pruned, kept };
}

/** Whether something that stays refers to the same content and has no good file of its own. */
async function isNeeded(
  { index, folders }: PrunePorts,
  file: ExpiredFile,
  going: ReadonlySet<number>,
): Promise<boolean> {
  if (!file.hasCopies) return false;
  const staying = index.copies(file.sha256, file.placement).filter(({ placement }) => !going.has(placement));
  const own = folders.find({ ...file.place, part: 'cur' });
  for (const { place } of staying) {
    const found = { ...place, part: 'cur' as const };
    const entry = folders.find(found);
    if (entry === null) continue;
    // Another name of the same inode holds whatever this one does.
    if (own !== null && entry.inode === own.inode) return false;
    const [sha256] = await folders.digest([found]);
    if (sha256 === file.sha256) return false;
  }
  return staying.length > 0;
}

/**
 * A mailbox that goes on under another name keeps its row, history and files. The index says so first, in
 * one transaction with the note that the folder is still to be moved: whatever stops the run in between, and
 * whatever the mailbox is called by then, the next run moves the folder before it looks at anything.
 */
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { Observation } from '../core/ports/source.js';
import type { Share } from '../core/ports/sync-index.js';
import type { SyncContext } from './sync-context.js';

/**
 * Whether a mailbox seen for the first time is one that is listed no more, under another name. Takes that out of
 * `departed`.
 */
export async function followRename(
  context: SyncContext,
  mailbox: IndexedMailbox,
  outcome: Observation,
  departed: Set<number>,
): Promise<boolean> {
  if (mailbox.uidValidity !== null || outcome.incomplete !== null) return false;
  const former = formerOf(context, outcome, departed);
  if (former === null) return false;
  context.ports.index.renameMailbox(context.run, former, mailbox.id);
  await finishRename(context);
  departed.delete(former);
  context.tally.mailboxesChanged += 1;
  return true;
}

/**
 * The one with the same MAILBOXID, as long as its messages don't speak against it; else one that has the same
 * UIDVALIDITY and most of its messages under the same UIDs. An identity that several have is none.
 */
function formerOf(context: SyncContext, outcome: Observation, departed: ReadonlySet<number>): number | null {
  const { index } = context.ports;
  const { listing, mailboxId, uidValidity } = outcome;
  const isSameSpace = (id: number) => context.mailbox(id).uidValidity === uidValidity;
  const [same, another] = mailboxId === null ? [] : index.withMailboxId(mailboxId);
  if (same !== undefined && another === undefined && departed.has(same)) {
    if (
      isSameSpace(same) ? index.sharedUids(same, listing) !== null : isHalf(index.sharedLooks(same, listing))
    )
      return same;
  }
  for (const id of departed) {
    const shared = isSameSpace(id) ? index.sharedUids(id, listing) : null;
    if (shared !== null && shared.found > 0 && isHalf(shared)) return id;
  }
  return null;
}

function isHalf({ found, all }: Share): boolean {
  return found * 2 >= all;
}

/** Moves the folder of a mailbox that the index has under its new name already. Harmless where it was moved. */
export async function finishRename(context: SyncContext): Promise<void> {
  const { index, store } = context.ports;
  const folders = index.movingFolder();
  if (folders !== null && !context.options.dryRun) {
    await store.moveFolder(folders.from, folders.to);
    index.recordFolderMoved();
  }
  context.refreshMailboxes();
}

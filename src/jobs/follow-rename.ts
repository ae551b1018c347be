/**
 * A mailbox that goes on under another name keeps its row, history and files. The index says so first, in
 * one transaction with the note that the folder is still to be moved: whatever stops the run in between, and
 * whatever the mailbox is called by then, the next run moves the folder before it looks at anything.
 */
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { Observation } from '../core/ports/source.js';
import type { SyncContext } from './sync-context.js';

/**
 * A mailbox seen for the first time that holds, under the same UIDVALIDITY and the same UIDs, the messages of
 * one that is listed no more is that one under another name. Takes it out of `departed`.
 */
export async function followRename(
  context: SyncContext,
  mailbox: IndexedMailbox,
  outcome: Observation,
  departed: Set<number>,
): Promise<boolean> {
  const { index } = context.ports;
  if (mailbox.uidValidity !== null || outcome.incomplete !== null) return false;
  for (const id of departed) {
    const former = context.mailbox(id);
    if (former.uidValidity !== outcome.uidValidity || !index.holdsSameMessages(id, outcome.listing)) continue;
    index.renameMailbox(context.run, id, mailbox.id);
    await finishRename(context);
    departed.delete(id);
    context.tally.mailboxesChanged += 1;
    return true;
  }
  return false;
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

/**
 * The last phase: what left the server goes from mail/ to removed/. Nothing is retired after a run that
 * could not see everything, and nothing that the mass-deletion guard doubts; it all stays in mail/ as if it
 * had never left, until a later run or a person decides. Only the old name of a message that lives on in its
 * mailbox under another UID goes in any case: nothing is lost with it, and it would show the message twice.
 */
import type { LeavingMailbox, LeavingPlacement } from '../core/ports/placements.js';
import type { FilePlace, Tree } from '../core/ports/store.js';
import { guardAgainst } from '../core/sync/guard.js';
import type { SyncContext } from './sync-context.js';

const PAGE = 5_000;

/** The reason for the hold, or null. */
export async function retire(context: SyncContext): Promise<string | null> {
  const { index } = context.ports;
  const leaving = index.leaving();
  const hold = context.tally.blind ? index.hold() : judge(context, leaving);
  if (context.tally.blind || hold !== null) {
    for (const page of pages(context, { renumbered: true })) await dropRenumbered(context, page);
    return hold;
  }
  for (const page of pages(context, { renumbered: false })) await retirePage(context, page);
  return null;
}

/** The reason for the hold, or null; it is recorded. */
function judge(
  { ports: { index }, options }: SyncContext,
  leaving: readonly LeavingMailbox[],
): string | null {
  const accepted = index.isAccepted();
  const suspicion = accepted
    ? null
    : guardAgainst(
        leaving.map(({ path, present, leaving: gone, moved }) => ({
          mailbox: path,
          present,
          leaving: gone - moved,
        })),
        options.guard,
      );
  // A hold outlives its cause: only a person, or mail that came back, ends it.
  const isLoss = leaving.some(({ leaving: gone, moved }) => gone > moved);
  const hold = suspicion ?? (isLoss && !accepted ? index.hold() : null);
  index.setHold(hold);
  return hold;
}

function* pages(
  { ports: { index } }: SyncContext,
  which: { readonly renumbered: boolean },
): Generator<LeavingPlacement[]> {
  let after = 0;
  for (;;) {
    const page = index.leavingPlacements(after, PAGE, which);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.placement;
    yield page;
  }
}

async function dropRenumbered(context: SyncContext, page: readonly LeavingPlacement[]): Promise<void> {
  const dropped = await dropMoved(context, page);
  context.ports.index.recordRetired(
    context.run,
    [...dropped].map((placement) => ({ placement, tree: null })),
  );
  context.tally.moved += dropped.size;
}

async function retirePage(context: SyncContext, page: readonly LeavingPlacement[]): Promise<void> {
  const { index, store } = context.ports;
  for (const mailbox of new Set(page.map((row) => row.mailbox))) await context.prepareRemoved(mailbox);
  const retired: { placement: number; tree: Tree | null }[] = [];

  const dropped = await dropMoved(
    context,
    page.filter((row) => row.moved),
  );
  retired.push(...[...dropped].map((placement) => ({ placement, tree: null })));

  const moving = page.filter(
    (row) => row.sha256 !== null && row.tree !== null && !dropped.has(row.placement),
  );
  const outcomes = await store.move(
    moving.map((row) => ({ from: placeOf(context, row, row.tree!), to: placeOf(context, row, 'removed') })),
  );
  moving.forEach((row, at) => {
    retired.push({ placement: row.placement, tree: outcomes[at] === 'done' ? 'removed' : null });
  });
  for (const row of page) {
    if (row.sha256 === null || row.tree === null) retired.push({ placement: row.placement, tree: null });
  }
  index.recordRetired(context.run, retired);
  for (const row of page) {
    if (row.moved) context.tally.moved += 1;
    else context.tally.removed += 1;
    context.passed(0);
  }
}

/** A moved message lives on at its new place as the same inode: its old name only goes away. */
async function dropMoved(context: SyncContext, rows: readonly LeavingPlacement[]): Promise<Set<number>> {
  const { index, store } = context.ports;
  const drops: { placement: number; drop: FilePlace; kept: FilePlace }[] = [];
  for (const row of rows) {
    if (row.sha256 === null || row.tree === null) continue;
    const kept = index.locatePresent(row.sha256, row.receivedAt);
    if (kept !== null) drops.push({ placement: row.placement, drop: placeOf(context, row, row.tree), kept });
  }
  const outcomes = await store.dropLinks(drops);
  return new Set(drops.filter((_, at) => outcomes[at] === 'done').map((drop) => drop.placement));
}

function placeOf(context: SyncContext, row: LeavingPlacement, tree: Tree): FilePlace {
  return context.place(tree, row.mailbox, { ...row, sha256: row.sha256! }, row.letters);
}

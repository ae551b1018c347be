/**
 * Makes files follow rows: a placement whose flags changed gets its file renamed, one that came back from
 * removed/ gets it moved home. Only when the name is durable does the row count as settled. A file that
 * somebody took away leaves its row without content, and the caller is told that there is something to fetch.
 */

import { throwIfAborted } from '../core/errors.js';
import type { PlacementPosition, UnsettledPlacement } from '../core/ports/placements.js';
import type { FilePlace } from '../core/ports/store.js';
import type { SyncContext } from './sync-context.js';

const PAGE = 5_000;

/** How many files were not there any more. */
export async function settleFiles(context: SyncContext): Promise<number> {
  const { index, store } = context.ports;
  let after: PlacementPosition = { mailbox: 0, uid: 0 };
  let lost = 0;
  for (;;) {
    throwIfAborted(context.options.signal);
    const rows = index.unsettled(after, PAGE);
    const last = rows.at(-1);
    if (last === undefined) return lost;
    after = { mailbox: last.mailbox, uid: last.uid };
    await context.prepareKeywords(rows);
    const moves = rows.map((row) => settlement(context, row));
    const outcomes = await store.move(moves);
    index.recordSettled(
      rows.flatMap((row, at) =>
        outcomes[at] === 'done' ? [{ placement: row.placement, letters: moves[at]!.letters }] : [],
      ),
    );
    const missing = rows.flatMap((row, at) => (outcomes[at] === 'missing' ? [row.placement] : []));
    if (missing.length > 0) index.recordLost(missing);
    lost += missing.length;
  }
}

function settlement(
  context: SyncContext,
  row: UnsettledPlacement,
): { from: FilePlace; to: FilePlace; letters: string } {
  const letters = context.letters(row.mailbox, row.flags);
  return {
    from: context.place(row.tree ?? 'mail', row.mailbox, row, row.letters),
    to: context.place('mail', row.mailbox, row, letters),
    letters,
  };
}

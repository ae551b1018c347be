/**
 * Takes messages off a server that is to keep them only for a while (POP3 with delete_after). A message goes only
 * when it was stored for that long and its file, read again right now, still has the hash of what was stored.
 * Which ones go is recorded before the server does it: a reply that is lost must not make a deletion of our own
 * look like a loss.
 */
import { throwIfAborted } from '../core/errors.js';
import type { Source } from '../core/ports/source.js';
import type { SyncContext } from './sync-context.js';

/** How many the server confirmed. Called when everything was seen and nothing is on hold. */
export async function deleteStored(
  context: SyncContext,
  source: Source,
  deleteAfterMs: number,
): Promise<number> {
  const { index, clock } = context.ports;
  const cleaner = source.cleaner;
  if (!cleaner) return 0;
  let deleted = 0;
  for (const mailbox of context.mailboxes) {
    if (!mailbox.listed || !context.options.selects(mailbox.path)) continue;
    const now = clock();
    const proven: number[] = [];
    for (const stored of index.storedSince(mailbox.id, now)) {
      if (now - stored.since < deleteAfterMs || !cleaner.listed.has(stored.uid)) continue;
      throwIfAborted(context.options.signal);
      const facts = await context.ports.store.measure(stored.place);
      if (facts?.sha256 === stored.sha256) proven.push(stored.uid);
      else
        context.tally.failures.push({
          mailbox: mailbox.path,
          uid: stored.uid,
          reason: 'its file is not what was stored, so it stays on the server; run mailkeep check',
        });
    }
    if (proven.length === 0) continue;
    const outcome = await cleaner.remove(proven, (uids) =>
      index.recordKeptHere(context.run, mailbox.id, uids),
    );
    if (outcome.confirmed) deleted += outcome.marked;
  }
  return deleted;
}

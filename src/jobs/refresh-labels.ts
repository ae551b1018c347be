/**
 * Labels that changed without their mailbox saying so. A label is a mailbox too on such a server: a message
 * that came to or left one has other labels now under all its other names, so those are asked for again.
 * What that misses (a label that IMAP doesn't show, no MODSEQ for it) a run with `full` finds.
 */
import type { LabelRequest, Source } from '../core/ports/source.js';
import { byMailbox, type SyncContext } from './sync-context.js';

export async function refreshLabels(context: SyncContext, source: Source): Promise<void> {
  const { index } = context.ports;
  const { tally, options, run } = context;
  const stale = index.staleLabels();
  if (stale === null) return;
  const found = new Map<LabelRequest, Map<number, string>>();
  const mailboxes = new Map<LabelRequest, number>();
  let whole = true;
  for (const [id, placements] of byMailbox(stale)) {
    const { wireName, path, uidValidity } = context.mailbox(id);
    if (uidValidity === null || !options.selects(path)) continue;
    const request = { wireName, path, uidValidity, uids: placements.map(({ uid }) => uid) };
    found.set(request, new Map());
    mailboxes.set(request, id);
  }
  await source.labels([...found.keys()], {
    told: (request, uid, labels) => found.get(request)!.set(uid, labels),
    mailboxFailed: (request, reason) => {
      whole = false;
      tally.mailboxFailed(request.path, reason);
    },
  });
  for (const [request, told] of found) {
    const mailbox = mailboxes.get(request)!;
    const known = index.labels(mailbox, told.keys());
    const changed = new Map([...told].filter(([uid, labels]) => known.get(uid) !== labels));
    if (changed.size === 0) continue;
    index.recordLabels(run, mailbox, changed);
    tally.flagsChanged += changed.size;
  }
  if (whole) index.noteLabelsSeen(run);
}

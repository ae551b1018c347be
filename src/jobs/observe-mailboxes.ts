/**
 * The spine: ask which mailboxes changed, see what is in them, commit that list and its cursor together.
 * No body is fetched here.
 */

import { describeError, MailboxError } from '../core/errors.js';
import { mailboxFolder } from '../core/mailbox/mailbox-folder.js';
import { displayPath } from '../core/mailbox/mailbox-path.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { Observation, ObserveRequest, PolledMailbox, Source } from '../core/ports/source.js';
import type { SpineChange } from '../core/ports/sync-index.js';
import { NO_PLACEMENTS } from '../core/sync/base-placements.js';
import { planMailboxes } from '../core/sync/plan-mailboxes.js';
import { countChanged, planSync } from '../core/sync/plan-sync.js';
import { followRename } from './follow-rename.js';
import { SpineBatch } from './spine-batch.js';
import type { SyncContext } from './sync-context.js';

export async function observeMailboxes(context: SyncContext, source: Source): Promise<void> {
  const { ports, tally, options, run } = context;
  const { index } = ports;
  const polled = await source.poll(checkpoints(context));
  const selects = (mailbox: PolledMailbox) => options.selects(displayPath(mailbox.path));
  index.noteMailboxes(
    run,
    polled.filter((mailbox) => mailbox.selectable && selects(mailbox)),
    (mailbox) => mailboxFolder(mailbox.path, ports.digest),
  );
  context.refreshMailboxes();

  const known = [...context.mailboxes].filter((mailbox) => mailbox.listed && options.selects(mailbox.path));
  const plan = planMailboxes(known, polled, selects, source.unlisted ?? null);
  tally.mailboxes = plan.selected.length;
  if (plan.incomplete !== null) tally.mailboxFailed('*', plan.incomplete);
  // Whether they are gone or only have another name is known once the new ones were seen.
  const departed = new Set(plan.gone.map((mailbox) => mailbox.id));

  const unchanged: number[] = [];
  const requests: ObserveRequest[] = [];
  for (const mailbox of plan.selected) {
    const indexed = context.byWireName(mailbox.wireName);
    if (indexed === undefined) continue;
    if (!mailbox.changed && !options.full) unchanged.push(indexed.id);
    else {
      const { uids, keptHere } = indexed.checkpoint === null ? NO_PLACEMENTS : index.base(indexed.id);
      requests.push({
        wireName: mailbox.wireName,
        checkpoint: indexed.checkpoint,
        known: uids,
        ...(keptHere === undefined ? {} : { keptHere }),
        ...(indexed.checkpoint === null && { highestUid: index.highestUid(indexed.id) }),
        full: options.full,
      });
    }
  }
  index.noteUnchanged(unchanged, ports.clock());
  const spine = new SpineBatch(context);
  try {
    await source.observe(requests, (request, outcome) => record(context, request, outcome, departed, spine));
  } finally {
    // Also after an error: what was seen whole is known.
    await spine.flush();
  }
  for (const gone of departed) index.mailboxGone(run, gone);
  tally.mailboxesChanged += departed.size;
  context.refreshMailboxes();
}

function checkpoints(context: SyncContext): Map<string, string> {
  const found = new Map<string, string>();
  for (const mailbox of context.mailboxes) {
    if (mailbox.listed && mailbox.checkpoint !== null) found.set(mailbox.wireName, mailbox.checkpoint);
  }
  return found;
}

async function record(
  context: SyncContext,
  request: ObserveRequest,
  outcome: Observation | Error,
  departed: Set<number>,
  spine: SpineBatch,
): Promise<void> {
  const { tally, ports, run } = context;
  let mailbox = context.byWireName(request.wireName)!;
  if (outcome instanceof Error) {
    if (!(outcome instanceof MailboxError)) throw outcome;
    tally.mailboxFailed(mailbox.path, describeError(outcome));
    return;
  }
  const renamed = await followRename(context, mailbox, outcome, departed);
  mailbox = context.byWireName(request.wireName)!;
  const newGeneration = renamed
    ? mailbox.uidValidity !== outcome.uidValidity
    : isNewIdSpace(mailbox, outcome) || ports.index.reusesUids(mailbox.id, outcome.listing);
  const base = newGeneration ? NO_PLACEMENTS : ports.index.base(mailbox.id);
  const told = outcome.listing.uids.filter((_, row) => outcome.listing.labels(row) !== null);
  const labels = newGeneration ? new Map<number, string>() : ports.index.labels(mailbox.id, told);
  const plan = planSync(base, outcome, labels);
  if (plan.incomplete !== null) tally.mailboxFailed(mailbox.path, plan.incomplete);
  const changed = countChanged(plan);
  if (newGeneration || plan.appeared.length + changed + plan.vanished.length > 0) tally.mailboxesChanged += 1;
  tally.flagsChanged += changed;
  const change: SpineChange = {
    run,
    mailbox: mailbox.id,
    newGeneration,
    plan,
    listing: outcome.listing,
    // A partial answer must be asked for again: its cursor would skip what it lacks.
    checkpoint: plan.incomplete === null || outcome.checkpointNamesUids === true ? outcome.checkpoint : null,
    uidValidity: outcome.uidValidity,
    mailboxId: outcome.mailboxId,
    exists: outcome.exists,
    syncedAt: ports.clock(),
  };
  // An empty mailbox is a folder too; later runs leave it as it is.
  await spine.add(change, mailbox.checkpoint === null ? mailbox.folder : null);
}

/**
 * Without a cursor (no answer was whole yet) the source can't tell, but rows may be there: they belong to
 * the UIDVALIDITY that they were listed under.
 */
function isNewIdSpace(mailbox: IndexedMailbox, outcome: Observation): boolean {
  if (mailbox.checkpoint !== null) return !outcome.sameIdSpace;
  return mailbox.uidValidity !== null && mailbox.uidValidity !== outcome.uidValidity;
}

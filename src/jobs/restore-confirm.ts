/**
 * Looks at the target after everything was sent: only what it shows, in the size it was sent, counts as
 * restored; with `verify` every selected message is read back whole and hashed. A date or flag that the server
 * did not keep is a remark, since the message itself is safe.
 */

import { describeError, MailboxError } from '../core/errors.js';
import { flagList } from '../core/mailbox/flags.js';
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { LedgerEntry, ReadBackRow, RestoreLedger, RestoreTarget } from '../core/ports/restore.js';
import { finishMatching, startMatching } from '../core/restore/plan-restore.js';
import { entryOf, flagsOn, type GoalPlan, keptFlags, placeOf, type Wanted } from './restore-plan.js';
import type { RestoreRecord } from './restore-record.js';

export interface ConfirmContext {
  readonly target: RestoreTarget;
  readonly ledger: RestoreLedger | null;
  readonly verify: boolean;
}

/** May be called again for what it did not confirm. Throws where the connection is lost. */
export async function confirm(
  plans: readonly GoalPlan[],
  record: RestoreRecord,
  context: ConfirmContext,
): Promise<void> {
  // The servers' answers are long and few: mailboxes follow one another.
  for (const plan of plans) {
    try {
      await confirmGoal(plan, record, context);
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      for (const { wanted } of record.sentTo(plan))
        record.failed(wanted, plan, `it was sent, but not confirmed: ${describeError(error)}`, 'other');
    }
  }
}

async function confirmGoal(plan: GoalPlan, record: RestoreRecord, context: ConfirmContext): Promise<void> {
  const { target, ledger, verify } = context;
  const { wireName } = plan.goal;
  const sent = record.sentTo(plan);
  const uids = new Map<Wanted, number>();
  for (const { wanted, uid } of sent) if (uid !== null) uids.set(wanted, uid);
  const unnamed = sent.filter(({ uid }) => uid === null).map(({ wanted }) => wanted);
  if (unnamed.length > 0) {
    const found = await findArrived(plan, unnamed, new Set(uids.values()), target);
    for (const [wanted, uid] of found) uids.set(wanted, uid);
  }
  const rows = new Map<number, ReadBackRow>();
  for (const row of await target.readBack(wireName, [...uids.values()])) rows.set(row.uid, row);
  const present = verify ? record.presentIn(plan) : [];
  const digests = verify
    ? await target.digests(wireName, [...rows.keys(), ...present.map(({ uid }) => uid)])
    : null;
  const seen: LedgerEntry[] = [];
  const changes = new Changes();
  for (const { wanted } of sent) {
    const { placement } = wanted;
    const uid = uids.get(wanted);
    const row = uid === undefined ? undefined : rows.get(uid);
    if (row === undefined) {
      record.failed(wanted, plan, 'it was sent, but the target does not show it', 'other');
      continue;
    }
    seen.push(entryOf(placement, row.uid, row.size));
    const difference = differenceOf(placement, row, digests);
    if (difference === null) record.confirmed(wanted, row.uid);
    else record.failed(wanted, plan, difference, 'other');
    changes.compare(placement, row, keptFlags(placement.flags, plan.survey?.permanentFlags ?? null));
  }
  for (const { wanted, uid } of present) {
    if (digests?.get(uid) === wanted.placement.sha256) continue;
    record.failed(wanted, plan, otherOctets(uid), 'other');
  }
  const place = placeOf(plan.goal, plan.survey);
  if (place !== null && seen.length > 0) ledger?.recordKnown(place, seen);
  if (place !== null) ledger?.clearPending(place);
  for (const remark of changes.remarks()) record.remark(`${plan.goal.path}: ${remark}`);
}

/** Where the server names no UIDs (no UIDPLUS): among the messages that arrived since the plan. */
async function findArrived(
  plan: GoalPlan,
  unnamed: readonly Wanted[],
  taken: ReadonlySet<number>,
  target: RestoreTarget,
): Promise<ReadonlyMap<Wanted, number>> {
  const { wireName } = plan.goal;
  const uidNext = plan.survey?.uidNext ?? 1;
  const arrived = await target.arrivedSince(wireName, uidNext);
  const there = arrived.filter(({ uid }) => !taken.has(uid));
  const start = startMatching(unnamed, there, {
    known: [],
    byIdentity: false,
    flagsOf: flagsOn(plan.survey),
  });
  const digests = await target.digests(wireName, start.doubtful);
  const pending = unnamed.map(({ placement: { sha256, receivedAt } }) => ({ sha256, receivedAt, uidNext }));
  return finishMatching(start, digests, pending);
}

function differenceOf(
  placement: SelectedPlacement,
  row: ReadBackRow,
  digests: ReadonlyMap<number, string> | null,
): string | null {
  if (row.size !== placement.size)
    return `the target keeps it in ${row.size} octets instead of ${placement.size} (its UID ${row.uid})`;
  if (digests !== null && digests.get(row.uid) !== placement.sha256) return otherOctets(row.uid);
  return null;
}

function otherOctets(uid: number): string {
  return `the target holds other octets than the archive (its UID ${uid})`;
}

/** Counts what the server did not keep, for one remark each. */
class Changes {
  #dates = 0;
  readonly #flags = new Map<string, number>();

  compare(placement: SelectedPlacement, row: ReadBackRow, sent: readonly string[]): void {
    if (row.receivedAt !== null && row.receivedAt !== placement.receivedAt) this.#dates += 1;
    const kept = new Set(flagList(row.flags).map((flag) => flag.toLowerCase()));
    for (const flag of sent)
      if (!kept.has(flag.toLowerCase())) this.#flags.set(flag, (this.#flags.get(flag) ?? 0) + 1);
  }

  *remarks(): Generator<string> {
    if (this.#dates > 0) yield `the target gave ${this.#dates} messages another date`;
    for (const [flag, count] of this.#flags) yield `the target did not keep ${flag} on ${count} messages`;
  }
}

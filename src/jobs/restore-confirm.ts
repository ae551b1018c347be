/**
 * Looks at the target after everything was sent: only what it shows, in the size it was sent, counts as
 * restored; with `verify` every selected message is read back whole and hashed. A date or flag that the server
 * did not keep is a remark, since the message itself is safe.
 */

import { describeError, MailboxError } from '../core/errors.js';
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { LedgerEntry, ReadBackRow, RestoreLedger, RestoreTarget } from '../core/ports/restore.js';
import { finishMatching, startMatching } from '../core/restore/plan-restore.js';
import { RestoreChanges } from './restore-changes.js';
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
      record.busy('reading back', plan.goal);
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
  const sight = new Sight(plan, target);
  await sight.look(new Map(sent.flatMap(({ wanted, uid }) => (uid === null ? [] : [[wanted, uid]]))));
  await sight.search(sent.map(({ wanted }) => wanted).filter((wanted) => !sight.shown.has(wanted)));
  const { shown, changed } = sight;
  const changes = new RestoreChanges();
  for (const [{ placement }, row] of [...shown, ...changed])
    changes.compare(placement, row, keptFlags(placement.flags, plan.survey?.permanentFlags ?? null));
  await changes.setLacking(target, wireName);
  const present = verify ? record.presentIn(plan) : [];
  const uids = [...[...shown.values()].map(({ uid }) => uid), ...present.map(({ uid }) => uid)];
  const digests = verify ? await target.digests(wireName, uids) : null;
  const seen: LedgerEntry[] = [];
  for (const { wanted } of sent) {
    const { placement } = wanted;
    const row = shown.get(wanted) ?? changed.get(wanted);
    if (row === undefined) {
      record.failed(wanted, plan, 'it was sent, but the target does not show it', 'other');
      continue;
    }
    seen.push(entryOf(placement, row.uid, row.size));
    if (!shown.has(wanted)) record.failed(wanted, plan, otherSize(placement, row), 'other');
    else if (digests !== null && digests.get(row.uid) !== placement.sha256)
      record.failed(wanted, plan, otherOctets(row.uid), 'other');
    else record.confirmed(wanted, row.uid);
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

/** What one mailbox of the target shows of the messages that were sent to it; a message there stands for one of ours. */
class Sight {
  /** In the size or with the octets that were sent. */
  readonly shown = new Map<Wanted, ReadBackRow>();
  /** In other octets. */
  readonly changed = new Map<Wanted, ReadBackRow>();
  readonly #plan: GoalPlan;
  readonly #target: RestoreTarget;
  readonly #taken = new Set<number>();

  constructor(plan: GoalPlan, target: RestoreTarget) {
    this.#plan = plan;
    this.#target = target;
  }

  async look(uids: ReadonlyMap<Wanted, number>): Promise<void> {
    const rows = await this.#target.readBack(this.#plan.goal.wireName, [...new Set(uids.values())]);
    const byUid = new Map(rows.map((row) => [row.uid, row]));
    const differing: [Wanted, ReadBackRow][] = [];
    for (const [wanted, uid] of uids) {
      const row = byUid.get(uid);
      if (row !== undefined && row.size === wanted.placement.size) this.#show(wanted, row);
      else if (row !== undefined) differing.push([wanted, row]);
    }
    // RFC822.SIZE is an estimate with Exchange; where the octets themselves differ, so do those of the others.
    for (let at = 0, same = 1; at < differing.length && same > 0; at += LOOKS) {
      const part = differing.slice(at, at + LOOKS);
      const found = part.map(([, { uid }]) => uid);
      const digests = await this.#target.digests(this.#plan.goal.wireName, found);
      const equal = part.filter(([{ placement }, { uid }]) => digests.get(uid) === placement.sha256);
      for (const [wanted, row] of equal) this.#show(wanted, row);
      same = equal.length;
    }
    for (const [wanted, row] of differing) if (!this.shown.has(wanted)) this.changed.set(wanted, row);
  }

  /**
   * Among what arrived since the plan, where the server names no UIDs (no UIDPLUS), or other ones (Courier, where
   * somebody else appends at the same time).
   */
  async search(lost: readonly Wanted[]): Promise<void> {
    if (lost.length === 0) return;
    const { goal, survey } = this.#plan;
    const uidNext = survey?.uidNext ?? 1;
    const arrived = await this.#target.arrivedSince(goal.wireName, uidNext);
    const there = arrived.filter(({ uid }) => !this.#taken.has(uid));
    const start = startMatching(lost, there, {
      known: [],
      pending: lost.map(({ placement: { sha256, receivedAt } }) => ({ sha256, receivedAt, uidNext })),
      ownUid: () => null,
      byIdentity: false,
      flagsOf: flagsOn(survey),
    });
    const digests = await this.#target.digests(goal.wireName, start.doubtful);
    const found = finishMatching(start, digests);
    const fresh = new Set(there.map(({ uid }) => uid));
    for (const [wanted, { uid }] of [...this.changed]) {
      const elsewhere = found.get(wanted);
      if (elsewhere === uid) found.delete(wanted);
      else if (elsewhere !== undefined || !fresh.has(uid) || wanted.placement.messageId !== null)
        this.changed.delete(wanted);
    }
    await this.look(found);
  }

  #show(wanted: Wanted, row: ReadBackRow): void {
    if (this.#taken.has(row.uid)) return;
    this.#taken.add(row.uid);
    this.shown.set(wanted, row);
  }
}

/** Messages whose octets are compared before it is asked whether that makes sense. */
const LOOKS = 20;

function otherSize({ size }: SelectedPlacement, row: ReadBackRow): string {
  return `the target keeps it in ${row.size} octets instead of ${size} (its UID ${row.uid})`;
}

function otherOctets(uid: number): string {
  return `the target holds other octets than the archive (its UID ${uid})`;
}

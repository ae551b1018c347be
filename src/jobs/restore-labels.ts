/**
 * Restoring to a server whose mailboxes are labels (Gmail, X-GM-EXT-1): every message is sent once, and then
 * gets the labels of the other mailboxes it was in. The server's own list of labels says whether it worked.
 */
import { describeError, MailboxError } from '../core/errors.js';
import type { RestoreTarget, TargetMailbox } from '../core/ports/restore.js';
import { type LabelBox, type LabelStep, planLabels } from '../core/restore/plan-labels.js';
import { finishMatching, startMatching } from '../core/restore/plan-restore.js';
import { flagsOn, type GoalPlan, type Wanted } from './restore-plan.js';
import type { RestoreRecord } from './restore-record.js';

/** The plans, with labels in place of further copies. */
export async function withLabels(
  plans: readonly GoalPlan[],
  target: RestoreTarget,
  existing: readonly TargetMailbox[],
): Promise<GoalPlan[]> {
  if (!target.traits.labels) return [...plans];
  const all = existing.find((mailbox) => mailbox.specialUse?.toLowerCase() === '\\all' && mailbox.selectable);
  const useOf = new Map(existing.map((mailbox) => [mailbox.wireName, mailbox.specialUse]));
  const boxes = plans.flatMap((plan) => {
    const { wireName } = plan.goal;
    const label = target.labelOf({ wireName, specialUse: useOf.get(wireName) ?? null });
    // Spam and Trash hold their messages alone: no label leads there.
    return label === null && wireName !== all?.wireName ? [] : [boxOf(plan, label)];
  });
  const isSelected = boxes.some(({ label }) => label === null);
  const lookup = all === undefined || isSelected ? null : await lookIn(all, plans, target);
  const steps = new Map(planLabels(boxes, lookup).map((step) => [step.wanted, step]));
  return plans.map((plan) => ({
    ...plan,
    append: plan.append.filter((wanted) => !steps.has(wanted)),
    labels: plan.append.flatMap((wanted) => steps.get(wanted) ?? []),
  }));
}

/** Sets the labels that are lacking. Throws where the connection is lost; may then be called again. */
export async function setLabels(
  plans: readonly GoalPlan[],
  record: RestoreRecord,
  target: RestoreTarget,
): Promise<void> {
  const planOf = new Map(plans.flatMap((plan) => plan.wanted.map((wanted) => [wanted, plan])));
  for (const plan of plans) {
    const groups = new Map<string, { wireName: string; label: string; steps: Map<Wanted, number> }>();
    for (const step of plan.labels) {
      if (record.isSettled(step.wanted)) continue;
      const base = baseOf(step, planOf, record);
      if (base === null) {
        record.failed(step.wanted, plan, 'the copy that was to get its label was not restored', 'other');
      } else if (step.label === null) record.confirmed(step.wanted);
      else {
        const key = `${base.wireName}\0${step.label}`;
        const group = groups.get(key) ?? { wireName: base.wireName, label: step.label, steps: new Map() };
        groups.set(key, group);
        group.steps.set(step.wanted, base.uid);
      }
    }
    for (const { wireName, label, steps } of groups.values())
      await setLabel({ plan, wireName, label, steps }, record, target);
  }
}

/**
 * Labels that the archive knows of messages sent now, beyond the mailboxes they lay in: one whose mailbox was not
 * selected, or is hidden from IMAP. A label that the target won't take is a remark. May be called again.
 */
export async function addKnownLabels(
  plans: readonly GoalPlan[],
  record: RestoreRecord,
  target: RestoreTarget,
): Promise<void> {
  if (!target.traits.labels) return;
  for (const plan of plans) {
    const groups = new Map<string, number[]>();
    for (const { placement, uid } of sentWithUid(plan, record)) {
      for (const name of placement.labels ?? []) {
        const label = target.labelNamed(name);
        if (label === null) continue;
        const uids = groups.get(label);
        if (uids === undefined) groups.set(label, [uid]);
        else uids.push(uid);
      }
    }
    for (const [label, uids] of groups) {
      try {
        await target.label(plan.goal.wireName, uids, label);
      } catch (error) {
        if (!(error instanceof MailboxError)) throw error;
        record.remark(`${plan.goal.path}: the label ${label} was not set: ${describeError(error)}`);
      }
    }
  }
}

function sentWithUid({ wanted }: GoalPlan, record: RestoreRecord) {
  return wanted.flatMap((one) => {
    const uid = record.uidOf(one);
    return uid === null ? [] : [{ placement: one.placement, uid }];
  });
}

interface Labelling {
  readonly plan: GoalPlan;
  readonly wireName: string;
  readonly label: string;
  readonly steps: ReadonlyMap<Wanted, number>;
}

async function setLabel(
  { plan, wireName, label, steps }: Labelling,
  record: RestoreRecord,
  target: RestoreTarget,
): Promise<void> {
  const uids = [...new Set(steps.values())].sort((a, b) => a - b);
  let labelled: ReadonlySet<number>;
  let reason = `the target does not show the label ${label} on it`;
  try {
    await target.label(wireName, uids, label);
    labelled = await target.labelled(wireName, uids, label);
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    labelled = new Set();
    reason = describeError(error);
  }
  for (const [wanted, uid] of steps) {
    if (labelled.has(uid)) record.confirmed(wanted);
    else record.failed(wanted, plan, reason, 'other');
  }
}

/** Where the copy lies that gets the label; null where it did not arrive. */
function baseOf(
  { base }: LabelStep<Wanted>,
  planOf: ReadonlyMap<Wanted, GoalPlan>,
  record: RestoreRecord,
): { wireName: string; uid: number } | null {
  if ('uid' in base) return base;
  const plan = planOf.get(base.sent);
  const uid = record.uidOf(base.sent);
  return plan === undefined || uid === null ? null : { wireName: plan.goal.wireName, uid };
}

function boxOf(plan: GoalPlan, label: string | null): LabelBox<Wanted> {
  return {
    wireName: plan.goal.wireName,
    label,
    wanted: plan.wanted,
    matches: plan.matches,
    append: new Set(plan.append),
    labelsOf: labelsIn(plan.survey?.messages ?? []),
  };
}

async function lookIn(
  all: TargetMailbox,
  plans: readonly GoalPlan[],
  target: RestoreTarget,
): Promise<LabelBox<Wanted>> {
  const survey = await target.survey(all.wireName);
  const wanted = mostCopies(plans.map(({ wanted }) => wanted));
  const facts = { known: [], pending: [], ownUid: () => null, byIdentity: false, flagsOf: flagsOn(survey) };
  const start = startMatching(wanted, survey.messages, facts);
  const digests = await target.digests(all.wireName, start.doubtful);
  return {
    wireName: all.wireName,
    label: null,
    wanted,
    matches: finishMatching(start, digests),
    append: new Set(),
    labelsOf: labelsIn(survey.messages),
  };
}

/** Of each content as many as the mailbox that has most of it. */
function mostCopies(lists: readonly (readonly Wanted[])[]): Wanted[] {
  const most = new Map<string, Wanted[]>();
  for (const list of lists) {
    const own = new Map<string, Wanted[]>();
    for (const wanted of list) {
      const key = `${wanted.placement.sha256} ${wanted.placement.receivedAt}`;
      own.set(key, [...(own.get(key) ?? []), wanted]);
    }
    for (const [key, copies] of own) if (copies.length > (most.get(key)?.length ?? 0)) most.set(key, copies);
  }
  return [...most.values()].flat();
}

function labelsIn(messages: readonly { readonly uid: number; readonly labels: readonly string[] | null }[]) {
  const labels = new Map(messages.map((message) => [message.uid, message.labels ?? []]));
  return (uid: number) => labels.get(uid) ?? [];
}

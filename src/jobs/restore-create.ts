/** Makes the mailboxes that a restore needs and the target does not have. */
import { describeError, MailboxError } from '../core/errors.js';
import { displayPath, mailboxPath } from '../core/mailbox/mailbox-path.js';
import type { RestoreGoal } from '../core/restore/restore-goals.js';
import { type GoalPlan, type PlanContext, planGoal } from './restore-plan.js';
import type { RestoreRecord } from './restore-record.js';

/**
 * The plans with every mailbox in place, and with what it turned out to hold: a name in plain characters may
 * have been there. Messages of a mailbox that can't be made are failed. Throws where the connection is lost;
 * may then be called again.
 */
export function createMissing(
  plans: readonly GoalPlan[],
  record: RestoreRecord,
  context: PlanContext,
): Promise<GoalPlan[]> {
  const taken = new Set(plans.map(({ goal }) => goal.wireName));
  return Promise.all(
    plans.map(async (plan) => {
      const labelled = new Set(plan.labels.map(({ wanted }) => wanted));
      const isEmpty = plan.wanted.length === 0 && !plan.goal.exists;
      if (plan.survey !== null || (plan.append.length + labelled.size === 0 && !isEmpty)) return plan;
      try {
        const goal = { ...(await create(plan.goal, taken, context)), exists: true };
        if (isEmpty) return record.created({ ...plan, goal }, plan);
        const fresh = await planGoal({ ...plan, goal }, context);
        const append = fresh.append.filter((wanted) => !labelled.has(wanted));
        return record.created({ ...fresh, append, labels: plan.labels }, plan);
      } catch (error) {
        if (!(error instanceof MailboxError)) throw error;
        if (isEmpty)
          record.remark(`${plan.from}: the mailbox, which is empty, was not made: ${describeError(error)}`);
        for (const wanted of plan.wanted)
          if (!record.isSettled(wanted)) record.failed(wanted, plan, describeError(error), 'other');
        return { ...plan, goal: { ...plan.goal, exists: isEmpty }, append: [], labels: [] };
      }
    }),
  );
}

/** Under its own name, or in characters that every server takes. */
async function create(
  goal: RestoreGoal,
  taken: Set<string>,
  { target, ledger }: PlanContext,
): Promise<RestoreGoal> {
  try {
    await target.create(goal.wireName, goal.specialUse);
    return goal;
  } catch (error) {
    const plain = target.plainNameOf(goal.components);
    if (!(error instanceof MailboxError) || taken.has(plain.wireName)) throw error;
    taken.add(plain.wireName);
    await target.create(plain.wireName, goal.specialUse);
    ledger?.recordGivenName(goal.wireName, plain.wireName);
    const path = displayPath(mailboxPath(...plain.components));
    const remark = `the target refuses that name; it is called ${path} there`;
    return { ...goal, wireName: plain.wireName, components: plain.components, path, remark };
  }
}

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
  { reserved, ...context }: CreateContext,
): Promise<GoalPlan[]> {
  const taken = new Set([...reserved, ...plans.map(({ goal }) => goal.wireName)]);
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

export interface CreateContext extends PlanContext {
  /** Names on the target that are other mailboxes' own, selected or not. */
  readonly reserved: Iterable<string>;
}

/** Under its own name, or in characters that every server takes, or under what is like no name with a meaning. */
async function create(
  goal: RestoreGoal,
  taken: Set<string>,
  { target, ledger }: PlanContext,
): Promise<RestoreGoal> {
  try {
    await target.create(goal.wireName, goal.specialUse);
    return goal;
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    let refusal = error;
    let refusals = 0;
    for (const suffixes of suffixesFor(goal.components)) {
      const plain = target.plainNameOf(goal.components, suffixes);
      if (taken.has(plain.wireName)) continue;
      taken.add(plain.wireName);
      try {
        await target.create(plain.wireName, goal.specialUse);
      } catch (again) {
        if (!(again instanceof MailboxError)) throw again;
        refusal = again;
        refusals += 1;
        if (refusals === MAX_REFUSALS) break;
        continue;
      }
      ledger?.recordGivenName(goal.wireName, plain.wireName);
      const path = displayPath(mailboxPath(...plain.components));
      const remark = `the target refuses that name; it is called ${path} there`;
      return { ...goal, wireName: plain.wireName, components: plain.components, path, remark };
    }
    throw refusal;
  }
}

/** Names that are tried although the server refuses every one: a quota on mailboxes is no matter of names. */
const MAX_REFUSALS = 3;
const MAX_TWINS = 99;

/** None; one for names that a server keeps to itself ("cur"); numbers for names that are cut to the same. */
function* suffixesFor(levels: readonly string[]): Generator<string[]> {
  const onLast = (suffix: string) => levels.map((_, at) => (at === levels.length - 1 ? suffix : ''));
  yield onLast('');
  yield onLast('_');
  yield levels.map(() => '_');
  for (let number = 2; number <= MAX_TWINS; number += 1) yield onLast(`_${number}`);
}

/** From the state of each message to the numbers of a restore's report. */
import type { MailboxRestoreReport, RestoreFailure, RestoreReport } from '../core/restore/restore-report.js';
import { droppedFlags, type GoalPlan, type Wanted } from './restore-plan.js';

export type FailureCause = 'too big' | 'damaged' | 'other';

export type MessageState =
  /** `uid` null: in another mailbox, with this one's label. */
  | { readonly kind: 'present'; readonly uid: number | null }
  | { readonly kind: 'sent'; readonly uid: number | null }
  | { readonly kind: 'confirmed'; readonly uid: number | null }
  | { readonly kind: 'failed'; readonly reason: string; readonly cause: FailureCause };

export interface RestoreStates {
  /** By the name of the target's mailbox as it was planned. */
  readonly plans: ReadonlyMap<string, GoalPlan>;
  readonly stateOf: (wanted: Wanted) => MessageState | undefined;
  /** Names of mailboxes that the target did not have. */
  readonly creates: ReadonlySet<string>;
  /** Messages that the target lacked when it was looked at first, and can take. */
  readonly lacking: ReadonlySet<Wanted>;
  /** Of them, those that only need a label. */
  readonly labelled: ReadonlySet<Wanted>;
  /** Selected, and not in the archive any more. */
  readonly absent: readonly (RestoreFailure & { readonly to: string })[];
}

type Numbers = Omit<RestoreReport, 'dryRun' | 'to' | 'quota' | 'remarks' | 'error'>;

export function summarize(states: RestoreStates): Numbers {
  const mailboxes = withAbsent(
    [...states.plans].flatMap(([wireName, plan]) => rowsOf(wireName, plan, states)),
    states.absent,
  ).sort((a, b) => rank(a.from) - rank(b.from) || (a.from < b.from ? -1 : 1));
  const sum = (count: (mailbox: MailboxRestoreReport) => number) =>
    mailboxes.reduce((total, mailbox) => total + count(mailbox), 0);
  return {
    planned: sum(({ planned }) => planned),
    append: sum(({ append }) => append),
    appendBytes: sum(({ appendBytes }) => appendBytes),
    restored: sum(({ restored }) => restored),
    present: sum(({ present }) => present),
    failed: sum(({ failed }) => failed),
    mailboxes,
    failures: [...failuresOf(states), ...states.absent.map(({ to: _, ...failure }) => failure)],
  };
}

export function dropRemark({ from, dropped }: MailboxRestoreReport): string[] {
  if (dropped === null || dropped.length === 0) return [];
  return [`${from}: the target does not keep ${dropped.join(' ')}; the messages are restored without`];
}

/** By the archive's mailbox. */
export function byPath({ wanted, from }: Pick<GoalPlan, 'wanted' | 'from'>): Map<string, Wanted[]> {
  const groups = new Map<string, Wanted[]>();
  if (wanted.length === 0) groups.set(from, []);
  for (const one of wanted) {
    const group = groups.get(one.mailbox.path);
    if (group === undefined) groups.set(one.mailbox.path, [one]);
    else group.push(one);
  }
  return groups;
}

/** A row for each of the archive's mailboxes that goes there. */
function rowsOf(wireName: string, plan: GoalPlan, states: RestoreStates): MailboxRestoreReport[] {
  const { stateOf, creates, lacking, labelled } = states;
  const isDamaged = (wanted: Wanted) => {
    const state = stateOf(wanted);
    return state?.kind === 'failed' && state.cause === 'damaged';
  };
  return [...byPath(plan)].map(([path, own]) => {
    const counts = new Map<string, number>();
    const bump = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const wanted of own) {
      const state = stateOf(wanted);
      if (state === undefined) continue;
      bump(state.kind);
      if (state.kind === 'failed') bump(state.cause);
    }
    const count = (key: MessageState['kind'] | FailureCause) => counts.get(key) ?? 0;
    const append = own.filter((wanted) => lacking.has(wanted) && !isDamaged(wanted));
    const sent = append.filter((wanted) => !labelled.has(wanted));
    return {
      from: path,
      to: plan.goal.path,
      creates: creates.has(wireName),
      planned: own.length,
      append: append.length,
      appendBytes: sent.reduce((total, { placement }) => total + placement.size, 0),
      label: append.length - sent.length,
      restored: count('confirmed'),
      present: count('present'),
      failed: count('failed'),
      tooBig: count('too big'),
      damaged: count('damaged'),
      dropped: plan.survey === null ? null : droppedFlags(append, plan.survey.permanentFlags),
    };
  });
}

function withAbsent(rows: MailboxRestoreReport[], absent: RestoreStates['absent']): MailboxRestoreReport[] {
  const counts = new Map<string, number>();
  for (const { mailbox } of absent) counts.set(mailbox, (counts.get(mailbox) ?? 0) + 1);
  const known = new Set(rows.map(({ from }) => from));
  const added = absent
    .filter(
      ({ mailbox }, at) => !known.has(mailbox) && absent.findIndex((each) => each.mailbox === mailbox) === at,
    )
    .map(({ mailbox, to }) => ({ ...EMPTY_ROW, from: mailbox, to }));
  return [...rows, ...added].map((row) => {
    const count = counts.get(row.from) ?? 0;
    counts.delete(row.from);
    const { planned, failed, damaged } = row;
    return { ...row, planned: planned + count, failed: failed + count, damaged: damaged + count };
  });
}

const EMPTY_ROW = {
  creates: false,
  planned: 0,
  append: 0,
  appendBytes: 0,
  label: 0,
  restored: 0,
  present: 0,
  failed: 0,
  tooBig: 0,
  damaged: 0,
  dropped: null,
};

function failuresOf({ plans, stateOf }: RestoreStates): RestoreFailure[] {
  return [...plans.values()].flatMap(({ wanted }) =>
    wanted.flatMap((one) => {
      const state = stateOf(one);
      if (state?.kind !== 'failed') return [];
      return [{ mailbox: one.mailbox.path, uid: one.placement.uid, reason: state.reason }];
    }),
  );
}

/** INBOX first. */
function rank(path: string): number {
  return path.toUpperCase() === 'INBOX' ? 0 : 1;
}

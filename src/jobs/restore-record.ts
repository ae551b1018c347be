/**
 * What became of each selected message: present before, sent, confirmed, or failed with a reason. Every message
 * is in one of these states only, so the report's numbers always add up.
 */
import type { MailkeepError } from '../core/errors.js';
import type { QuotaResource, TargetSurvey } from '../core/ports/restore.js';
import type { RestoreGoal } from '../core/restore/restore-goals.js';
import type { RestoreFailure, RestoreReport } from '../core/restore/restore-report.js';
import type { RestoreOptions, RestoreProgress } from './restore.js';
import { type GoalPlan, type Placed, tooBigReason, type Wanted } from './restore-plan.js';
import { byPath, dropRemark, type FailureCause, type MessageState, summarize } from './restore-summary.js';

export class RestoreRecord {
  readonly #options: RestoreOptions;
  readonly #states = new Map<Wanted, MessageState>();
  /** By the name of the target's mailbox as it was planned, in the archive's order. */
  readonly #plans = new Map<string, GoalPlan>();
  readonly #creates = new Set<string>();
  /** Messages that the target lacked when it was looked at first, and can take. */
  readonly #lacking = new Set<Wanted>();
  readonly #labelled = new Set<Wanted>();
  readonly #remarks = new Set<string>();
  readonly #total = { messages: 0, bytes: 0 };
  readonly #done = { messages: 0, bytes: 0 };
  #absent: readonly (RestoreFailure & { readonly to: string })[] = [];
  #quota: readonly QuotaResource[] = [];
  #error: MailkeepError | null = null;

  constructor(options: RestoreOptions) {
    this.#options = options;
    for (const remark of options.remarks) this.remark(remark);
  }

  /** `targetOf`: where a mailbox of the archive goes. */
  planned(
    plans: readonly GoalPlan[],
    quota: readonly QuotaResource[],
    targetOf: (path: string) => string,
  ): void {
    this.#quota = quota;
    this.#absent = (this.#options.absent ?? []).map((failure) => ({
      ...failure,
      to: targetOf(failure.mailbox),
    }));
    for (const plan of plans) {
      this.#plans.set(plan.goal.wireName, plan);
      if (!plan.goal.exists && (plan.append.length + plan.labels.length > 0 || plan.wanted.length === 0))
        this.#creates.add(plan.goal.wireName);
      if (plan.goal.remark !== null) this.#remarkOn(plan, plan.goal.remark);
      this.#look(plan);
      for (const { wanted } of plan.labels) {
        if (this.isSettled(wanted)) continue;
        this.#lacking.add(wanted);
        this.#labelled.add(wanted);
      }
      for (const wanted of plan.append) {
        this.#lacking.add(wanted);
        this.#total.messages += 1;
        this.#total.bytes += wanted.placement.size;
      }
    }
    this.#remarkOnQuota();
  }

  /** The mailbox was made, perhaps under another name; `plan` is about what it holds now. */
  created(plan: GoalPlan, before: GoalPlan): GoalPlan {
    this.#plans.set(before.goal.wireName, plan);
    if (plan.goal.remark !== before.goal.remark && plan.goal.remark !== null)
      this.#remarkOn(plan, plan.goal.remark);
    this.#look(plan);
    return this.#unsettled(plan);
  }

  /** The plan after a connection was lost: what it finds now arrived although nobody said so, or said where. */
  foundAgain(plan: GoalPlan, before: GoalPlan): GoalPlan {
    for (const [wanted, uid] of plan.matches) {
      const state = this.#states.get(wanted);
      if (state === undefined) this.sent(wanted, plan, uid);
      else if (state.kind === 'sent' && state.uid === null) this.#states.set(wanted, { kind: 'sent', uid });
    }
    if (plan.failure !== null) {
      for (const wanted of plan.wanted)
        if (!this.isSettled(wanted)) this.failed(wanted, plan, plan.failure, 'other');
    }
    // Setting a label twice is harmless, and the copies that get them are known.
    const labelled = new Set(before.labels.map(({ wanted }) => wanted));
    const append = plan.append.filter((wanted) => !labelled.has(wanted));
    const survey = sinceFirst(plan.survey, before.survey);
    return this.#unsettled({ ...plan, append, labels: before.labels, survey });
  }

  isSettled(wanted: Wanted): boolean {
    return this.#states.has(wanted);
  }

  /** Grows with every message whose fate is known. */
  get settled(): number {
    return this.#states.size;
  }

  /** Says what is done while no message changes its state. */
  busy(phase: RestoreProgress['phase'], { path }: Pick<RestoreGoal, 'path'>): void {
    const isPlanned = this.#plans.size > 0;
    this.#options.onProgress?.({
      phase,
      messages: this.#done.messages,
      messagesTotal: isPlanned ? this.#total.messages : null,
      bytes: this.#done.bytes,
      bytesTotal: isPlanned ? this.#total.bytes : null,
      mailbox: path,
    });
  }

  checked(wanted: Wanted, plan: GoalPlan): void {
    this.#progress('checking', wanted, plan);
  }

  sent(wanted: Wanted, plan: GoalPlan, uid: number | null): void {
    this.#states.set(wanted, { kind: 'sent', uid });
    this.#progress('sending', wanted, plan);
  }

  failed(wanted: Wanted, plan: GoalPlan, reason: string, cause: FailureCause): void {
    if (!this.#states.has(wanted)) this.#progress('sending', wanted, plan);
    this.#states.set(wanted, { kind: 'failed', reason, cause });
  }

  /** Read back, under this UID; null where only a label was set. */
  confirmed(wanted: Wanted, uid: number | null = null): void {
    this.#states.set(wanted, { kind: 'confirmed', uid });
  }

  /** Where a confirmed message lies; null for any other. */
  uidOf(wanted: Wanted): number | null {
    const state = this.#states.get(wanted);
    return state?.kind === 'confirmed' ? state.uid : null;
  }

  placed(plan: GoalPlan): Placed {
    const uids = new Map<Wanted, number>();
    const unnamed = new Set<Wanted>();
    for (const wanted of plan.wanted) {
      const state = this.#states.get(wanted);
      if (state === undefined || state.kind === 'failed') continue;
      if (state.uid !== null) uids.set(wanted, state.uid);
      else if (state.kind === 'sent') unnamed.add(wanted);
    }
    return { uidValidity: plan.survey?.uidValidity ?? null, uids, unnamed };
  }

  /** What was sent to this mailbox, with its UID where the server told. */
  sentTo(plan: GoalPlan): { wanted: Wanted; uid: number | null }[] {
    return plan.wanted.flatMap((wanted) => {
      const state = this.#states.get(wanted);
      return state?.kind === 'sent' ? [{ wanted, uid: state.uid }] : [];
    });
  }

  /** What the mailbox held before. */
  presentIn(plan: GoalPlan): { wanted: Wanted; uid: number }[] {
    return plan.wanted.flatMap((wanted) => {
      const state = this.#states.get(wanted);
      return state?.kind === 'present' && state.uid !== null ? [{ wanted, uid: state.uid }] : [];
    });
  }

  remark(text: string): void {
    this.#remarks.add(text);
  }

  stopped(error: MailkeepError): void {
    this.#error = error;
    for (const plan of this.#plans.values()) {
      for (const wanted of plan.wanted) {
        const kind = this.#states.get(wanted)?.kind;
        if (kind === undefined) this.failed(wanted, plan, `it was not sent: ${error.message}`, 'other');
        if (kind === 'sent')
          this.failed(wanted, plan, `it was sent, but not confirmed: ${error.message}`, 'other');
      }
    }
  }

  report(): RestoreReport {
    const summary = summarize({
      plans: this.#plans,
      stateOf: (wanted) => this.#states.get(wanted),
      creates: this.#creates,
      lacking: this.#lacking,
      labelled: this.#labelled,
      absent: this.#absent,
    });
    const { dryRun, to } = this.#options;
    const error = this.#error;
    return {
      dryRun,
      to,
      ...summary,
      quota: this.#quota,
      remarks: [...this.#remarks, ...summary.mailboxes.flatMap(dropRemark)],
      error: error === null ? null : { code: error.code, message: error.message, hint: error.hint },
    };
  }

  /** Enters what a plan says of messages that nothing is known of yet. */
  #look(plan: GoalPlan): void {
    for (const [wanted, uid] of plan.matches) {
      if (this.#states.has(wanted)) continue;
      this.#states.set(wanted, { kind: 'present', uid });
      this.#lacking.delete(wanted);
    }
    for (const { wanted, isThere } of plan.labels)
      if (isThere && !this.#states.has(wanted)) this.#states.set(wanted, { kind: 'present', uid: null });
    for (const wanted of plan.tooBig)
      this.#states.set(wanted, {
        kind: 'failed',
        reason: tooBigReason(plan.survey),
        cause: 'too big',
      });
    if (plan.failure === null) return;
    for (const wanted of plan.wanted)
      this.#states.set(wanted, { kind: 'failed', reason: plan.failure, cause: 'other' });
  }

  #unsettled(plan: GoalPlan): GoalPlan {
    return { ...plan, append: plan.append.filter((wanted) => !this.isSettled(wanted)) };
  }

  #remarkOn(plan: GoalPlan, text: string): void {
    for (const path of byPath(plan).keys()) this.remark(`${path}: ${text}`);
  }

  #remarkOnQuota(): void {
    for (const { root, name, used, limit } of this.#quota) {
      const planned = name === 'STORAGE' ? this.#total.bytes : name === 'MESSAGE' ? this.#total.messages : 0;
      const left = Math.max(0, limit - used);
      if (planned <= left) continue;
      const unit = name === 'STORAGE' ? 'octets' : 'messages';
      this.remark(`the quota ${root || 'of the target'} has room for ${left} of ${planned} ${unit}`);
    }
  }

  #progress(phase: RestoreProgress['phase'], { placement }: Wanted, plan: GoalPlan): void {
    this.#done.messages += 1;
    this.#done.bytes += placement.size;
    this.busy(phase, plan.goal);
  }
}

/** What this restore sent has the UIDs from the first survey on. */
function sinceFirst(now: TargetSurvey | null, before: TargetSurvey | null): TargetSurvey | null {
  if (now === null || before === null || now.uidValidity !== before.uidValidity) return now;
  return { ...now, uidNext: Math.min(now.uidNext, before.uidNext) };
}

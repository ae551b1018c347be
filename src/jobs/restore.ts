/**
 * Puts mail back on a server: plan, append what is missing, read back. The archive is only read. A restore
 * that was killed is simply run again, and a connection that is lost in the middle is opened again in the same
 * way: the plan starts from what the target holds, so nothing is sent twice.
 */

import { AccountError, type MailkeepError, throwIfAborted } from '../core/errors.js';
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { RestoreLedger, RestoreTarget } from '../core/ports/restore.js';
import { chooseGoals, type RestoreGoal } from '../core/restore/restore-goals.js';
import type { RestoreFailure, RestoreReport } from '../core/restore/restore-report.js';
import { confirm } from './restore-confirm.js';
import { type ContentPorts, damageOf } from './restore-content.js';
import { createMissing } from './restore-create.js';
import { addKnownLabels, setLabels, withLabels } from './restore-labels.js';
import { notNotedDown, whileItLasts } from './restore-ledger.js';
import { type GoalPlan, type Placed, placeOf, planGoal, type Wanted } from './restore-plan.js';
import { RestoreRecord } from './restore-record.js';
import { sendPlans } from './restore-send.js';

export interface RestorePorts extends ContentPorts {
  /** Signs in to the target. Throws AccountError, CredentialsError or InterruptedError. */
  readonly connect: () => Promise<RestoreTarget>;
  readonly ledger: RestoreLedger | null;
  readonly wait: (ms: number) => Promise<void>;
}

export interface RestoreSelection {
  readonly mailbox: IndexedMailbox;
  readonly placements: readonly SelectedPlacement[];
}

export interface RestoreOptions {
  readonly to: string;
  /** Mailbox names under which everything is put, outermost first; empty to restore in place. */
  readonly prefix: readonly string[];
  /** Whether the target is the very server the archive came from: names are then used as they were. */
  readonly sameServer: boolean;
  readonly dryRun: boolean;
  /** Read every selected message back whole and compare its hash. */
  readonly verify: boolean;
  /** Make mailboxes that are empty in the archive, too. */
  readonly emptyToo: boolean;
  /** Most connections to the target at once. */
  readonly connections: number;
  /** What is to be known beforehand. */
  readonly remarks: readonly string[];
  /** Selected as well, and not in the archive any more. */
  readonly absent?: readonly RestoreFailure[];
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
}

export interface RestoreProgress {
  readonly phase: 'looking' | 'checking' | 'sending' | 'reading back';
  /** Sent, or checked in a dry run; totals are null before the plan is made. */
  readonly messages: number;
  readonly messagesTotal: number | null;
  readonly bytes: number;
  readonly bytesTotal: number | null;
  readonly mailbox: string;
}

/** Pauses before connecting again; as many attempts in a row may bring nothing. */
const PAUSES_MS = [1000, 3000, 9000];
/** A message during which the connection ended this often, with nothing else on it, is the cause. */
const MAX_STRIKES = 2;

/**
 * `mailboxes`: all of the archive, so that names don't depend on what is selected. Throws where nothing was sent
 * yet and the target can't be used; later the report tells in `error`.
 */
export async function restore(
  ports: RestorePorts,
  mailboxes: readonly IndexedMailbox[],
  selections: readonly RestoreSelection[],
  options: RestoreOptions,
): Promise<RestoreReport> {
  const record = new RestoreRecord(options);
  const ledger = ports.ledger && whileItLasts(ports.ledger, (error) => record.remark(notNotedDown(error)));
  const run = new Restore({ ...ports, ledger }, options, record, await ports.connect());
  try {
    await run.plan(mailboxes, selections);
    if (options.dryRun) await run.checkFiles();
    else await run.send();
    return record.report();
  } finally {
    await run.close();
  }
}

class Restore {
  readonly #ports: RestorePorts;
  readonly #options: RestoreOptions;
  readonly #record: RestoreRecord;
  #target: RestoreTarget;
  #plans: GoalPlan[] = [];
  /** Names on the target of all mailboxes of the archive. */
  #reserved: readonly string[] = [];
  /** A connection ended while something was being sent on it. */
  #inDoubt = false;

  constructor(ports: RestorePorts, options: RestoreOptions, record: RestoreRecord, target: RestoreTarget) {
    this.#ports = ports;
    this.#options = options;
    this.#record = record;
    this.#target = target;
  }

  close(): Promise<void> {
    return this.#target.close();
  }

  async plan(mailboxes: readonly IndexedMailbox[], selections: readonly RestoreSelection[]): Promise<void> {
    const { prefix, sameServer, emptyToo } = this.#options;
    const existing = await this.#target.list();
    const goals = chooseGoals(mailboxes, {
      prefix,
      sameServer,
      existing,
      nameOf: (components) => this.#target.nameOf(components),
      givenName: (wanted) => this.#ports.ledger?.givenName(wanted) ?? null,
    });
    this.#reserved = [...goals.values()].map(({ wireName }) => wireName);
    const byGoal = new Map<RestoreGoal, { wanted: Wanted[]; from: string }>();
    for (const { mailbox, placements } of selections) {
      const goal = goals.get(mailbox.path)!;
      const isLacking = emptyToo && mailbox.listed && !goal.exists;
      if (placements.length === 0 && !isLacking) continue;
      const wanted = byGoal.get(goal)?.wanted ?? [];
      byGoal.set(goal, { wanted, from: mailbox.path });
      for (const placement of placements) wanted.push({ placement, mailbox });
    }
    const quota = byGoal.size === 0 ? [] : await this.#target.quota();
    const goalsOf = [...byGoal].map(([goal, { wanted, from }]) => ({ goal, wanted, from }));
    const plans = await this.#planAll(goalsOf);
    this.#plans = await withLabels(plans, this.#target, existing);
    this.#record.planned(this.#plans, quota, (path) => goals.get(path)?.path ?? path);
  }

  /** Reads every file that would be sent. */
  async checkFiles(): Promise<void> {
    for (const plan of this.#plans) {
      for (const wanted of plan.append) {
        throwIfAborted(this.#options.signal);
        const reason = await damageOf(this.#ports, wanted.placement);
        if (reason === null) this.#record.checked(wanted, plan);
        else this.#record.failed(wanted, plan, reason, 'damaged');
      }
    }
  }

  async send(): Promise<void> {
    const strikes = new Map<Wanted, number>();
    for (let idle = 0; ; ) {
      const settledBefore = this.#record.settled;
      const error = await this.#round(strikes);
      if (error === null) return;
      idle = this.#record.settled > settledBefore ? 0 : idle + 1;
      if (idle > PAUSES_MS.length || !isWorthAnotherTry(error)) return this.#record.stopped(error);
      await this.#ports.wait(PAUSES_MS[Math.max(0, idle - 1)]!);
      throwIfAborted(this.#options.signal);
    }
  }

  /** One attempt to bring the target to where it is to be; why it ended early, or null. */
  async #round(strikes: Map<Wanted, number>): Promise<MailkeepError | null> {
    try {
      await this.#resume();
      const { ledger, store, digest, startHash, connect } = this.#ports;
      const { sameServer } = this.#options;
      const context = { target: this.#target, ledger, sameServer };
      this.#plans = await createMissing(this.#plans, this.#record, { ...context, reserved: this.#reserved });
      const result = await sendPlans(
        { ledger, store, digest, startHash, connect },
        this.#target,
        this.#plans,
        {
          connections: this.#options.connections,
          signal: this.#options.signal,
          suspects: new Set(strikes.keys()),
          onOutcome: (wanted, plan, outcome) => {
            if (outcome.kind === 'sent') return this.#record.sent(wanted, plan, outcome.uid);
            if (outcome.kind === 'failed')
              return this.#record.failed(wanted, plan, outcome.reason, outcome.cause);
            this.#inDoubt = true;
            strikes.set(wanted, (strikes.get(wanted) ?? 0) + (outcome.alone ? 1 : 0));
          },
        },
      );
      if (result.full !== null) this.#failRest(`the target takes no more mail: ${result.full}`);
      if (result.error === null && !this.#isDone()) {
        this.#strikeOut(strikes);
        return this.#target.failure ?? LOST;
      }
      await confirm(this.#plans, this.#record, {
        target: this.#target,
        ledger: this.#ports.ledger,
        verify: this.#options.verify,
      });
      if (result.error !== null) return result.error;
      await setLabels(this.#plans, this.#record, this.#target);
      await addKnownLabels(this.#plans, this.#record, this.#target);
      return null;
    } catch (error) {
      if (!(error instanceof AccountError)) throw error;
      return error;
    }
  }

  /** After a lost connection: signs in again, and looks what arrived before anything is sent again. */
  async #resume(): Promise<void> {
    if (this.#target.failure !== null) {
      await this.#target.close();
      this.#target = await this.#ports.connect();
    } else if (!this.#inDoubt) return;
    this.#inDoubt = false;
    const fresh = await this.#planAll(
      this.#plans.map((plan) => ({ ...plan, placed: this.#record.placed(plan) })),
    );
    this.#plans = fresh.map((plan, at) => this.#record.foundAgain(plan, this.#plans[at]!));
  }

  async #planAll(goals: readonly ToPlan[]): Promise<GoalPlan[]> {
    const { ledger } = this.#ports;
    const context = { target: this.#target, ledger, sameServer: this.#options.sameServer };
    const plans: GoalPlan[] = new Array(goals.length);
    const queue = goals.entries();
    const worker = async () => {
      for (const [at, { placed, ...toPlan }] of queue) {
        throwIfAborted(this.#options.signal);
        this.#record.busy('looking', toPlan.goal);
        plans[at] = await planGoal(toPlan, context, placed);
      }
    };
    await Promise.all(Array.from({ length: Math.min(SURVEYS, goals.length) }, worker));
    if (!this.#options.dryRun) {
      for (const { goal, survey, proved } of plans) {
        const place = placeOf(goal, survey);
        if (place !== null && proved.length > 0) ledger?.recordKnown(place, proved);
      }
    }
    return plans;
  }

  #strikeOut(strikes: ReadonlyMap<Wanted, number>): void {
    for (const plan of this.#plans) {
      for (const wanted of plan.append) {
        if ((strikes.get(wanted) ?? 0) < MAX_STRIKES || this.#record.isSettled(wanted)) continue;
        this.#record.failed(wanted, plan, 'the target ends the connection whenever it is sent', 'other');
      }
    }
  }

  #isDone(): boolean {
    return this.#plans.every((plan) => plan.append.every((wanted) => this.#record.isSettled(wanted)));
  }

  #failRest(reason: string): void {
    for (const plan of this.#plans) {
      for (const wanted of plan.append)
        if (!this.#record.isSettled(wanted)) this.#record.failed(wanted, plan, reason, 'other');
    }
  }
}

/** Where one of several connections ended and the others went on. */
const LOST = new AccountError('a connection to the target was lost', { code: 'unreachable' });

interface ToPlan extends Pick<GoalPlan, 'goal' | 'wanted' | 'from'> {
  readonly placed?: Placed;
}

/** Mailboxes that are surveyed at once. */
const SURVEYS = 32;

function isWorthAnotherTry(error: MailkeepError): boolean {
  return error.code === 'unreachable';
}

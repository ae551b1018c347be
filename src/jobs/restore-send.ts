/**
 * Sends what the plans lack, over as many connections as help. A mailbox is filled by one connection, so that
 * its order is kept, and because Courier names wrong UIDs to connections that append side by side. While the
 * server takes one batch the next is read and its hashes are checked. A connection that ends costs no other one
 * anything: what it was sending is left in doubt, to be looked for before anything is sent again.
 */
import { type AccountError, InterruptedError } from '../core/errors.js';
import type { AppendItem, AppendOutcome, RestoreLedger, RestoreTarget } from '../core/ports/restore.js';
import { BatchMemory, type ContentPorts, IN_MEMORY, provenContent } from './restore-content.js';
import { entryOf, type GoalPlan, keptFlags, placeOf, type Wanted } from './restore-plan.js';

/** What became of a message in this round. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly uid: number | null }
  | { readonly kind: 'failed'; readonly reason: string; readonly cause: 'damaged' | 'other' }
  /** The connection ended; `alone`: while nothing else was being sent on it. */
  | { readonly kind: 'doubt'; readonly alone: boolean };

export interface SendPorts extends ContentPorts {
  readonly ledger: RestoreLedger | null;
  /** Another connection to the same target. */
  readonly connect: () => Promise<RestoreTarget>;
}

export interface SendOptions {
  readonly connections: number;
  readonly signal: AbortSignal;
  /** Sent one at a time, at the end: a connection ended while they were being sent. */
  readonly suspects: ReadonlySet<Wanted>;
  readonly onOutcome: (wanted: Wanted, plan: GoalPlan, outcome: SendOutcome) => void;
}

export interface SendResult {
  /** The target takes no more mail. */
  readonly full: string | null;
  /** Why the run has to end, or null. */
  readonly error: AccountError | null;
}

/** Messages and octets of a batch; two of them are in memory for each connection. */
const BATCH_MESSAGES = 250;
const BATCH_OCTETS = 2 * 1024 * 1024;
const MEMORY = BATCH_OCTETS + IN_MEMORY;
/** Less than this is not worth another sign-in. */
const CONNECTION_OCTETS = 4 * 1024 * 1024;

/** Never throws for the target's sake; InterruptedError and ArchiveError pass. */
export async function sendPlans(
  ports: SendPorts,
  target: RestoreTarget,
  plans: readonly GoalPlan[],
  options: SendOptions,
): Promise<SendResult> {
  const sender = new Sender(ports, plans, options, target.traits.streams);
  const extra = Math.min(options.connections, sender.lanes) - 1;
  const others = Array.from({ length: Math.max(0, extra) }, async () => {
    // A server that allows fewer connections than configured is served by those it gave.
    const own = await ports.connect().catch(() => null);
    if (own === null) return;
    try {
      await sender.work(own);
    } finally {
      await own.close();
    }
  });
  const ended = await Promise.allSettled([sender.work(target), ...others]);
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return sender.result;
}

interface Lane {
  readonly plan: GoalPlan;
  readonly waiting: Wanted[];
  at: number;
  octets: number;
  workers: number;
  uidNext: number;
}

interface Batch {
  readonly lane: Lane;
  readonly wanted: readonly Wanted[];
  readonly items: readonly AppendItem[];
}

class Sender {
  readonly #ports: SendPorts;
  readonly #options: SendOptions;
  readonly #streams: boolean;
  readonly #lanes: Lane[];
  #full: string | null = null;
  #error: AccountError | null = null;

  constructor(ports: SendPorts, plans: readonly GoalPlan[], options: SendOptions, streams: boolean) {
    this.#ports = ports;
    this.#options = options;
    this.#streams = streams;
    this.#lanes = plans.flatMap((plan) => {
      const { suspects } = options;
      const waiting = [
        ...plan.append.filter((wanted) => !suspects.has(wanted)),
        ...plan.append.filter((wanted) => suspects.has(wanted)),
      ];
      const octets = waiting.reduce((sum, { placement }) => sum + placement.size, 0);
      const uidNext = plan.survey?.uidNext ?? 1;
      return waiting.length === 0 ? [] : [{ plan, waiting, at: 0, octets, workers: 0, uidNext }];
    });
  }

  /** How many connections have something to do. */
  get lanes(): number {
    const octets = this.#lanes.reduce((sum, lane) => sum + lane.octets, 0);
    const messages = this.#lanes.reduce((sum, lane) => sum + lane.waiting.length, 0);
    const worth = this.#streams ? Math.ceil(octets / CONNECTION_OCTETS) : Math.ceil(messages / 50);
    return Math.min(worth, this.#lanes.length);
  }

  get result(): SendResult {
    return { full: this.#full, error: this.#error };
  }

  async work(target: RestoreTarget): Promise<void> {
    let lane: Lane | null = null;
    let sending: Promise<void> = Promise.resolve();
    // One batch is read while the other one is sent.
    const memories = [new BatchMemory(MEMORY), new BatchMemory(MEMORY)] as const;
    for (let count = 0; ; count++) {
      lane = this.#nextLane(lane);
      if (lane === null) break;
      const batch = await this.#prepare(lane, memories[count % 2 === 0 ? 0 : 1]);
      await sending;
      if (this.#isOver(target)) break;
      if (batch.items.length === 0) continue;
      sending = this.#send(target, batch);
      // Whoever waits for it next gets the error; until then it must not count as unhandled.
      sending.catch(() => undefined);
    }
    await sending;
    if (lane !== null) lane.workers -= 1;
  }

  #isOver(target: RestoreTarget): boolean {
    if (this.#options.signal.aborted)
      throw new InterruptedError(
        'interrupted; what was restored is on the target, the same command goes on from here',
      );
    return this.#full !== null || this.#error !== null || target.failure !== null;
  }

  /** The same mailbox while it has something left, else the one with most left to send. */
  #nextLane(current: Lane | null): Lane | null {
    if (current !== null && current.at < current.waiting.length) return current;
    if (current !== null) current.workers -= 1;
    const open = this.#lanes.filter((lane) => lane.at < lane.waiting.length && lane.workers === 0);
    const next = open.sort((a, b) => b.octets - a.octets)[0] ?? null;
    if (next !== null) next.workers += 1;
    return next;
  }

  async #prepare(lane: Lane, memory: BatchMemory): Promise<Batch> {
    memory.reuse();
    const { suspects, onOutcome } = this.#options;
    const taken: Wanted[] = [];
    let octets = 0;
    while (lane.at < lane.waiting.length && taken.length < BATCH_MESSAGES && octets < BATCH_OCTETS) {
      const next = lane.waiting[lane.at]!;
      if (suspects.has(next) && taken.length > 0) break;
      lane.at += 1;
      taken.push(next);
      octets += next.placement.size;
      if (suspects.has(next)) break;
    }
    lane.octets -= octets;
    const wanted: Wanted[] = [];
    const items: AppendItem[] = [];
    for (const one of taken) {
      const { size, receivedAt, flags } = one.placement;
      const content = await provenContent(this.#ports, one.placement, memory);
      if (typeof content === 'string') {
        onOutcome(one, lane.plan, { kind: 'failed', reason: content, cause: 'damaged' });
        continue;
      }
      wanted.push(one);
      items.push({
        size,
        receivedAt,
        flags: keptFlags(flags, lane.plan.survey?.permanentFlags ?? null),
        content,
      });
    }
    return { lane, wanted, items };
  }

  async #send(target: RestoreTarget, { lane, wanted, items }: Batch): Promise<void> {
    const { ledger } = this.#ports;
    const { plan, uidNext } = lane;
    const place = placeOf(plan.goal, plan.survey);
    if (place !== null) {
      const pending = wanted.map(({ placement: { sha256, receivedAt } }) => ({
        sha256,
        receivedAt,
        uidNext,
      }));
      ledger?.recordPending(place, pending);
    }
    const outcomes = await target.append(plan.goal.wireName, items);
    this.#record(plan, wanted, outcomes);
    for (const [at, outcome] of outcomes.entries()) this.#settle(wanted[at]!, plan, outcome, items.length);
  }

  #settle(wanted: Wanted, plan: GoalPlan, outcome: AppendOutcome, together: number): void {
    const tell = (what: SendOutcome) => this.#options.onOutcome(wanted, plan, what);
    if (outcome.kind === 'done') tell({ kind: 'sent', uid: outcome.uid });
    else if (outcome.kind === 'refused') tell({ kind: 'failed', reason: outcome.reason, cause: 'other' });
    else if (outcome.kind === 'unknown') tell({ kind: 'doubt', alone: together === 1 });
    else if (outcome.kind === 'full') this.#full ??= outcome.reason;
    else this.#error ??= outcome.error;
  }

  #record(plan: GoalPlan, wanted: readonly Wanted[], outcomes: readonly AppendOutcome[]): void {
    const byValidity = new Map<string, ReturnType<typeof entryOf>[]>();
    outcomes.forEach((outcome, at) => {
      if (outcome.kind !== 'done' || outcome.uid === null || outcome.uidValidity === null) return;
      const entries = byValidity.get(outcome.uidValidity) ?? [];
      byValidity.set(outcome.uidValidity, entries);
      entries.push(entryOf(wanted[at]!.placement, outcome.uid, null));
    });
    const { wireName } = plan.goal;
    for (const [uidValidity, entries] of byValidity)
      this.#ports.ledger?.recordKnown({ wireName, uidValidity }, entries);
  }
}

/**
 * Puts mail back on a server: plan, append what is missing, read back. The archive is only read; every
 * message's hash is checked before it is sent; a run that was killed is simply run again, because the plan
 * starts from what the target holds.
 */
import type { IndexedMailbox, SelectedPlacement } from '../core/archive-ports.js';
import { describeError, InterruptedError, MailboxError, throwIfAborted } from '../core/errors.js';
import { flagList, isKeyword } from '../core/flags.js';
import { displayPath, type MailboxPath, mailboxPath } from '../core/mailbox-path.js';
import { doubtfulUids, type MailboxRestorePlan, planRestore } from '../core/plan-restore.js';
import type { AppendItem, RestoreTarget, TargetMailbox } from '../core/restore-ports.js';
import type { MessageStore } from '../core/store-ports.js';

export interface RestorePorts {
  readonly store: Pick<MessageStore, 'read' | 'measure'>;
  readonly target: RestoreTarget;
  readonly digest: (data: Uint8Array) => string;
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
  /** Read every restored message back whole and compare its hash. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface RestoreFailure {
  readonly mailbox: string;
  readonly uid: number | null;
  readonly reason: string;
}

export interface MailboxRestoreReport {
  readonly from: string;
  readonly to: string;
  readonly planned: number;
  readonly restored: number;
  readonly present: number;
  readonly failed: number;
}

export interface RestoreReport {
  readonly dryRun: boolean;
  readonly to: string;
  readonly planned: number;
  readonly restored: number;
  readonly present: number;
  readonly failed: number;
  readonly mailboxes: readonly MailboxRestoreReport[];
  readonly failures: readonly RestoreFailure[];
  /** What could not be kept although the message was: keywords the target refuses, names it can't hold. */
  readonly remarks: readonly string[];
}

/** Messages and octets of a batch; two of them are in memory at once. */
const BATCH_MESSAGES = 250;
const BATCH_OCTETS = 8 * 1024 * 1024;
/** Larger messages are streamed from disk instead of held in memory. */
const IN_MEMORY = 1024 * 1024;

export async function restore(
  ports: RestorePorts,
  selections: readonly RestoreSelection[],
  options: RestoreOptions,
): Promise<RestoreReport> {
  const run = new Restore(ports, options);
  const existing = await ports.target.list();
  for (const selection of selections) {
    throwIfAborted(options.signal);
    await run.mailbox(selection, existing);
  }
  return run.report();
}

class Restore {
  readonly #ports: RestorePorts;
  readonly #options: RestoreOptions;
  readonly #mailboxes: MailboxRestoreReport[] = [];
  readonly #failures: RestoreFailure[] = [];
  readonly #remarks = new Set<string>();

  constructor(ports: RestorePorts, options: RestoreOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  async mailbox(selection: RestoreSelection, existing: readonly TargetMailbox[]): Promise<void> {
    const { mailbox, placements } = selection;
    if (placements.length === 0) return;
    const goal = this.#goal(mailbox, existing);
    const exists = existing.some((candidate) => candidate.wireName === goal.wireName && candidate.selectable);
    const before = this.#failures.length;
    let plan: MailboxRestorePlan = { append: placements, present: [] };
    let confirmed = 0;
    try {
      if (exists) plan = await this.#plan(goal.wireName, placements);
      if (!this.#options.dryRun && plan.append.length > 0) {
        if (!exists) await this.#ports.target.create(goal.wireName);
        confirmed = await this.#append(mailbox.path, goal.wireName, placements, plan);
      }
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      for (const { uid } of plan.append) this.#fail(mailbox.path, uid, describeError(error));
    }
    this.#mailboxes.push({
      from: mailbox.path,
      to: goal.path,
      planned: placements.length,
      restored: confirmed,
      present: plan.present.length,
      failed: this.#failures.length - before,
    });
  }

  report(): RestoreReport {
    const sum = (count: (mailbox: MailboxRestoreReport) => number) =>
      this.#mailboxes.reduce((total, mailbox) => total + count(mailbox), 0);
    return {
      dryRun: this.#options.dryRun,
      to: this.#options.to,
      planned: sum((mailbox) => mailbox.planned),
      restored: sum((mailbox) => mailbox.restored),
      present: sum((mailbox) => mailbox.present),
      failed: this.#failures.length,
      mailboxes: this.#mailboxes,
      failures: this.#failures,
      remarks: [...this.#remarks],
    };
  }

  /** Where this mailbox goes: its own name on its own server, the same special use or path elsewhere. */
  #goal(mailbox: IndexedMailbox, existing: readonly TargetMailbox[]): { wireName: string; path: string } {
    const { prefix, sameServer } = this.#options;
    if (prefix.length === 0 && sameServer) return { wireName: mailbox.wireName, path: mailbox.path };
    const own: MailboxPath = mailboxPath(...prefix, ...mailbox.components);
    if (
      prefix.length === 0 &&
      mailbox.specialUse !== null &&
      MAPPED_USES.has(mailbox.specialUse.toLowerCase())
    ) {
      const twin = existing.find(
        (candidate) =>
          candidate.selectable && candidate.specialUse?.toLowerCase() === mailbox.specialUse!.toLowerCase(),
      );
      if (twin !== undefined) return { wireName: twin.wireName, path: displayPath(twin.path) };
    }
    const { wireName, changed } = this.#ports.target.nameOf(own);
    if (changed !== null) this.#remarks.add(`${mailbox.path}: ${changed}`);
    return { wireName, path: displayPath(own) };
  }

  async #plan(wireName: string, placements: readonly SelectedPlacement[]): Promise<MailboxRestorePlan> {
    const there = await this.#ports.target.inventory(wireName);
    const doubtful = doubtfulUids(placements, there);
    const digests =
      doubtful.length === 0
        ? new Map<number, string>()
        : await this.#ports.target.digests(wireName, doubtful);
    return planRestore(placements, there, digests);
  }

  /** How many of the planned messages are confirmed to be there in the end. */
  async #append(
    path: string,
    wireName: string,
    all: readonly SelectedPlacement[],
    plan: MailboxRestorePlan,
  ): Promise<number> {
    const { permanentFlags } = await this.#ports.target.open(wireName);
    const sent = new Map<SelectedPlacement, number | null>();
    const sendBatch = async (batch: readonly Sendable[]) => {
      const outcomes = await this.#ports.target.append(
        wireName,
        batch.map((entry) => entry.item),
      );
      outcomes.forEach((outcome, at) => {
        const { placement } = batch[at]!;
        if (outcome.kind === 'done') sent.set(placement, outcome.uid);
        else this.#fail(path, placement.uid, outcome.reason);
      });
      this.#options.onProgress?.(sent.size, plan.append.length);
    };
    // While the server takes one batch the next is read and checked.
    let sending: Promise<void> = Promise.resolve();
    let batch: Sendable[] = [];
    let octets = 0;
    for (const placement of plan.append) {
      if (this.#options.signal.aborted)
        throw new InterruptedError(
          'interrupted; what was restored is on the target, the same command goes on from here',
        );
      const item = await this.#prepare(path, placement, permanentFlags);
      if (item === null) continue;
      batch.push({ placement, item });
      octets += placement.size;
      if (batch.length < BATCH_MESSAGES && octets < BATCH_OCTETS) continue;
      await sending;
      sending = sendBatch(batch);
      // Whoever waits for it next gets the error; until then it must not count as unhandled.
      sending.catch(() => undefined);
      batch = [];
      octets = 0;
    }
    await sending;
    if (batch.length > 0) await sendBatch(batch);
    return this.#readBack(path, wireName, all, plan, sent);
  }

  /** A message whose octets are not those of its hash is never sent. */
  async #prepare(
    path: string,
    placement: SelectedPlacement,
    permanentFlags: readonly string[] | null,
  ): Promise<AppendItem | null> {
    const { store, digest } = this.#ports;
    let content: AppendItem['content'];
    let sha256: string | null;
    if (placement.size <= IN_MEMORY) {
      const octets = await readWhole(store.read(placement.place), placement.size).catch(() => null);
      sha256 = octets === null ? null : digest(octets);
      content = () => [octets!];
    } else {
      sha256 = (await store.measure(placement.place))?.sha256 ?? null;
      content = () => store.read(placement.place);
    }
    if (sha256 !== placement.sha256) {
      const what = sha256 === null ? 'its file is missing or cut short' : 'its file is damaged';
      this.#fail(path, placement.uid, `${what}, so it was not sent; run mailkeep check`);
      return null;
    }
    const flags = this.#allowedFlags(path, placement.flags, permanentFlags);
    return { size: placement.size, receivedAt: placement.receivedAt, flags, content };
  }

  #allowedFlags(path: string, canonical: string, permanentFlags: readonly string[] | null): string[] {
    const flags = flagList(canonical);
    if (permanentFlags === null || permanentFlags.includes('\\*')) return flags;
    const allowed = new Set(permanentFlags.map((flag) => flag.toLowerCase()));
    for (const flag of flags) {
      if (!allowed.has(flag.toLowerCase()))
        this.#remarks.add(
          `${path}: the target does not keep the ${isKeyword(flag) ? 'keyword' : 'flag'} ${flag}`,
        );
    }
    return flags.filter((flag) => allowed.has(flag.toLowerCase()));
  }

  /** Looks at the target again: only what is found there counts as restored. */
  async #readBack(
    path: string,
    wireName: string,
    all: readonly SelectedPlacement[],
    plan: MailboxRestorePlan,
    sent: ReadonlyMap<SelectedPlacement, number | null>,
  ): Promise<number> {
    const there = await this.#ports.target.uids(wireName);
    const named = [...sent].flatMap(([placement, uid]) =>
      uid !== null && there.has(uid) ? [{ placement, uid }] : [],
    );
    const confirmed = new Set(named.map(({ placement }) => placement));
    if (confirmed.size < sent.size) {
      const missing = new Set((await this.#plan(wireName, all)).append);
      for (const placement of sent.keys()) if (!missing.has(placement)) confirmed.add(placement);
    }
    if (this.#options.verify) {
      const digests = await this.#ports.target.digests(
        wireName,
        named.map(({ uid }) => uid),
      );
      for (const { placement, uid } of named) {
        if (digests.get(uid) === placement.sha256) continue;
        confirmed.delete(placement);
        this.#fail(path, placement.uid, `the target holds other octets than were sent (its UID ${uid})`);
      }
    }
    for (const placement of plan.append) {
      if (
        sent.has(placement) &&
        !confirmed.has(placement) &&
        !this.#failures.some((failure) => failure.mailbox === path && failure.uid === placement.uid)
      ) {
        this.#fail(path, placement.uid, 'it was sent, but the target does not show it');
      }
    }
    return confirmed.size;
  }

  #fail(mailbox: string, uid: number | null, reason: string): void {
    this.#failures.push({ mailbox, uid, reason });
  }
}

interface Sendable {
  readonly placement: SelectedPlacement;
  readonly item: AppendItem;
}

const MAPPED_USES = new Set(['\\sent', '\\drafts', '\\junk', '\\trash', '\\archive']);

async function readWhole(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const whole = new Uint8Array(size);
  let at = 0;
  for await (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole.subarray(0, at);
}

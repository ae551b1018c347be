/**
 * Makes the plan of a restore: for each mailbox of the target what is there already, what is lacking and what
 * it won't take. It reads the target and the ledger, and changes neither; a dry run ends with it, and a run
 * begins with it, so that both say the same.
 */
import type { IndexedMailbox, SelectedPlacement } from '../core/archive-ports.js';
import { describeError, MailboxError } from '../core/errors.js';
import { flagList } from '../core/flags.js';
import { finishMatching, type Matches, startMatching } from '../core/plan-restore.js';
import type { RestoreGoal } from '../core/restore-goals.js';
import type {
  LedgerEntry,
  LedgerPlace,
  RestoreLedger,
  RestoreTarget,
  TargetSurvey,
} from '../core/restore-ports.js';

/** One selected message. */
export interface Wanted {
  readonly placement: SelectedPlacement;
  readonly mailbox: IndexedMailbox;
}

/** One mailbox of the target, and all that is to be there. */
export interface GoalPlan {
  readonly goal: RestoreGoal;
  readonly wanted: readonly Wanted[];
  /** Null while the mailbox is not there. */
  readonly survey: TargetSurvey | null;
  readonly matches: Matches<Wanted>;
  readonly append: readonly Wanted[];
  /** Larger than the target takes. */
  readonly tooBig: readonly Wanted[];
  /** What comparing hashes proved, worth remembering. */
  readonly proved: readonly LedgerEntry[];
  /** Why the mailbox can't be used, or null. */
  readonly failure: string | null;
}

export interface PlanContext {
  readonly target: RestoreTarget;
  readonly ledger: RestoreLedger | null;
  /** The archive's EMAILIDs are this server's. */
  readonly sameServer: boolean;
}

/** Throws only where the whole account can't go on. */
export async function planGoal(
  goal: RestoreGoal,
  wanted: readonly Wanted[],
  { target, ledger, sameServer }: PlanContext,
): Promise<GoalPlan> {
  const empty = { goal, wanted, survey: null, matches: new Map(), append: [], tooBig: [], proved: [] };
  if (!goal.exists) return { ...empty, append: wanted, failure: null };
  try {
    const survey = await target.survey(goal.wireName);
    const place = placeOf(goal, survey);
    const known = place === null ? [] : (ledger?.known(place) ?? []);
    const start = startMatching(wanted, survey.messages, {
      known,
      byIdentity: sameServer,
      flagsOf: flagsOn(survey),
    });
    const digests = await target.digests(goal.wireName, start.doubtful);
    const pending = place === null ? [] : (ledger?.pending(place) ?? []);
    const matches = finishMatching(start, digests, pending);
    const lacking = wanted.filter((one) => !matches.has(one));
    return {
      goal,
      wanted,
      survey,
      matches,
      append: lacking.filter((one) => !isTooBig(one, survey)),
      tooBig: lacking.filter((one) => isTooBig(one, survey)),
      proved: [...matches].flatMap(([{ placement }, uid]) =>
        digests.get(uid) === placement.sha256 ? [entryOf(placement, uid, placement.size)] : [],
      ),
      failure: null,
    };
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    return { ...empty, failure: describeError(error) };
  }
}

export function isTooBig({ placement }: Wanted, survey: TargetSurvey): boolean {
  return survey.appendLimit !== null && placement.size > survey.appendLimit;
}

export function tooBigReason(survey: TargetSurvey | null): string {
  return `the target takes no message of more than ${survey?.appendLimit} octets (APPENDLIMIT)`;
}

/** Null: nothing can be remembered about its UIDs. */
export function placeOf(
  goal: RestoreGoal,
  survey: { readonly uidValidity: string | null } | null,
): LedgerPlace | null {
  const uidValidity = survey?.uidValidity ?? null;
  return uidValidity === null ? null : { wireName: goal.wireName, uidValidity };
}

export function entryOf(placement: SelectedPlacement, uid: number, seenSize: number | null): LedgerEntry {
  return { uid, sha256: placement.sha256, receivedAt: placement.receivedAt, seenSize };
}

/** The flags that the target keeps. `permanentFlags` null, or with `\*`: all that can be sent. */
export function keptFlags(canonical: string, permanentFlags: readonly string[] | null): string[] {
  const flags = flagList(canonical).filter((flag) => SENDABLE.test(flag));
  if (permanentFlags === null || permanentFlags.includes('\\*')) return flags;
  const allowed = new Set(permanentFlags.map((flag) => flag.toLowerCase()));
  return flags.filter((flag) => allowed.has(flag.toLowerCase()));
}

/** Canonical flags that a message gets there. */
export function flagsOn(
  survey: TargetSurvey | null,
): (placement: Pick<SelectedPlacement, 'flags'>) => string {
  return ({ flags }) => keptFlags(flags, survey?.permanentFlags ?? null).join(' ');
}

/** Keywords and flags of these messages that would not arrive, sorted. */
export function droppedFlags(wanted: readonly Wanted[], permanentFlags: readonly string[] | null): string[] {
  const dropped = new Set<string>();
  for (const canonical of new Set(wanted.map(({ placement }) => placement.flags))) {
    const kept = new Set(keptFlags(canonical, permanentFlags));
    for (const flag of flagList(canonical)) if (!kept.has(flag)) dropped.add(flag);
  }
  return [...dropped].sort();
}

/** An atom (RFC 9051 section 9); servers exist that list keywords which nobody could set. */
const SENDABLE = /^\\?[\x21\x23\x24\x26\x27\x2b-\x5b\x5d-\x7a\x7c\x7e]+$/;

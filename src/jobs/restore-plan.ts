/**
 * Makes the plan of a restore: for each mailbox of the target what is there already, what is lacking and what
 * it won't take. It reads the target and the ledger, and changes neither; a dry run ends with it, and a run
 * begins with it, so that both say the same.
 */

import { describeError, MailboxError } from '../core/errors.js';
import { flagList, isKeyword, isSystemFlag } from '../core/mailbox/flags.js';
import { parseMaildirFileName } from '../core/mailbox/maildir-name.js';
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type {
  LedgerEntry,
  LedgerPlace,
  RestoreLedger,
  RestoreTarget,
  TargetSurvey,
} from '../core/ports/restore.js';
import type { LabelStep } from '../core/restore/plan-labels.js';
import { finishMatching, type Matches, startMatching } from '../core/restore/plan-restore.js';
import type { RestoreGoal } from '../core/restore/restore-goals.js';

/** One selected message. */
export interface Wanted {
  readonly placement: SelectedPlacement;
  readonly mailbox: IndexedMailbox;
}

/** One mailbox of the target, and all that is to be there. */
export interface GoalPlan {
  readonly goal: RestoreGoal;
  /** The archive's mailbox, or one of them. */
  readonly from: string;
  /** Empty for a mailbox that is only to be made. */
  readonly wanted: readonly Wanted[];
  /** Null while the mailbox is not there. */
  readonly survey: TargetSurvey | null;
  readonly matches: Matches<Wanted>;
  readonly append: readonly Wanted[];
  /** What needs no APPEND, only a label on another copy (Gmail). */
  readonly labels: readonly LabelStep<Wanted>[];
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

/** What this restore knows already of a mailbox whose plan is made again. */
export interface Placed {
  readonly uidValidity: string | null;
  /** Messages with the UID they have or got. */
  readonly uids: ReadonlyMap<Wanted, number>;
  /** Messages that the server took without saying where. */
  readonly unnamed: ReadonlySet<Wanted>;
}

/** Throws only where the whole account can't go on. */
export async function planGoal(
  { goal, from, wanted }: Pick<GoalPlan, 'goal' | 'from' | 'wanted'>,
  { target, ledger, sameServer }: PlanContext,
  placed: Placed = NOTHING_PLACED,
): Promise<GoalPlan> {
  const nothing = { append: [], labels: [], tooBig: [], proved: [] };
  const empty = { goal, from, wanted, survey: null, matches: new Map(), ...nothing };
  if (!goal.exists) return { ...empty, append: wanted, failure: null };
  try {
    const survey = await target.survey(goal.wireName);
    const place = placeOf(goal, survey);
    const known = place === null ? [] : (ledger?.known(place) ?? []);
    const fixed = stillThere(placed, survey);
    const taken = new Set(fixed.values());
    const there = survey.messages.filter(({ uid }) => !taken.has(uid));
    // Of duplicates those come first that the server said it took.
    const open = wanted.filter((one) => !fixed.has(one));
    const ordered = [
      ...open.filter((one) => placed.unnamed.has(one)),
      ...open.filter((one) => !placed.unnamed.has(one)),
    ];
    const start = startMatching(ordered, there, {
      known,
      pending: place === null ? [] : (ledger?.pending(place) ?? []),
      ownUid: sameServer ? ownUidIn(goal, survey) : () => null,
      byIdentity: sameServer,
      flagsOf: flagsOn(survey),
    });
    const digests = await target.digests(goal.wireName, start.doubtful);
    const matches = new Map([...fixed, ...finishMatching(start, digests)]);
    const lacking = wanted.filter((one) => !matches.has(one));
    return {
      goal,
      from,
      wanted,
      survey,
      matches,
      append: lacking.filter((one) => !isTooBig(one, survey)),
      labels: [],
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

/** UIDs of the archive mean the same on the server it came from, while its mailbox was not made anew. */
function ownUidIn(goal: RestoreGoal, survey: TargetSurvey): (wanted: Wanted) => number | null {
  return ({ placement, mailbox }) => {
    if (mailbox.wireName !== goal.wireName || survey.uidValidity === null) return null;
    if (mailbox.uidValidity !== survey.uidValidity) return null;
    const { generation } = parseMaildirFileName(placement.place.name) ?? {};
    return generation === mailbox.generation ? placement.uid : null;
  };
}

const NOTHING_PLACED: Placed = { uidValidity: null, uids: new Map(), unnamed: new Set() };

function stillThere(placed: Placed, survey: TargetSurvey): Map<Wanted, number> {
  if (placed.uidValidity === null || placed.uidValidity !== survey.uidValidity) return new Map();
  const there = new Set(survey.messages.map(({ uid }) => uid));
  return new Map([...placed.uids].filter(([, uid]) => there.has(uid)));
}

function isTooBig({ placement }: Wanted, survey: TargetSurvey): boolean {
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

/**
 * The flags that the target keeps. `permanentFlags` null, or with `\*`: all that can be sent. That means keywords: for
 * another server's system flag Dovecot refuses the command and obeys the message behind it as if it were commands.
 */
export function keptFlags(canonical: string, permanentFlags: readonly string[] | null): string[] {
  const allowed = new Set(permanentFlags?.map((flag) => flag.toLowerCase()));
  const takesAny = permanentFlags === null || allowed.has('\\*');
  return flagList(canonical).filter(
    (flag) =>
      SENDABLE.test(flag) &&
      (allowed.has(flag.toLowerCase()) || (takesAny && (isKeyword(flag) || isSystemFlag(flag)))),
  );
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

/**
 * An atom (RFC 9051 section 9), or "]", which Cyrus takes too; servers exist that list keywords which nobody
 * could set.
 */
const SENDABLE = /^\\?[\x21\x23\x24\x26\x27\x2b-\x5b\x5d-\x7a\x7c-\x7e]+$/;

/**
 * The mass-deletion guard: a run in which an implausible share of the mail left (a server rebuilt empty,
 * an account taken over) must not look like ordinary deletions. What trips it stays where it is, as if
 * nothing had left, until a person accepts.
 */

export interface GuardPolicy {
  readonly maxRemovedPercent: number;
  readonly minMessages: number;
}

export interface Departure {
  /** Mailbox path, for the report. */
  readonly mailbox: string;
  /** Placements present before this run. */
  readonly present: number;
  /** Placements that are about to be taken as removed (moved ones don't count). */
  readonly leaving: number;
}

/** Why the departures must not be believed, or null. */
export function guardAgainst(departures: readonly Departure[], policy: GuardPolicy): string | null {
  const present = departures.reduce((sum, departure) => sum + departure.present, 0);
  const leaving = departures.reduce((sum, departure) => sum + departure.leaving, 0);
  if (exceeds(leaving, present, policy))
    return `${leaving} of the account's ${present} messages are gone from the server`;
  for (const departure of departures) {
    if (exceeds(departure.leaving, departure.present, policy)) {
      return `${departure.leaving} of ${departure.present} messages in ${departure.mailbox} are gone from the server`;
    }
  }
  return null;
}

function exceeds(leaving: number, present: number, policy: GuardPolicy): boolean {
  return leaving >= policy.minMessages && leaving * 100 > present * policy.maxRemovedPercent;
}

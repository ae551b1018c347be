/**
 * When the next run of a schedule is due: at the tick, plus the account's own small delay, so that many
 * accounts with one schedule do not knock at the same second.
 */

import { fractionOf } from './daemon/retry.js';
import type { Schedule } from './ports/schedule.js';

/** Of the distance between two ticks. */
const MOST_OF_INTERVAL = 0.1;
const MOST_MS = 30_000;

/** Milliseconds since 1970, or null where the schedule is off or has no tick any more. */
export function nextTickAt(
  schedule: Schedule,
  account: { readonly name: string; readonly schedule: string | null; readonly timezone: string | null },
): number | null {
  if (account.schedule === null) return null;
  const [first, second] = schedule.upcoming(account.schedule, account.timezone, 2);
  if (first === undefined) return null;
  return first + jitter(account.name, second === undefined ? MOST_MS : second - first);
}

/** The same for an account in every run; below a tenth of the interval and below half a minute. */
function jitter(account: string, interval: number): number {
  return Math.floor(fractionOf(account) * Math.min(MOST_MS, interval * MOST_OF_INTERVAL));
}

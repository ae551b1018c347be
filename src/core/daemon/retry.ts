/**
 * How long an account is left alone after a run that failed. Waits grow with each failure and are reset by
 * a success; how they grow depends on whether trying again soon may help, or only annoys the server.
 */
import type { ErrorReport } from '../report.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Growth {
  readonly first: number;
  readonly most: number;
}

const ORDINARY: Growth = { first: 5 * SECOND, most: 30 * MINUTE };
/** A server that asks for patience asks for minutes. */
const THROTTLED: Growth = { first: 5 * MINUTE, most: 2 * HOUR };
/** Nothing but a person helps, and providers lock accounts that come with a wrong password too often. */
const HOPELESS: Growth = { first: HOUR, most: 24 * HOUR };
/** Somebody else works on the account; that is no failure and does not grow. */
const BUSY: Growth = { first: 10 * SECOND, most: 10 * SECOND };

const BY_CODE: Readonly<Record<string, Growth>> = {
  throttled: THROTTLED,
  credentials: HOPELESS,
  not_supported: HOPELESS,
  config: HOPELESS,
  locked: BUSY,
};

/** The longest wait that a server may impose. */
const MOST_TOLD = 24 * HOUR;

/**
 * Milliseconds to wait after the `failures`-th failure in a row (1 for the first). A wait that the server
 * named is obeyed as a minimum. `account` spreads the waits, so that fifty accounts on one server that
 * comes back do not knock at the same moment.
 */
export function retryDelay(error: ErrorReport, failures: number, account: string): number {
  const { first, most } = BY_CODE[error.code] ?? ORDINARY;
  const grown = Math.min(most, first * 2 ** Math.min(failures - 1, 30));
  const told = Math.min(MOST_TOLD, error.retryAfterMs ?? 0);
  return Math.round(Math.max(grown, told) * (1 + fractionOf(account) / 10));
}

/** Deterministic, evenly spread over [0, 1): FNV-1a of the text. */
export function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  // The low bits mix best, the high ones decide: fold them.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

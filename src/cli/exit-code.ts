/** The one place where outcomes become exit codes; they are part of the interface. */
import { MailkeepError } from '../core/errors.js';
import type { SyncReport } from '../core/report.js';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  incomplete: 3,
  noArchive: 10,
  locked: 11,
  credentials: 12,
  damage: 20,
  tryLater: 75,
  interrupted: 130,
} as const;

/** For --help: every code with its meaning. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: 'done, complete',
  1: 'failed',
  2: 'wrong usage or config',
  3: 'finished but incomplete; what is missing is named',
  10: 'no archive there',
  11: 'locked: another mailkeep is working on that account',
  12: 'credentials refused',
  20: 'check found damage',
  75: 'server out of reach or throttling: try later',
  130: 'interrupted; what was stored is safe',
};

const BY_ERROR: Readonly<Record<string, number>> = {
  usage: EXIT.usage,
  config: EXIT.usage,
  credentials: EXIT.credentials,
  not_supported: EXIT.usage,
  no_archive: EXIT.noArchive,
  locked: EXIT.locked,
  damage: EXIT.damage,
  unreachable: EXIT.tryLater,
  throttled: EXIT.tryLater,
  interrupted: EXIT.interrupted,
  incomplete: EXIT.incomplete,
  hold: EXIT.incomplete,
  rate_limit: EXIT.incomplete,
};

export function exitCodeOfError(error: unknown): number {
  return error instanceof MailkeepError ? exitCodeOf(error.code) : EXIT.failed;
}

export function exitCodeOf(errorCode: string): number {
  return BY_ERROR[errorCode] ?? EXIT.failed;
}

export function exitCodeOfReport(report: Pick<SyncReport, 'status' | 'error'>): number {
  if (report.status === 'ok') return EXIT.ok;
  if (report.status === 'incomplete') return EXIT.incomplete;
  return report.error === null ? EXIT.failed : exitCodeOf(report.error.code);
}

/** Several accounts: all fine 0; some failed 3; all failed, the code they share, else 1. */
export function combineExitCodes(codes: readonly number[]): number {
  const distinct = new Set(codes);
  if (distinct.has(EXIT.interrupted)) return EXIT.interrupted;
  if (distinct.size === 0) return EXIT.ok;
  if (distinct.size === 1) return codes[0]!;
  if (distinct.has(EXIT.ok) || distinct.has(EXIT.incomplete)) return EXIT.incomplete;
  return EXIT.failed;
}

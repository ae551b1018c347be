/**
 * What an alert says: one function for each kind. When it is said, alerts.ts decides; how it looks in a mail or a
 * document, alert-text.ts. Nothing here is made printable yet.
 */

import type { ErrorReport, SyncReport } from '../report.js';

export const ALERT_EVENTS = ['failure', 'recovery', 'stale', 'guard', 'damage'] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

export interface Alert {
  readonly event: AlertEvent | 'test';
  /** null: about mailkeep as a whole. */
  readonly account: string | null;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  /** One line, without the account's name. */
  readonly title: string;
  /** What is known, and what is safe; null where the title says it all. */
  readonly message: string | null;
  /** What to do. */
  readonly hint: string | null;
  readonly report: SyncReport | null;
}

export interface BadRun {
  readonly account: string;
  readonly at: number;
  readonly report: SyncReport | null;
  readonly error: ErrorReport | null;
}

export function failureAlert(run: BadRun, badRuns: number): Alert {
  const times = badRuns === 1 ? '' : ` (${badRuns} runs in a row)`;
  const incomplete = run.report?.status === 'incomplete';
  const named = run.report?.failures[0];
  return {
    event: 'failure',
    account: run.account,
    at: run.at,
    title: `${incomplete ? 'the backup is incomplete' : 'the backup fails'}${times}`,
    message: `${run.error?.message ?? (named === undefined ? 'not everything could be stored' : `${named.mailbox}: ${named.reason}`)}. What was stored before is safe.`,
    hint: run.error?.hint ?? `mailkeep status ${run.account} names what is missing`,
    report: run.report,
  };
}

/** The conditions that last, and whose end is told. */
export type Lasting = 'failure' | 'stale' | 'guard';

const OVER: Readonly<Record<Lasting, string>> = {
  failure: 'the backup works again',
  stale: 'is up to date again',
  guard: 'is not on hold any more',
};

export function recoveryAlert(ended: Lasting, account: string, at: number, report: SyncReport): Alert {
  return { event: 'recovery', account, at, title: OVER[ended], message: null, hint: null, report };
}

export function staleAlert(account: string, at: number, since: number | null): Alert {
  const when = since === null ? '' : ` since ${new Date(since).toISOString()}`;
  return {
    event: 'stale',
    account,
    at,
    title: `no good backup${when === '' ? ' for longer than stale_after' : when}`,
    message: 'What was stored before is safe; newer mail is not in the archive.',
    hint: `mailkeep status ${account} shows the last run`,
    report: null,
  };
}

export function guardAlert(account: string, at: number, report: SyncReport): Alert {
  return {
    event: 'guard',
    account,
    at,
    title: 'on hold: an implausible share of the mail is gone from the server',
    message: report.error?.message ?? null,
    hint: report.error?.hint ?? null,
    report,
  };
}

export function damageAlert(account: string, at: number, damage: string): Alert {
  return {
    event: 'damage',
    account,
    at,
    title: `the archive is damaged: ${damage}`,
    message: null,
    hint: `mailkeep check ${account} --read-data names the files; look at the disk`,
    report: null,
  };
}

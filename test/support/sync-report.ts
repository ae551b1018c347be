// The report of a run, for tests of what makes something of it.

import type { ErrorReport, SyncReport } from '../../src/core/report.js';
import type { RunOutcome } from '../../src/jobs/scheduler.js';

/** Of a run of account `a` that found nothing new. */
export function syncReport(more: Partial<SyncReport> = {}): SyncReport {
  return {
    account: 'a',
    status: 'ok',
    run: 1,
    startedAt: 1000,
    durationMs: 10,
    tier: 'qresync',
    mailboxes: 1,
    mailboxesChanged: 0,
    added: 0,
    adopted: 0,
    bytesDownloaded: 0,
    flagsChanged: 0,
    moved: 0,
    removed: 0,
    failed: 0,
    hold: false,
    failures: [],
    error: null,
    ...more,
  };
}

export function errorOf(code: string, more: Partial<ErrorReport> = {}): ErrorReport {
  return { code, message: `because of ${code}`, hint: null, ...more };
}

/** How the scheduler sees a run of the account end: well, or with this error. */
export function outcomeOf(account: string, error: ErrorReport | null = null): RunOutcome {
  return {
    kind: 'report',
    report: syncReport({ account, status: error === null ? 'ok' : 'failed', error }),
  };
}

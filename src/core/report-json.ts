/** The JSON documents of the interface: field names are fixed, times ISO 8601 UTC, sizes octets. */
import type { ArchiveStatus, RunRow } from './ports/archive.js';
import type { Unindexed } from './ports/search.js';
import type { ErrorReport, SyncReport } from './report.js';

export function syncReportJson(report: SyncReport) {
  return {
    account: report.account,
    status: report.status,
    run: report.run,
    started_at: isoTime(report.startedAt),
    duration_ms: Math.round(report.durationMs),
    tier: report.tier,
    mailboxes: report.mailboxes,
    mailboxes_changed: report.mailboxesChanged,
    added: report.added,
    adopted: report.adopted,
    bytes_downloaded: report.bytesDownloaded,
    flags_changed: report.flagsChanged,
    moved: report.moved,
    removed: report.removed,
    failed: report.failed,
    hold: report.hold,
    ...(report.deletedOnServer === undefined ? {} : { deleted_on_server: report.deletedOnServer }),
    failures: report.failures,
    error: report.error === null ? null : errorJson(report.error),
  };
}

export function errorJson({ code, message, hint, retryAfterMs }: ErrorReport) {
  return { code, message, hint, ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }) };
}

/** What a status needs besides the archive itself. */
export interface StatusContext {
  readonly account: string;
  readonly now: number;
  readonly staleAfterMs: number | null;
  readonly nextRunAt: number | null;
  /** null: nobody works on the account. */
  readonly activity: Activity | null;
  /** What search does not find by its text; null where that is not known. */
  readonly unindexed?: Unindexed | null;
}

/** A command that works on an account at the moment. */
export interface Activity {
  readonly command: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

export function accountStatusJson(status: ArchiveStatus, context: StatusContext) {
  return {
    account: context.account,
    last_run: status.lastReport === null ? null : syncReportJson(status.lastReport),
    last_success_at: isoTime(status.lastSuccessAt),
    next_run_at: isoTime(context.nextRunAt),
    activity: activityJson(context.activity),
    stale: isStale(status, context),
    hold: status.hold !== null,
    messages: status.messages,
    bytes: status.bytes,
    removed: status.removed,
    failures: status.failures.map((failure) => ({
      mailbox: failure.mailbox,
      uid: failure.uid,
      reason: failure.reason,
      attempts: failure.attempts,
      next_attempt_at: isoTime(failure.nextAttemptAt),
    })),
    unindexed: context.unindexed?.waiting ?? null,
    unreadable: context.unindexed?.broken ?? null,
    mailboxes: status.mailboxes.map((mailbox) => ({
      path: mailbox.path,
      uid_validity: mailbox.uidValidity === null ? null : Number(mailbox.uidValidity),
      on_server: mailbox.onServer,
      stored: mailbox.stored,
      pending: mailbox.pending,
      failed: mailbox.failed,
      last_synced_at: isoTime(mailbox.lastSyncedAt),
    })),
  };
}

function activityJson(activity: Activity | null) {
  if (activity === null) return null;
  const { command, pid, since } = activity;
  return { command, pid, since };
}

/** An account that never had a good run is stale as soon as it has an age limit. */
export function isStale(status: Pick<ArchiveStatus, 'lastSuccessAt'>, context: StatusContext): boolean {
  if (context.staleAfterMs === null) return false;
  return status.lastSuccessAt === null || context.now - status.lastSuccessAt > context.staleAfterMs;
}

export function runJson(account: string, run: RunRow) {
  return {
    account,
    run: run.run,
    started_at: isoTime(run.startedAt),
    duration_ms: run.durationMs,
    status: run.status,
    added: run.added,
    adopted: run.adopted,
    moved: run.moved,
    flags_changed: run.flagsChanged,
    removed: run.removed,
    failed: run.failed,
    bytes_downloaded: run.bytesDownloaded,
  };
}

export function isoTime(ms: number): string;
export function isoTime(ms: number | null): string | null;
export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

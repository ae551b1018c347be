/** What a restore did, or would do; the same data for people, JSON and exit code. */
import type { QuotaResource } from '../ports/restore.js';

export interface RestoreFailure {
  /** The archive's mailbox. */
  readonly mailbox: string;
  readonly uid: number | null;
  readonly reason: string;
}

export interface MailboxRestoreReport {
  readonly from: string;
  readonly to: string;
  /** Whether the target does not have the mailbox yet. */
  readonly creates: boolean;
  /** Messages selected; each of them is restored, present or failed in the end. */
  readonly planned: number;
  /** Messages that the target lacks and can take, and their octets. */
  readonly append: number;
  readonly appendBytes: number;
  /** Of `append`: those whose content the target has in another mailbox and only gets a label (Gmail). */
  readonly label: number;
  /** Confirmed to be on the target after they were sent; 0 in a dry run. */
  readonly restored: number;
  /** On the target before. */
  readonly present: number;
  readonly failed: number;
  /** Of `failed`: larger than the target takes. */
  readonly tooBig: number;
  /** Of `failed`: their file here is missing, cut short or damaged. */
  readonly damaged: number;
  /** Keywords and flags among the selected that the target does not keep; null where only the run can tell. */
  readonly dropped: readonly string[] | null;
}

export interface RestoreReport {
  readonly dryRun: boolean;
  readonly to: string;
  readonly planned: number;
  readonly append: number;
  readonly appendBytes: number;
  readonly restored: number;
  readonly present: number;
  readonly failed: number;
  readonly mailboxes: readonly MailboxRestoreReport[];
  readonly failures: readonly RestoreFailure[];
  /** As the target told before anything was sent; empty where it has no quota. */
  readonly quota: readonly QuotaResource[];
  /** What could not be kept although the message was, and what is to be known beforehand. */
  readonly remarks: readonly string[];
  /** Why the run stopped before its end, or null. */
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

export function restoreReportJson(report: RestoreReport) {
  const { dryRun, appendBytes, mailboxes, ...rest } = report;
  return {
    dry_run: dryRun,
    ...rest,
    append_bytes: appendBytes,
    mailboxes: mailboxes.map(({ appendBytes, tooBig, ...mailbox }) => ({
      ...mailbox,
      append_bytes: appendBytes,
      too_big: tooBig,
    })),
  };
}

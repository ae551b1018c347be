/** `mailkeep sync`: one backup run of each account, side by side up to `concurrency`. */

import type { AccountConfig } from '../config/config.js';
import { errorReport } from '../core/errors.js';
import type { SyncReport } from '../core/report.js';
import { errorJson, syncReportJson } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import { runSync } from '../wiring/sync.js';
import type { Wiring } from '../wiring/wiring.js';
import { chooseAccounts } from './accounts.js';
import { combineExitCodes, EXIT, exitCodeOfError, exitCodeOfReport } from './exit-code.js';
import { formatBytes, formatCount, formatDuration } from './format.js';
import { indexingProgress } from './indexing-progress.js';
import { note, print, printJson, tellError, type Verb } from './io.js';
import { progressOf } from './progress.js';

export interface SyncFlags {
  readonly mailbox: readonly string[];
  readonly full: boolean;
  readonly dryRun: boolean;
  readonly wait: boolean;
  readonly index: boolean;
}

export async function sync(verb: Verb, names: readonly string[], flags: SyncFlags): Promise<number> {
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, names);
  const reports = new Map<AccountConfig, SyncReport>();
  const indexed = new Map<AccountConfig, { json: object; code: number }>();
  await inParallel(accounts, config.concurrency, async (account) => {
    const report = await syncOne(verb, wiring, account, flags);
    reports.set(account, report);
    if (!verb.options.json) printReport(verb, report, flags);
    if (flags.index && !flags.dryRun) indexed.set(account, await indexOne(verb, wiring, account));
  });
  if (verb.options.json) {
    const documents = accounts.map((account) => ({
      ...syncReportJson(reports.get(account)!),
      ...indexed.get(account)?.json,
    }));
    printJson(verb, { dry_run: flags.dryRun, accounts: documents });
  }
  return combineExitCodes([
    ...accounts.map((account) => exitCodeOfReport(reports.get(account)!)),
    ...[...indexed.values()].map(({ code }) => code),
  ]);
}

/** For --index: the text, after the mail itself is safe. */
async function indexOne(
  verb: Verb,
  wiring: Wiring,
  account: AccountConfig,
): Promise<{ json: object; code: number }> {
  const progress = indexingProgress(verb);
  try {
    const { runIndexingBehind } = await import('../wiring/background-indexing.js');
    const { read, waiting, broken } = await runIndexingBehind(wiring, account, {
      signal: verb.signal,
      onProgress: (now) => progress.update(account, now),
    }).finally(progress.stop);
    if (read > 0) note(verb, `${account.name}: ${formatCount(read, 'message')} indexed`);
    return {
      json: { indexed: read, unindexed: waiting, unreadable: broken },
      code: verb.signal.aborted ? EXIT.interrupted : EXIT.ok,
    };
  } catch (error) {
    const report = errorReport(error);
    if (!verb.options.json) tellError(verb, report);
    return { json: { indexing_error: errorJson(report) }, code: exitCodeOfError(error) };
  }
}

async function syncOne(
  verb: Verb,
  wiring: Wiring,
  account: AccountConfig,
  flags: SyncFlags,
): Promise<SyncReport> {
  const startedAt = wiring.now;
  const progress = progressOf(verb, account.name);
  try {
    return await runSync(wiring, account, {
      full: flags.full,
      dryRun: flags.dryRun,
      mailboxes: flags.mailbox,
      signal: verb.signal,
      onProgress: progress.update,
      onWait: flags.wait ? ({ message }) => note(verb, `${message}; waiting for it`) : undefined,
    });
  } catch (error) {
    return failedReport(account.name, startedAt, wiring.now, error);
  } finally {
    progress.stop();
  }
}

/** A run that could not even begin: locked, no disk, no index. */
function failedReport(account: string, startedAt: number, now: number, error: unknown): SyncReport {
  return {
    account,
    status: 'failed',
    run: null,
    startedAt,
    durationMs: now - startedAt,
    tier: null,
    mailboxes: 0,
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
    error: errorReport(error),
  };
}

/** How many failures are named before the rest is only counted; --json has them all. */
const NAMED_FAILURES = 10;

function printReport(verb: Verb, report: SyncReport, { dryRun, mailbox }: SyncFlags): void {
  if (report.status === 'ok' && report.mailboxes === 0) {
    // A pattern that fits nothing backs nothing up, and looks like a good run.
    const why = mailbox.length > 0 ? `--mailbox ${mailbox.join(' ')}` : 'folders in the config';
    verb.terminal.stderr.write(
      `mailkeep: warning: ${report.account}: ${printable(why)} fits no mailbox, so none was backed up; mailkeep doctor ${report.account} lists them\n`,
    );
    return;
  }
  if (report.status === 'ok' && verb.options.quiet) return;
  if (report.status !== 'failed')
    print(verb, `${report.account}: ${dryRun ? 'would do: ' : ''}${summary(report)}`);
  for (const { mailbox, uid, reason } of report.failures.slice(0, NAMED_FAILURES)) {
    print(
      verb,
      `  not stored: ${printable(mailbox)}${uid === null ? '' : ` UID ${uid}`}: ${printable(reason)}`,
    );
  }
  if (report.failures.length > NAMED_FAILURES)
    print(verb, `  and ${report.failures.length - NAMED_FAILURES} more; mailkeep sync --json names them all`);
  if (report.error !== null) tellError(verb, report.error);
}

function summary(report: SyncReport): string {
  const parts: string[] = [];
  if (report.added > 0)
    parts.push(`${formatCount(report.added, 'new message')} (${formatBytes(report.bytesDownloaded)})`);
  if (report.adopted > 0) parts.push(`${report.adopted.toLocaleString('en')} already here`);
  if (report.flagsChanged > 0) parts.push(`${report.flagsChanged.toLocaleString('en')} with changed flags`);
  if (report.removed > 0)
    parts.push(`${report.removed.toLocaleString('en')} gone from the server, kept under removed/`);
  if (report.deletedOnServer)
    parts.push(`${report.deletedOnServer.toLocaleString('en')} deleted from the server, kept here`);
  if (parts.length === 0) parts.push('nothing new');
  const state = report.status === 'ok' ? 'complete' : 'INCOMPLETE';
  return `${parts.join(', ')}; ${formatCount(report.mailboxes, 'mailbox', 'mailboxes')}, ${state} in ${formatDuration(report.durationMs)}`;
}

async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}

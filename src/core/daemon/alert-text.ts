/** Alerts and run summaries in words and as JSON. What a server said in them is made printable. */

import type { SyncReport } from '../report.js';
import { isoTime, syncReportJson } from '../report-json.js';
import { printable } from '../text/printable.js';
import type { Alert } from './alert.js';

/** Failures that an alert names; `mailkeep status` has them all. */
const NAMED_FAILURES = 10;

/** One line: `mailkeep: personal: the backup fails (3 runs in a row)` */
export function alertTitle(alert: Alert): string {
  return printable(['mailkeep', ...(alert.account === null ? [] : [alert.account]), alert.title].join(': '));
}

/** For a person: what happened, what to do, and the run's numbers. */
export function alertText(alert: Alert, host: string): string {
  const parts = [
    alertTitle(alert),
    ...(alert.message === null ? [] : [printable(alert.message)]),
    ...(alert.hint === null ? [] : [`What to do: ${printable(alert.hint)}`]),
    ...(alert.report === null ? [] : [runSummary(alert.report)]),
    `${isoTime(alert.at)}, on ${printable(host)}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The document that a webhook gets. `text` is what chat services show. */
export function alertJson(alert: Alert, host: string) {
  return {
    version: 1,
    event: alert.event,
    account: alert.account,
    at: isoTime(alert.at),
    host,
    title: alertTitle(alert),
    message: alert.message,
    hint: alert.hint,
    text: alertText(alert, host),
    report: alert.report === null ? null : boundedReport(alert.report),
  };
}

/** The run in a few lines: the body of a ping. */
export function runSummary(report: SyncReport): string {
  const { failures } = report;
  const more = failures.length - NAMED_FAILURES;
  return [
    `${report.account}: run ${report.run ?? '-'} ${report.status} after ${(report.durationMs / 1000).toFixed(1)} s`,
    `${report.mailboxesChanged} of ${report.mailboxes} mailboxes changed; ${report.added} added, ${report.adopted} adopted, ${report.removed} gone, ${report.flagsChanged} flags changed, ${report.failed} failed; ${report.bytesDownloaded} octets`,
    ...(report.hold ? ['on hold'] : []),
    ...(report.error === null ? [] : [`${report.error.code}: ${printable(report.error.message)}`]),
    ...failures
      .slice(0, NAMED_FAILURES)
      .map(
        ({ mailbox, uid, reason }) =>
          `not stored: ${printable(mailbox)}${uid === null ? '' : ` UID ${uid}`}: ${printable(reason)}`,
      ),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('\n');
}

function boundedReport(report: SyncReport) {
  const document = syncReportJson(report);
  return { ...document, failures: document.failures.slice(0, NAMED_FAILURES) };
}

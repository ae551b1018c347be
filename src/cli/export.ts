/** `mailkeep export`: writes mail of an archive to files. */
import { resolve } from 'node:path';
import { printable } from '../core/text/printable.js';
import type { ExportReport } from '../jobs/export.js';
import { runExport } from '../wiring/export.js';
import { readMoment } from '../wiring/moment.js';
import { chooseAccount } from './accounts.js';
import type { ExportFlags } from './declare/export.js';
import { EXIT } from './exit-code.js';
import { formatBytes, formatCount, formatTable } from './format.js';
import { columnsOf, note, print, printJson, type Verb } from './io.js';
import { progressOf } from './progress.js';

export async function exportMail(
  verb: Verb,
  accountName: string,
  query: readonly string[],
  flags: ExportFlags,
): Promise<number> {
  const { config, wiring } = await verb.load();
  const account = chooseAccount(config, accountName);
  const to = resolve(verb.around.cwd, flags.to);
  const progress = progressOf(verb, account.name);
  try {
    const report = await runExport(wiring, account, {
      query,
      mailboxes: flags.mailbox,
      at: readMoment(flags.at),
      format: flags.format,
      to,
      signal: verb.signal,
      onProgress: progress.update,
    });
    progress.stop();
    if (verb.options.json) printJson(verb, { account: account.name, format: flags.format, to, ...report });
    else printReport(verb, account.name, to, report);
    return report.failed > 0 ? EXIT.incomplete : EXIT.ok;
  } finally {
    progress.stop();
  }
}

const NAMED_FAILURES = 20;

function printReport(verb: Verb, account: string, to: string, report: ExportReport): void {
  const rows = report.mailboxes.map((mailbox) => [
    printable(mailbox.from),
    printable(mailbox.to),
    mailbox.exported,
    formatBytes(mailbox.bytes),
    mailbox.failed,
  ]);
  if (rows.length > 0 && !verb.options.quiet)
    print(verb, formatTable(['mailbox', 'to', 'exported', 'size', 'failed'], rows, columnsOf(verb.terminal)));
  for (const { mailbox, uid, reason } of report.failures.slice(0, NAMED_FAILURES))
    print(verb, `not exported: ${printable(mailbox)} UID ${uid}: ${printable(reason)}`);
  if (report.failures.length > NAMED_FAILURES)
    print(verb, `and ${report.failures.length - NAMED_FAILURES} more; --json names them all`);
  for (const remark of report.remarks) note(verb, `note: ${printable(remark)}`);
  const done = `exported ${formatCount(report.exported, 'message')} (${formatBytes(report.bytes)}) to ${printable(to)}`;
  print(
    verb,
    `${account}: ${done}${report.failed === 0 ? '' : `, ${report.failed.toLocaleString('en')} failed`}`,
  );
}

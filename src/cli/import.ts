/** `mailkeep import`: takes mail of another program on this machine into an archive. */
import { resolve } from 'node:path';
import type { ImportFormat } from '../core/ports/import.js';
import { printable } from '../core/text/printable.js';
import type { ImportReport } from '../jobs/import-mail.js';
import { runImport } from '../wiring/import.js';
import { chooseAccount } from './accounts.js';
import type { ImportFlags } from './declare/import.js';
import { EXIT } from './exit-code.js';
import { formatBytes, formatCount, formatTable } from './format.js';
import { columnsOf, note, print, printJson, type Verb } from './io.js';
import { progressOf } from './progress.js';

export async function importLocal(
  verb: Verb,
  format: ImportFormat,
  accountName: string,
  pathGiven: string,
  { dryRun }: ImportFlags,
): Promise<number> {
  const { config, wiring } = await verb.load();
  const account = chooseAccount(config, accountName);
  const path = resolve(verb.around.cwd, pathGiven);
  const progress = progressOf(verb, account.name);
  try {
    const report = await runImport(wiring, account, {
      format,
      path,
      dryRun,
      signal: verb.signal,
      onProgress: (counts) => progress.update({ ...counts, messagesTotal: null, bytesTotal: null }),
    });
    progress.stop();
    if (verb.options.json)
      printJson(verb, { account: account.name, format, path, dry_run: dryRun, ...report });
    else printReport(verb, account.name, report, dryRun);
    return report.failed > 0 ? EXIT.incomplete : EXIT.ok;
  } finally {
    progress.stop();
  }
}

const NAMED_FAILURES = 20;

function printReport(verb: Verb, account: string, report: ImportReport, dryRun: boolean): void {
  const rows = report.mailboxes.map((mailbox) => [
    printable(mailbox.to),
    mailbox.imported,
    formatBytes(mailbox.bytes),
    mailbox.present,
    mailbox.failed,
  ]);
  const head = ['mailbox', dryRun ? 'would import' : 'imported', 'size', 'here already', 'failed'];
  if (!verb.options.quiet) print(verb, formatTable(head, rows, columnsOf(verb.terminal)));
  for (const { file, reason } of report.failures.slice(0, NAMED_FAILURES))
    print(verb, `not imported: ${printable(file)}: ${printable(reason)}`);
  if (report.failures.length > NAMED_FAILURES)
    print(verb, `and ${report.failures.length - NAMED_FAILURES} more; --json names them all`);
  const what = `${formatCount(report.imported, 'message')} (${formatBytes(report.bytes)})`;
  const present = report.present === 0 ? '' : `, ${report.present.toLocaleString('en')} here already`;
  const failed = report.failed === 0 ? '' : `, ${report.failed.toLocaleString('en')} failed`;
  print(verb, `${account}: ${dryRun ? 'would import' : 'imported'} ${what}${present}${failed}`);
  if (!dryRun && report.imported > 0)
    note(verb, `next: mailkeep sync ${account}, which downloads only what is not here`);
}

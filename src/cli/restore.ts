/** `mailkeep restore`: puts mail back on a server, adding only what is missing there. */

import { printable } from '../core/printable.js';
import type { RestoreReport } from '../jobs/restore.js';
import { runRestore } from '../wiring/restore.js';
import { chooseAccount } from './accounts.js';
import type { RestoreFlags } from './declare/restore.js';
import { EXIT } from './exit-code.js';
import { formatCount, formatTable } from './format.js';
import { note, print, printJson, type Verb } from './io.js';

export async function restore(
  verb: Verb,
  accountName: string,
  query: readonly string[],
  flags: RestoreFlags,
): Promise<number> {
  const { config, wiring } = await verb.load();
  const account = chooseAccount(config, accountName);
  const target = flags.to === undefined ? account : chooseAccount(config, flags.to);
  const report = await runRestore(wiring, account, target, {
    query,
    mailboxes: flags.mailbox,
    prefix: flags.inPlace ? [] : prefixOf(flags.prefix, wiring.now),
    dryRun: flags.dryRun,
    verify: flags.verify,
    signal: verb.signal,
  });
  if (verb.options.json) printJson(verb, reportJson(report));
  else printReport(verb, report);
  return report.failed > 0 ? EXIT.incomplete : EXIT.ok;
}

/** `Restored/<date>` unless said otherwise. */
function prefixOf(prefix: string | undefined, now: number): string[] {
  if (prefix !== undefined) return prefix.split('/').filter((name) => name !== '');
  const date = new Date(now);
  const two = (value: number) => String(value).padStart(2, '0');
  return ['Restored', `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`];
}

function reportJson(report: RestoreReport) {
  const { dryRun, ...rest } = report;
  return { dry_run: dryRun, ...rest };
}

function printReport(verb: Verb, report: RestoreReport): void {
  const rows = report.mailboxes.map((mailbox) => [
    printable(mailbox.from),
    printable(mailbox.to),
    mailbox.planned,
    report.dryRun ? mailbox.planned - mailbox.present : mailbox.restored,
    mailbox.present,
    mailbox.failed,
  ]);
  if (rows.length > 0)
    print(
      verb,
      formatTable(
        ['from', 'to', 'selected', report.dryRun ? 'to restore' : 'restored', 'there already', 'failed'],
        rows,
      ),
    );
  for (const { mailbox, uid, reason } of report.failures.slice(0, 20)) {
    print(
      verb,
      `not restored: ${printable(mailbox)}${uid === null ? '' : ` UID ${uid}`}: ${printable(reason)}`,
    );
  }
  if (report.failures.length > 20)
    print(verb, `and ${report.failures.length - 20} more; --json names them all`);
  for (const remark of report.remarks) note(verb, `note: ${printable(remark)}`);
  const done = report.dryRun
    ? `would restore ${formatCount(report.planned - report.present, 'message')}`
    : `restored ${formatCount(report.restored, 'message')}`;
  print(
    verb,
    `${printable(report.to)}: ${done}, ${report.present.toLocaleString('en')} there already, ${report.failed.toLocaleString('en')} failed`,
  );
}

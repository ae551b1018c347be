/** `mailkeep restore`: puts mail back on a server, adding only what is missing there. */

import { UsageError } from '../core/errors.js';
import type { QuotaResource } from '../core/ports/restore.js';
import {
  type RestoreFailure,
  type RestoreReport,
  restoreReportJson,
} from '../core/restore/restore-report.js';
import { printable } from '../core/text/printable.js';
import { readMoment } from '../wiring/moment.js';
import { runRestore } from '../wiring/restore.js';
import { chooseAccount } from './accounts.js';
import type { RestoreFlags } from './declare/restore.js';
import { EXIT, exitCodeOf } from './exit-code.js';
import { formatBytes, formatCount, formatTable } from './format.js';
import { columnsOf, note, print, printJson, tellError, type Verb } from './io.js';
import { progressOf } from './progress.js';

export async function restore(
  verb: Verb,
  accountName: string,
  query: readonly string[],
  flags: RestoreFlags,
): Promise<number> {
  const { config, wiring } = await verb.load();
  const account = chooseAccount(config, accountName);
  const target = flags.to === undefined ? account : chooseAccount(config, flags.to);
  const progress = progressOf(verb, target.name);
  let report: RestoreReport;
  try {
    report = await runRestore(wiring, account, target, {
      query,
      mailboxes: flags.mailbox,
      at: readMoment(flags.at),
      prefix: flags.inPlace ? [] : prefixOf(flags.prefix, wiring.now),
      dryRun: flags.dryRun,
      verify: flags.verify,
      signal: verb.signal,
      onProgress: (counts) =>
        progress.update({ ...counts, mailbox: `${PHASES[counts.phase]}${counts.mailbox}` }),
    });
  } finally {
    progress.stop();
  }
  if (verb.options.json) printJson(verb, restoreReportJson(report));
  else printReport(verb, report);
  if (report.error !== null) return exitCodeOf(report.error.code);
  return report.failed > 0 ? EXIT.incomplete : EXIT.ok;
}

const PHASES = { looking: 'looking at ', checking: '', sending: '', 'reading back': 'reading back ' };

/** `Restored/<date>` unless said otherwise. */
function prefixOf(prefix: string | undefined, now: number): string[] {
  const given = prefix?.split('/').filter((name) => name !== '');
  // A variable of a script that was empty must not mean the mailboxes themselves.
  if (given?.length === 0)
    throw new UsageError(
      '--prefix names no mailbox',
      'nothing was sent; name one, such as --prefix Back, or say --in-place for the mailboxes the mail came from',
    );
  if (given !== undefined) return given;
  const date = new Date(now);
  const two = (value: number) => String(value).padStart(2, '0');
  return ['Restored', `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`];
}

function printReport(verb: Verb, report: RestoreReport): void {
  const { dryRun, mailboxes } = report;
  const fails = mailboxes.some(({ failed }) => failed > 0);
  const head = ['from', 'to', 'selected', dryRun ? 'to send' : 'restored', 'size', 'there already'];
  const rows = mailboxes.map((mailbox) => [
    printable(mailbox.from),
    `${printable(mailbox.to)}${mailbox.creates ? ' (new)' : ''}`,
    mailbox.planned,
    dryRun ? mailbox.append : mailbox.restored,
    formatBytes(mailbox.appendBytes),
    mailbox.present,
    ...(fails ? [mailbox.tooBig, mailbox.damaged, mailbox.failed - mailbox.tooBig - mailbox.damaged] : []),
  ]);
  if (rows.length > 0)
    print(
      verb,
      formatTable(
        [...head, ...(fails ? ['too big', 'damaged', 'refused'] : [])],
        rows,
        columnsOf(verb.terminal),
      ),
    );
  const groups = failureGroups(report.failures);
  for (const { mailbox, uids, reason } of groups.slice(0, NAMED_FAILURES)) {
    const which = `${printable(mailbox)}${uids.length === 0 ? '' : `, ${uidsLine(uids)}`}`;
    print(verb, `${dryRun ? 'cannot be restored' : 'not restored'}: ${which}: ${printable(reason)}`);
  }
  if (groups.length > NAMED_FAILURES)
    print(verb, `and ${groups.length - NAMED_FAILURES} more of the kind; --json names them all`);
  if (rows.length === 0) note(verb, 'no message was selected');
  for (const resource of report.quota) print(verb, quotaLine(report, resource));
  for (const remark of report.remarks) note(verb, `note: ${printable(remark)}`);
  const done = dryRun
    ? `would restore ${formatCount(report.append, 'message')} (${formatBytes(report.appendBytes)})`
    : `restored ${formatCount(report.restored, 'message')}`;
  print(
    verb,
    `${printable(report.to)}: ${done}, ${report.present.toLocaleString('en')} there already, ${report.failed.toLocaleString('en')} failed`,
  );
  if (report.error !== null) {
    const hint = 'what is on the target stays there; run the same command again and it goes on from here';
    tellError(verb, { message: report.error.message, hint });
  }
}

/** How many failures are named before the rest is only counted; UIDs with the same reason share a line. */
const NAMED_FAILURES = 20;
const NAMED_UIDS = 5;

function failureGroups(failures: readonly RestoreFailure[]) {
  const groups = new Map<string, { mailbox: string; reason: string; uids: number[] }>();
  for (const { mailbox, uid, reason } of failures) {
    const key = JSON.stringify([mailbox, reason]);
    const group = groups.get(key) ?? { mailbox, reason, uids: [] };
    groups.set(key, group);
    if (uid !== null) group.uids.push(uid);
  }
  return [...groups.values()];
}

function uidsLine(uids: readonly number[]): string {
  const more = uids.length - NAMED_UIDS;
  return `UID ${uids.slice(0, NAMED_UIDS).join(', ')}${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}`;
}

function quotaLine({ appendBytes, append }: RestoreReport, resource: QuotaResource): string {
  const { root, name, used, limit } = resource;
  const show = (value: number) => (name === 'STORAGE' ? formatBytes(value) : value.toLocaleString('en'));
  const planned = name === 'STORAGE' ? appendBytes : name === 'MESSAGE' ? append : null;
  const what = `quota${root === '' ? '' : ` ${printable(root)}`}, ${printable(name.toLowerCase())}`;
  const left = `${show(Math.max(0, limit - used))} of ${show(limit)} left`;
  return `${what}: ${left}${planned === null ? '' : ` before the ${show(planned)} planned here`}`;
}

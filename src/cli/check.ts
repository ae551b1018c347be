/** `mailkeep check`: proves the archive; exit 20 on damage. */

import type { AccountConfig } from '../config/config.js';
import { UsageError } from '../core/errors.js';
import { parseShare } from '../core/proof/check-share.js';
import type { DrillReport } from '../core/proof/drill.js';
import { errorJson } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import { isDamaged } from '../jobs/check.js';
import type { MailboxDifference, ServerReport } from '../jobs/check-server.js';
import { type AccountCheck, runCheck } from '../wiring/check.js';
import { runDrill } from '../wiring/drill.js';
import type { Wiring } from '../wiring/wiring.js';
import { chooseAccounts } from './accounts.js';
import type { CheckFlags } from './declare/proof.js';
import { eachAccount, inOrder } from './each-account.js';
import { combineExitCodes, EXIT, exitCodeOf } from './exit-code.js';
import { findingJson, printFindings } from './findings.js';
import { formatBytes, formatCount } from './format.js';
import { note, print, printJson, tellError, type Verb } from './io.js';
import { progressOf } from './progress.js';

export async function check(verb: Verb, names: readonly string[], flags: CheckFlags): Promise<number> {
  const readData = dataOf(flags.readData);
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, names);
  const { done, failed, codes } = await eachAccount(verb, accounts, async (account): Promise<Checked> => {
    const report = await checkOne(verb, wiring, account, { readData, server: flags.server });
    const drill = flags.drill ? await runDrill(wiring, account, { signal: verb.signal }) : null;
    if (!verb.options.json) printReport(verb, { ...report, drill });
    return { ...report, drill };
  });
  if (verb.options.json) printJson(verb, { accounts: inOrder(accounts, done.map(reportJson), failed) });
  // Damage is what the command is there to find: it is told also where another account could not be checked.
  if (done.some(isBad)) return EXIT.damage;
  return combineExitCodes([
    ...codes,
    ...done.map(({ error }) => (error === null ? EXIT.ok : exitCodeOf(error.code))),
  ]);
}

interface Checked extends AccountCheck {
  readonly drill: DrillReport | null;
}

function isBad(report: Checked): boolean {
  return isDamaged(report) || (report.drill !== null && report.drill.failed.length > 0);
}

/** `--read-data` alone is all of it; else a share such as 10%. */
function dataOf(flag: string | boolean): 'all' | number | null {
  if (flag === false) return null;
  if (flag === true) return 'all';
  const share = parseShare(String(flag));
  if (share === undefined)
    throw new UsageError(
      `--read-data takes a share such as 10%, not ${JSON.stringify(flag)}`,
      'nothing was done; --read-data alone reads everything',
    );
  return share;
}

async function checkOne(
  verb: Verb,
  wiring: Wiring,
  account: AccountConfig,
  what: { readonly readData: 'all' | number | null; readonly server: boolean },
): Promise<AccountCheck> {
  const progress = progressOf(verb, account.name);
  try {
    return await runCheck(wiring, account, { ...what, signal: verb.signal, onProgress: progress.update });
  } finally {
    progress.stop();
  }
}

function reportJson(report: Checked) {
  const { account, files, bytes, readData, share, missing, corrupt, unindexed, index, untidy, lost } = report;
  return {
    account,
    files,
    bytes,
    read_data: readData,
    share: share === null ? null : { from_percent: share.from / 100, percent: share.width / 100 },
    damaged: isDamaged(report),
    missing: missing.map(findingJson),
    corrupt: corrupt.map(findingJson),
    unindexed: unindexed.map(findingJson),
    index: index.map(findingJson),
    untidy: untidy.map(findingJson),
    lost: lost.map(findingJson),
    server: report.server === null ? null : serverJson(report.server),
    drill: report.drill,
    error: report.error === null ? null : errorJson(report.error),
  };
}

function serverJson({ missingHere, goneThere, sizesDiffer, mailboxes }: ServerReport) {
  return {
    missing_here: missingHere,
    gone_there: goneThere,
    sizes_differ: sizesDiffer,
    mailboxes: mailboxes.map((mailbox) => ({
      path: mailbox.path,
      missing_here: mailbox.missingHere,
      gone_there: mailbox.goneThere,
      sizes_differ: mailbox.sizesDiffer,
      remark: mailbox.remark,
    })),
  };
}

function printReport(verb: Verb, report: Checked): void {
  const { account, files, bytes } = report;
  print(verb, `${account}: ${formatCount(files, 'file')}, ${formatBytes(bytes)} (${howOf(report)})`);
  printFindings(verb, report);
  if (report.server !== null) printServer(verb, report.server);
  if (report.error !== null) {
    const { message, hint } = report.error;
    tellError(verb, { message: `not compared with the server: ${message}`, hint });
  }
  if (report.drill !== null) printDrill(verb, report.drill);
  if (isBad(report)) note(verb, `  nothing was changed; mailkeep repair ${account} puts right what it can`);
  else print(verb, '  no damage found');
}

function howOf({ readData, share }: AccountCheck): string {
  if (!readData) return 'names, sizes and flags compared; --read-data also reads every octet';
  if (share === null) return 'every octet read and compared with its hash';
  return `${share.width / 100}% of the content read and compared with its hash, from ${share.from / 100}% on`;
}

function printServer(verb: Verb, server: ServerReport): void {
  if (server.mailboxes.length === 0) print(verb, '  the server holds the same messages');
  for (const mailbox of server.mailboxes)
    print(verb, `  server: ${printable(mailbox.path)}: ${printable(differenceOf(mailbox))}`);
}

function printDrill(verb: Verb, { sampled, restored, failed, rebuilt }: DrillReport): void {
  const from = `from an index made anew of ${formatCount(rebuilt, 'file')}`;
  print(verb, `  drill: ${restored} of ${formatCount(sampled, 'message')} restored and read back, ${from}`);
  for (const { file, reason } of failed)
    print(verb, `  not restored: ${printable(file)}: ${printable(reason)}`);
}

/** UIDs named before the rest is only counted; --json has them all. */
const NAMED_UIDS = 10;

function differenceOf({ missingHere, goneThere, sizesDiffer, remark }: MailboxDifference): string {
  const uids = (list: readonly number[]) =>
    `${list.slice(0, NAMED_UIDS).join(', ')}${list.length > NAMED_UIDS ? ', …' : ''}`;
  const parts = remark === null ? [] : [remark];
  if (missingHere.length > 0)
    parts.push(`${missingHere.length} there and not here (UID ${uids(missingHere)})`);
  if (goneThere.length > 0) parts.push(`${goneThere.length} here and gone there (UID ${uids(goneThere)})`);
  if (sizesDiffer.length > 0)
    parts.push(`${sizesDiffer.length} of another size (UID ${uids(sizesDiffer.map(({ uid }) => uid))})`);
  return parts.join('; ');
}

/** `mailkeep repair --rebuild-index`: index.db anew from the mail and the journal; nothing else is changed. */
import { printable } from '../core/text/printable.js';
import type { RebuildReport } from '../jobs/rebuild-index.js';
import { runRebuild } from '../wiring/rebuild.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount, inOrder } from './each-account.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { formatCount } from './format.js';
import { note, print, printJson, type Verb } from './io.js';

export async function rebuildIndexes(verb: Verb, names: readonly string[]): Promise<number> {
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, names);
  const { done, failed, codes } = await eachAccount(verb, accounts, async (account) => {
    const report = await runRebuild(wiring, account, { readData: false, signal: verb.signal });
    if (!verb.options.json) printReport(verb, report);
    return report;
  });
  if (verb.options.json) printJson(verb, { accounts: inOrder(accounts, done.map(reportJson), failed) });
  return combineExitCodes([
    ...codes,
    ...done.map(({ leftOut }) => (leftOut.length > 0 ? EXIT.incomplete : EXIT.ok)),
  ]);
}

function reportJson({ account, lines, damagedLines, mailboxes, files, leftOut }: RebuildReport) {
  return {
    account,
    journal_lines: lines,
    damaged_lines: damagedLines,
    mailboxes,
    files,
    left_out: leftOut,
    error: null,
  };
}

function printReport(verb: Verb, report: RebuildReport): void {
  const from = `from ${formatCount(report.lines, 'line')} of the journal and ${formatCount(report.files, 'file')}`;
  print(
    verb,
    `${report.account}: index made anew ${from} in ${formatCount(report.mailboxes, 'mailbox', 'mailboxes')}`,
  );
  if (report.damagedLines > 0)
    print(
      verb,
      `  ${formatCount(report.damagedLines, 'line')} of the journal could not be read whole: what they told is missing from the history; no mail is`,
    );
  for (const { file, reason } of report.leftOut)
    print(verb, `  left out: ${printable(file)}: ${printable(reason)}`);
  note(verb, '  the next sync compares everything with the server once');
}

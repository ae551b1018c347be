/** `mailkeep check`: proves the archive; exit 20 on damage. */

import { printable } from '../core/printable.js';
import { type CheckReport, checkArchive, type Finding } from '../jobs/check.js';
import { chooseAccounts } from './accounts.js';
import { EXIT } from './exit-code.js';
import { formatBytes, formatCount } from './format.js';
import { note, print, printJson, type Verb } from './io.js';

export async function check(
  verb: Verb,
  names: readonly string[],
  flags: { readonly readData: boolean },
): Promise<number> {
  const { config, wiring } = await verb.load();
  const reports: CheckReport[] = [];
  for (const account of chooseAccounts(config, names)) {
    const reader = wiring.reader(account);
    try {
      const options = { account: account.name, readData: flags.readData, signal: verb.signal };
      reports.push(await checkArchive(reader, wiring.inventory(account), options));
    } finally {
      reader.close();
    }
  }
  if (verb.options.json) printJson(verb, { accounts: reports.map(reportJson) });
  else for (const report of reports) printReport(verb, report);
  return reports.some(isDamaged) ? EXIT.damage : EXIT.ok;
}

/** Files that nobody indexed are not damage: nothing that was promised is missing. */
function isDamaged(report: CheckReport): boolean {
  return report.missing.length + report.corrupt.length > 0;
}

function reportJson(report: CheckReport) {
  const { account, files, bytes, readData, missing, corrupt, unindexed } = report;
  return { account, files, bytes, read_data: readData, missing, corrupt, unindexed, server: null };
}

function printReport(verb: Verb, report: CheckReport): void {
  const how = report.readData
    ? 'every octet read and compared with its hash'
    : 'names, sizes and flags compared; --read-data also reads every octet';
  print(
    verb,
    `${report.account}: ${formatCount(report.files, 'file')}, ${formatBytes(report.bytes)} (${how})`,
  );
  const list = (title: string, findings: readonly Finding[]) => {
    for (const finding of findings) print(verb, `  ${title}: ${printable(finding.file)}: ${finding.reason}`);
  };
  list('missing', report.missing);
  list('corrupt', report.corrupt);
  list('unindexed', report.unindexed);
  if (isDamaged(report))
    note(verb, '  nothing was changed; this version has no repair yet, so leave the mail on the server');
  else print(verb, '  no damage found');
}

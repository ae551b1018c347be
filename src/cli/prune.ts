/** `mailkeep prune`: applies retention; the only command that deletes mail. */

import type { ExpiredFile } from '../core/ports/prune.js';
import { isoTime } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import type { PruneReport } from '../jobs/prune.js';
import { runPrune } from '../wiring/prune.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount, inOrder } from './each-account.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { formatBytes, formatCount, formatTime } from './format.js';
import { note, print, printJson, type Verb } from './io.js';

export async function prune(
  verb: Verb,
  names: readonly string[],
  flags: { readonly dryRun: boolean },
): Promise<number> {
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, names);
  const { done, failed, codes } = await eachAccount(verb, accounts, async (account) => {
    const report = await runPrune(wiring, account, { dryRun: flags.dryRun, signal: verb.signal });
    if (!verb.options.json) printReport(verb, report, flags.dryRun);
    return report;
  });
  if (verb.options.json)
    printJson(verb, { dry_run: flags.dryRun, accounts: inOrder(accounts, done.map(reportJson), failed) });
  return combineExitCodes([
    ...codes,
    ...done.map(({ hold, kept }) => (hold !== null || kept.length > 0 ? EXIT.incomplete : EXIT.ok)),
  ]);
}

function reportJson({ account, retention, hold, pruned, freed, kept }: PruneReport) {
  return {
    account,
    retention_ms: retention === 'forever' ? null : retention.ms,
    hold,
    pruned: pruned.length,
    bytes: bytesOf(pruned),
    freed_bytes: freed,
    messages: pruned.map(messageJson),
    kept: kept.map(messageJson),
    error: null,
  };
}

function messageJson({ path, uid, place, size, sha256, leftAt }: ExpiredFile) {
  return { mailbox: path, uid, id: sha256, file: fileOf(place), size, removed_at: isoTime(leftAt) };
}

function printReport(verb: Verb, report: PruneReport, dryRun: boolean): void {
  const { account, retention, hold, pruned, kept } = report;
  if (hold !== null) {
    print(verb, `${account}: on hold, nothing was deleted: ${printable(hold)}`);
    return;
  }
  if (retention === 'forever') {
    print(verb, `${account}: keeps everything (retention: removed: forever)`);
    return;
  }
  const list = (title: string, files: readonly ExpiredFile[]) => {
    for (const { path, uid, place, leftAt } of files)
      note(
        verb,
        `  ${title}: ${printable(path)} UID ${uid}, gone since ${formatTime(leftAt)}: ${printable(fileOf(place))}`,
      );
  };
  list(dryRun ? 'would delete' : 'deleted', pruned);
  list('kept, the last copy of a message that is still needed', kept);
  const what = `${formatCount(pruned.length, 'message')}, ${formatBytes(bytesOf(pruned))}`;
  print(verb, `${account}: ${dryRun ? 'would delete' : 'deleted'} ${what}`);
}

function bytesOf(files: readonly ExpiredFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function fileOf({ tree, folder, name }: ExpiredFile['place']): string {
  return `${tree}/${folder}/cur/${name}`;
}

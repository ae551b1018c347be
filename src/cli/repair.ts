/** `mailkeep repair`: puts right what check found; never deletes a message. */

import type { AccountConfig } from '../config/config.js';
import type { RepairAction, RepairEntry, RepairReport } from '../core/proof/repair-report.js';
import { errorJson } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import { runRepair } from '../wiring/repair.js';
import type { Wiring } from '../wiring/wiring.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount, inOrder } from './each-account.js';
import { combineExitCodes, EXIT, exitCodeOf } from './exit-code.js';
import { formatCount } from './format.js';
import { note, print, printJson, tellError, type Verb } from './io.js';
import { progressOf } from './progress.js';

export async function repair(
  verb: Verb,
  names: readonly string[],
  flags: { readonly acceptLost: boolean },
): Promise<number> {
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, names);
  const { done, failed, codes } = await eachAccount(verb, accounts, async (account) => {
    const report = await repairOne(verb, wiring, account, flags.acceptLost);
    if (!verb.options.json) printReport(verb, report);
    return report;
  });
  if (verb.options.json) printJson(verb, { accounts: inOrder(accounts, done.map(reportJson), failed) });
  return combineExitCodes([...codes, ...done.map(exitCodeOfRepair)]);
}

async function repairOne(
  verb: Verb,
  wiring: Wiring,
  account: AccountConfig,
  acceptLost: boolean,
): Promise<RepairReport> {
  const progress = progressOf(verb, account.name);
  try {
    return await runRepair(wiring, account, {
      acceptLost,
      signal: verb.signal,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
}

/** What only the server can give back may come later; what is lost, or still wrong, is never a success. */
function exitCodeOfRepair({ pending, error, clean }: RepairReport): number {
  if (pending.length > 0 && error !== null) return exitCodeOf(error.code);
  return clean && pending.length === 0 ? EXIT.ok : EXIT.incomplete;
}

function countOf({ actions }: RepairReport, ...kinds: RepairAction[]): number {
  return actions.filter(({ action }) => kinds.includes(action)).length;
}

function reportJson(report: RepairReport) {
  const { account, lost, accepted, pending, left, actions, clean, error } = report;
  return {
    account,
    repaired: countOf(report, 'moved', 'renamed', 'linked', 'tidied'),
    refetched: countOf(report, 'refetched'),
    quarantined: countOf(report, 'quarantined'),
    taken_in: countOf(report, 'taken_in'),
    lost,
    accepted,
    pending,
    left,
    actions,
    clean,
    error: error === null ? null : errorJson(error),
  };
}

const WORDS: Readonly<Record<RepairAction, string>> = {
  moved: 'moved home',
  renamed: 'renamed',
  linked: 'made from a copy',
  refetched: 'fetched again',
  quarantined: 'set aside',
  taken_in: 'taken in',
  tidied: 'put right',
};

function printReport(verb: Verb, report: RepairReport): void {
  const list = (title: string, entries: readonly RepairEntry[]) => {
    for (const { file, uid, reason } of entries)
      print(
        verb,
        `  ${title}: ${printable(file)}${uid === null ? '' : ` (UID ${uid})`}: ${printable(reason)}`,
      );
  };
  for (const action of report.actions) list(WORDS[action.action], [action]);
  list('left alone', report.left);
  list('pending', report.pending);
  list(report.accepted ? 'lost, and accepted as that' : 'LOST', report.lost);
  if (report.lost.length > 0 && !report.accepted)
    note(verb, `  mailkeep repair ${report.account} --accept-lost ends the alarm about what is lost`);
  const done = formatCount(report.actions.length, 'repair');
  const state = report.clean && report.pending.length === 0 ? 'no damage is left' : 'NOT everything is right';
  print(verb, `${report.account}: ${done}; ${state}`);
  if (report.error !== null) tellError(verb, report.error);
}

/** `mailkeep history`: the runs that changed something or went wrong, newest first. */
import { runJson } from '../core/report-json.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount } from './each-account.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { formatDuration, formatTable, formatTime } from './format.js';
import { columnsOf, print, printJson, type Verb } from './io.js';

export async function history(verb: Verb, names: readonly string[]): Promise<number> {
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, names);
  const { done, failed, codes } = await eachAccount(verb, accounts, (account) => {
    const runs = wiring.look(account, (reader) => reader.history());
    return runs.map((run) => ({ account: account.name, run }));
  });
  const runs = done.flat();
  const code = combineExitCodes([...codes, ...done.map(() => EXIT.ok)]);
  runs.sort((a, b) => b.run.startedAt - a.run.startedAt || b.run.run - a.run.run);
  if (verb.options.json) {
    printJson(verb, { runs: runs.map(({ account, run }) => runJson(account, run)), failed });
    return code;
  }
  if (done.length === 0) return code;
  // One account needs no column: the table then fits 80 columns.
  const several = accounts.length > 1;
  const rows = runs.map(({ account, run }) => [
    ...(several ? [account] : []),
    run.run,
    formatTime(run.startedAt),
    formatDuration(run.durationMs),
    run.status,
    run.added,
    run.adopted,
    run.flagsChanged,
    run.removed,
    run.failed,
  ]);
  print(
    verb,
    rows.length === 0
      ? 'no run has changed anything yet'
      : formatTable(
          [
            ...(several ? ['account'] : []),
            ...['run', 'started', 'took', 'ended', 'added', 'adopted', 'flags', 'removed', 'failed'],
          ],
          rows,
          columnsOf(verb.terminal),
        ),
  );
  return code;
}

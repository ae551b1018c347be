/** `mailkeep search`: a table of what was found, newest first, each message with the words around the hit. */

import type { SortOrder } from '../core/ports/search.js';
import { readMoment } from '../wiring/moment.js';
import { findMessages, mergeFound, readQuery } from '../wiring/search.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount } from './each-account.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { formatCount } from './format.js';
import { messageJson, widthOf } from './found-message.js';
import { indexingProgress } from './indexing-progress.js';
import { note, print, printJson, type Verb } from './io.js';
import { searchTable } from './search-table.js';

export interface SearchFlags {
  readonly account: readonly string[];
  readonly limit?: number;
  readonly sort: SortOrder;
  readonly at?: string;
}

/** Rows that a person looks at; scripts get all. */
const DEFAULT_LIMIT = 50;

export async function search(verb: Verb, query: readonly string[], flags: SearchFlags): Promise<number> {
  const moment = readMoment(flags.at);
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, flags.account);
  const limit = flags.limit ?? (verb.options.json ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  const parsed = readQuery(wiring, query);
  const progress = indexingProgress(verb);
  const request = {
    query: parsed,
    sort: flags.sort,
    limit,
    moment,
    signal: verb.signal,
    onProgress: progress.update,
  };
  const { done, failed, codes } = await eachAccount(verb, accounts, (account) =>
    findMessages(wiring, account, request),
  ).finally(progress.stop);
  const { total, absent, hits } = mergeFound(done, limit);
  if (verb.options.json)
    printJson(verb, {
      total,
      absent,
      failed,
      messages: hits.map((hit) => ({ ...messageJson(hit, hit.account), snippet: hit.snippet.text })),
    });
  else if (total === 0) note(verb, 'nothing found');
  else {
    const { stdout } = verb.terminal;
    print(
      verb,
      searchTable(hits, {
        width: widthOf(verb.terminal),
        isBold: stdout.isTTY === true && !verb.around.env.NO_COLOR,
        withAccount: accounts.length > 1,
      }),
    );
    note(
      verb,
      hits.length < total
        ? `${hits.length} of ${formatCount(total, 'message')}`
        : formatCount(total, 'message'),
    );
  }
  if (absent > 0)
    note(verb, `${formatCount(absent, 'message')} of then can't be searched: pruned since, or lost`);
  return combineExitCodes([...codes, ...done.map(() => EXIT.ok)]);
}

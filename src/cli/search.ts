/** `mailkeep search`: a table of what was found, newest first, each message with the words around the hit. */

import type { SortOrder } from '../core/ports/search.js';
import { displayWidth } from '../core/text/display-width.js';
import { printable } from '../core/text/printable.js';
import { readMoment } from '../wiring/moment.js';
import { findMessages, type Hit, mergeFound, readQuery } from '../wiring/search.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount } from './each-account.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { fitted, formatCount, formatTable, formatTime } from './format.js';
import { flagsOf, isRemoved, mailboxesOf, messageJson, SHORT_ID, senderName } from './found-message.js';
import { indexingProgress } from './indexing-progress.js';
import { note, print, printJson, type Verb } from './io.js';

export interface SearchFlags {
  readonly account: readonly string[];
  readonly limit?: number;
  readonly sort: SortOrder;
  readonly at?: string;
}

/** Rows that a person looks at; scripts get all. */
const DEFAULT_LIMIT = 50;

/** Columns where the output is no terminal. */
const DEFAULT_WIDTH = 120;

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
    print(verb, table(verb, hits, accounts.length > 1));
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

function table(verb: Verb, hits: readonly Hit[], withAccount: boolean): string {
  const { stdout } = verb.terminal;
  const width = Math.max(60, stdout.columns ?? DEFAULT_WIDTH);
  // Date, marks, id and the space between columns are fixed; the rest is shared.
  const room = width - 16 - 5 - SHORT_ID - 5 * 2;
  const columns = { from: Math.floor(room * 0.28), mailbox: Math.floor(room * 0.22) };
  const subject = room - columns.from - columns.mailbox;
  const rows = hits.map((hit) => [
    formatTime(hit.date),
    marksOf(hit),
    fitted(printable(senderName(hit.from)), columns.from),
    fitted(printable(hit.subject), subject),
    fitted(printable(placeOf(hit, withAccount)), columns.mailbox),
    hit.sha256.slice(0, SHORT_ID),
  ]);
  const [head, ...lines] = formatTable(['date', 'marks', 'from', 'subject', 'mailbox', 'id'], rows).split(
    '\n',
  );
  const shown = hits.flatMap((hit, at) => {
    const snippet = hit.snippet.hits.length > 0 ? snippetLine(verb, hit, width - 4) : '';
    return snippet === '' ? [lines[at]!] : [lines[at]!, `    ${snippet}`];
  });
  return [head!, ...shown].join('\n');
}

/** N not read, A attachments, R gone from the server, E encrypted, S signed. */
function marksOf(hit: Hit): string {
  const marks: [string, boolean][] = [
    ['N', !flagsOf(hit).includes('\\Seen')],
    ['A', hit.attached],
    ['R', isRemoved(hit)],
    ['E', hit.protection === 'encrypted'],
    ['S', hit.protection === 'signed'],
  ];
  return marks.map(([mark, set]) => (set ? mark : '')).join('');
}

function placeOf(hit: Hit, withAccount: boolean): string {
  const [first = '', ...more] = mailboxesOf(hit);
  const path = more.length === 0 ? first : `${first} +${more.length}`;
  return withAccount ? `${hit.account}: ${path}` : path;
}

function snippetLine(verb: Verb, { snippet }: Hit, width: number): string {
  const plain = printable(snippet.text);
  const isBold = verb.terminal.stdout.isTTY === true && !verb.around.env.NO_COLOR;
  if (!isBold || displayWidth(plain) > width) return fitted(plain, width);
  let line = '';
  let at = 0;
  for (const [from, to] of snippet.hits) {
    line += `${printable(snippet.text.slice(at, from))}\u001b[1m${printable(snippet.text.slice(from, to))}\u001b[22m`;
    at = to;
  }
  return line + printable(snippet.text.slice(at));
}

/** `mailkeep attachments`: lists the attachments of the messages that a query finds, or saves them. */

import { isoTime } from '../core/report-json.js';
import { displayWidth } from '../core/text/display-width.js';
import { printable } from '../core/text/printable.js';
import { attachmentsOf, type FoundAttachment } from '../wiring/attachments.js';
import { findMessages, mergeFound, readQuery } from '../wiring/search.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount } from './each-account.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { fitted, formatBytes, formatCount, formatRow, formatTime } from './format.js';
import { attachmentJson, cell, SHORT_ID, senderName, widthOf } from './found-message.js';
import { indexingProgress } from './indexing-progress.js';
import { note, print, printJson, type Verb } from './io.js';

export interface AttachmentFlags {
  readonly account: readonly string[];
  readonly to?: string;
  readonly type?: string;
  readonly inline: boolean;
}

/** Date, size, id and part are as wide as they are; name and sender share the rest of the terminal. */
const TIME = 16;
const SIZE = 7;
const PART = 5;
const SPACES = 5 * 2;

/** Columns that the shared ones need for a line each; with fewer an attachment takes two lines. */
const LEAST_SHARED = 24;

export async function attachments(
  verb: Verb,
  query: readonly string[],
  flags: AttachmentFlags,
): Promise<number> {
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, flags.account);
  const progress = indexingProgress(verb);
  const request = {
    query: readQuery(wiring, query),
    sort: 'date' as const,
    limit: Number.POSITIVE_INFINITY,
    moment: null,
    signal: verb.signal,
    onProgress: progress.update,
  };
  const { done, failed, codes } = await eachAccount(verb, accounts, (account) =>
    findMessages(wiring, account, request),
  ).finally(progress.stop);
  const { hits } = mergeFound(done, request.limit);
  const found = await attachmentsOf(wiring, accounts, hits, {
    type: flags.type ?? null,
    inline: flags.inline,
    to: flags.to ?? null,
    signal: verb.signal,
  });
  const unsaved = found.filter(({ failure }) => failure !== null);
  if (verb.options.json) printJson(verb, { total: found.length, failed, attachments: found.map(foundJson) });
  else describe(verb, found, unsaved);
  const saved = unsaved.length > 0 ? EXIT.incomplete : EXIT.ok;
  return combineExitCodes([...codes, ...done.map(() => saved)]);
}

function foundJson(found: FoundAttachment) {
  return {
    id: found.hit.sha256,
    account: found.hit.account,
    date: isoTime(found.hit.date),
    from: found.hit.from,
    subject: found.hit.subject,
    ...attachmentJson(found),
    saved_as: found.savedAs,
    failure: found.failure,
  };
}

function describe(verb: Verb, found: readonly FoundAttachment[], unsaved: readonly FoundAttachment[]): void {
  if (found.length === 0) {
    note(verb, 'nothing found');
    return;
  }
  print(verb, table(verb, found));
  const saved = new Set(found.flatMap(({ savedAs }) => (savedAs === null ? [] : [savedAs])));
  if (saved.size > 0)
    note(verb, `saved as ${formatCount(saved.size, 'file')}; the same content is saved once`);
  for (const { hit, part, failure } of unsaved) {
    verb.terminal.stderr.write(
      `mailkeep: not saved: part ${part} of ${hit.sha256.slice(0, SHORT_ID)}: ${printable(failure ?? '')}\n`,
    );
  }
}

function table(verb: Verb, found: readonly FoundAttachment[]): string {
  const width = widthOf(verb.terminal);
  const room = width - TIME - SIZE - SHORT_ID - PART - SPACES;
  const rows = found.map(({ hit, filename, contentType, part, size }) => ({
    date: formatTime(hit.date),
    from: cell(senderName(hit.from)),
    name: cell(filename ?? `(${contentType})`),
    size: formatBytes(size),
    id: hit.sha256.slice(0, SHORT_ID),
    part,
  }));
  if (room < LEAST_SHARED) {
    return rows
      .flatMap(({ date, from, name, size, id, part }) => [
        fitted(formatRow([date, id, part], [TIME, SHORT_ID, PART]), width),
        fitted(`  ${name} (${size}) ${from}`, width),
      ])
      .join('\n');
  }
  const widest = (cells: readonly string[]) => Math.max(...cells.map(displayWidth));
  const from = Math.min(Math.floor(room * 0.33), widest(['from', ...rows.map((row) => row.from)]));
  const name = Math.min(room - from, widest(['name', ...rows.map((row) => row.name)]));
  const widths = [TIME, from, name, SIZE, SHORT_ID, PART];
  return [
    ['date', 'from', 'name', 'size', 'id', 'part'],
    ...rows.map((row) => [row.date, row.from, row.name, row.size, row.id, row.part]),
  ]
    .map((cells) => formatRow(cells, widths))
    .join('\n');
}

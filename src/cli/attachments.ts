/** `mailkeep attachments`: lists the attachments of the messages that a query finds, or saves them. */

import { isoTime } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import { type FoundAttachment, findAttachments } from '../wiring/attachments.js';
import { chooseAccounts } from './accounts.js';
import { EXIT } from './exit-code.js';
import { fitted, formatBytes, formatCount, formatTable, formatTime } from './format.js';
import { attachmentJson, SHORT_ID, senderName } from './found-message.js';
import { indexingProgress } from './indexing-progress.js';
import { note, print, printJson, type Verb } from './io.js';

export interface AttachmentFlags {
  readonly account: readonly string[];
  readonly to?: string;
  readonly type?: string;
  readonly inline: boolean;
}

const NAME_WIDTH = 44;
const FROM_WIDTH = 20;

export async function attachments(
  verb: Verb,
  query: readonly string[],
  flags: AttachmentFlags,
): Promise<number> {
  const { config, wiring } = await verb.load();
  const progress = indexingProgress(verb);
  const found = await findAttachments(wiring, chooseAccounts(config, flags.account), {
    query,
    type: flags.type ?? null,
    inline: flags.inline,
    to: flags.to ?? null,
    signal: verb.signal,
    onProgress: progress.update,
  }).finally(progress.stop);
  const failed = found.filter(({ failure }) => failure !== null);
  if (verb.options.json) printJson(verb, { total: found.length, attachments: found.map(foundJson) });
  else describe(verb, found, failed);
  return failed.length > 0 ? EXIT.incomplete : EXIT.ok;
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

function describe(verb: Verb, found: readonly FoundAttachment[], failed: readonly FoundAttachment[]): void {
  if (found.length === 0) {
    note(verb, 'nothing found');
    return;
  }
  const rows = found.map(({ hit, filename, contentType, part, size }) => [
    formatTime(hit.date),
    fitted(printable(senderName(hit.from)), FROM_WIDTH),
    fitted(printable(filename ?? `(${contentType})`), NAME_WIDTH),
    formatBytes(size),
    hit.sha256.slice(0, SHORT_ID),
    part,
  ]);
  print(verb, formatTable(['date', 'from', 'name', 'size', 'id', 'part'], rows));
  const saved = new Set(found.flatMap(({ savedAs }) => (savedAs === null ? [] : [savedAs])));
  if (saved.size > 0)
    note(verb, `saved as ${formatCount(saved.size, 'file')}; the same content is saved once`);
  for (const { hit, part, failure } of failed) {
    verb.terminal.stderr.write(
      `mailkeep: not saved: part ${part} of ${hit.sha256.slice(0, SHORT_ID)}: ${printable(failure ?? '')}\n`,
    );
  }
}

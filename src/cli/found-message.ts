/** A found message in JSON and in words, the same for search, show and attachments. */
import { flagList } from '../core/mailbox/flags.js';
import type { AttachmentFacts } from '../core/message/message-facts.js';
import type { FoundMessage } from '../core/ports/search.js';
import { isoTime } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import type { Terminal } from './io.js';

/** Digits of an ID in a table; `show` takes any 8 or more. */
export const SHORT_ID = 10;

/** Columns where the output is no terminal. */
const USUAL_WIDTH = 120;

/** A table does not get narrower than this; a terminal that does wraps it. */
const LEAST_WIDTH = 36;

export function widthOf({ stdout }: Terminal): number {
  return Math.max(LEAST_WIDTH, stdout.columns || USUAL_WIDTH);
}

/** Text from a message as it may stand in a table: no run of blanks can look like the space between columns. */
export function cell(text: string): string {
  return printable(text)
    .replace(/[\s\u115f\u1160\u2800\u3164\uffa0]{2,}/gu, ' ')
    .trim();
}

export function messageJson(message: FoundMessage, account: string) {
  return {
    id: message.sha256,
    account,
    mailboxes: mailboxesOf(message),
    date: isoTime(message.date),
    from: message.from,
    to: message.to,
    subject: message.subject,
    message_id: message.messageId,
    size: message.size,
    flags: flagsOf(message),
    removed: isRemoved(message),
    attachments: message.attachments.map(attachmentJson),
    protection: message.protection,
    list_id: message.listId,
    broken: message.broken,
  };
}

export function attachmentJson({ part, filename, contentType, size, inline }: AttachmentFacts) {
  return { part, filename, content_type: contentType, size, inline };
}

/** Where it lies; of a message that has left the server, where it lay. */
export function mailboxesOf({ places }: Pick<FoundMessage, 'places'>): string[] {
  const present = places.filter(({ removed }) => !removed);
  return [...new Set((present.length > 0 ? present : places).map(({ path }) => path))];
}

export function isRemoved({ places }: Pick<FoundMessage, 'places'>): boolean {
  return places.every(({ removed }) => removed);
}

/** What any of its places has. */
export function flagsOf({ places }: Pick<FoundMessage, 'places'>): string[] {
  return [...new Set(places.flatMap(({ flags }) => flagList(flags)))].sort();
}

/** The name without the address, where there is one. */
export function senderName(from: string): string {
  return /^(.*\S)\s*<[^<>]*>$/.exec(from)?.[1] ?? from;
}

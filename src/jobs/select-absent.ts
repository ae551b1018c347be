/**
 * What a restore or an export is asked for and the archive has not any more: pruned since, or lost. Of such a message
 * only what the index knows can be compared with the query; where that can't tell it is counted, and not named.
 */

import { flagList } from '../core/mailbox/flags.js';
import { messageDate } from '../core/message/message-date.js';
import { NO_CONTENT } from '../core/message/message-facts.js';
import type { AbsentPlacement } from '../core/ports/archive.js';
import { type Query, termsOf } from '../core/query/query.js';
import { matches } from '../core/query/query-match.js';
import { asksForRemoved, type SelectionPorts, type SelectionRequest } from './select-messages.js';

export interface AbsentMessage {
  readonly mailbox: string;
  readonly uid: number;
  readonly reason: string;
}

export interface AbsentSelection {
  readonly named: readonly AbsentMessage[];
  /** Sentences about what may be meant as well. */
  readonly remarks: readonly string[];
}

export function selectAbsent(
  { archive }: Pick<SelectionPorts, 'archive'>,
  { selects, query }: Pick<SelectionRequest, 'selects' | 'query'>,
): AbsentSelection {
  const named: AbsentMessage[] = [];
  const remarks: string[] = [];
  const canTell = !asksForContent(query);
  for (const mailbox of archive.mailboxes()) {
    if (!selects(mailbox.path)) continue;
    const absent = archive.absent(mailbox, { removed: asksForRemoved(query) });
    if (!canTell && absent.length > 0)
      remarks.push(
        `${mailbox.path}: ${absent.length} more were pruned since or are lost; whether they answer the query nobody can tell`,
      );
    if (!canTell) continue;
    for (const message of absent) {
      if (!matches(query, factsOf(message, mailbox.path))) continue;
      named.push({ mailbox: mailbox.path, uid: message.uid, reason: reasonOf(message) });
    }
  }
  return { named, remarks };
}

function reasonOf({ prunedAt, sha256 }: AbsentPlacement): string {
  if (prunedAt !== null)
    return `it was pruned on ${new Date(prunedAt).toISOString().slice(0, 10)}, as retention says`;
  return `its file was damaged or gone, and its octets are not back (SHA-256 ${sha256})`;
}

/** Without the Date field, INTERNALDATE is the date, as for any message that has none. */
function factsOf(message: AbsentPlacement, path: string) {
  const { messageId, receivedAt, size, flags, removed } = message;
  return {
    ...NO_CONTENT,
    messageId,
    date: messageDate(null, receivedAt),
    size,
    flags: flagList(flags),
    mailboxes: [{ path }],
    removed,
  };
}

const OF_CONTENT: ReadonlySet<string> = new Set(['phrase', 'has-attachment', 'id']);

function asksForContent(query: Query): boolean {
  return termsOf(query).some(({ kind }) => OF_CONTENT.has(kind));
}

/**
 * What the server's list of mailboxes means: which to observe, which are gone, which are left out. An
 * empty list where there was mail is no evidence (servers send it while they are being moved).
 */
import type { PolledMailbox } from '../ports/source.js';

export interface KnownMailbox {
  readonly id: number;
  readonly wireName: string;
  readonly path: string;
}

export interface MailboxesPlan {
  readonly selected: readonly PolledMailbox[];
  /** Known mailboxes that the server lists no more. */
  readonly gone: readonly KnownMailbox[];
  /** Why nothing may be concluded from what is missing, or null. */
  readonly incomplete: string | null;
}

/** `unlisted`: why the list may lack mailboxes, or null. */
export function planMailboxes(
  known: readonly KnownMailbox[],
  polled: readonly PolledMailbox[],
  selects: (mailbox: PolledMailbox) => boolean,
  unlisted: string | null = null,
): MailboxesPlan {
  const selected = polled.filter((mailbox) => mailbox.selectable && selects(mailbox));
  if (known.length > 0 && !polled.some((mailbox) => mailbox.selectable)) {
    return {
      selected,
      gone: [],
      incomplete: 'the server listed no mailbox at all; nothing is taken as deleted',
    };
  }
  if (unlisted !== null) return { selected, gone: [], incomplete: unlisted };
  const listed = new Set(polled.filter((mailbox) => mailbox.selectable).map((mailbox) => mailbox.wireName));
  return { selected, gone: known.filter((mailbox) => !listed.has(mailbox.wireName)), incomplete: null };
}

/**
 * The mailboxes of an account with their counters, in one round trip where the server can: LIST with RETURN
 * (STATUS) (RFC 5819), else LIST, LSUB and a STATUS for each, sent together.
 */
import { isSelectable } from './attributes.js';
import { isToldToWait } from './errors.js';
import type { ListedMailbox } from './reader.js';
import { type ListResult, list, type StatusItem, status } from './wire/commands/list.js';
import { CommandRefusedError } from './wire/errors.js';
import type { WireSession } from './wire/session.js';

export interface ListOptions {
  /** Whether the counters tell that nothing changed; without MODSEQ they can't, and are not asked for. */
  readonly modseq: boolean;
  readonly has: (capability: string) => boolean;
  readonly signal: AbortSignal;
}

export interface MailboxList {
  readonly mailboxes: ListedMailbox[];
  /** A line that names a mailbox in a way that can't be read; null where there was none. */
  readonly unreadable: string | null;
}

/** Throws CommandRefusedError where the list is refused. */
export async function listMailboxes(
  session: WireSession,
  { modseq, has, signal }: ListOptions,
): Promise<MailboxList> {
  const items: StatusItem[] = modseq ? ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'HIGHESTMODSEQ'] : [];
  const extended = has('LIST-EXTENDED');
  const returns = [
    ...(extended ? ['SUBSCRIBED'] : []),
    ...(extended && has('SPECIAL-USE') ? ['SPECIAL-USE'] : []),
  ];
  const withStatus = items.length > 0 && has('LIST-STATUS');
  const listing = list(session, '*', { returns, signal, ...(withStatus ? { returnStatus: items } : {}) });
  const subscriptions = extended ? null : list(session, '*', { subscribed: true, signal });
  const { mailboxes, unreadable } = await listing;
  const subscribed = subscriptions === null ? null : await namesOf(subscriptions);
  const statuses = await statusesOf(session, mailboxes, withStatus ? [] : items, signal);
  const listed = mailboxes.map((mailbox) => {
    const found = mailbox.status ?? statuses.get(mailbox.name) ?? null;
    return {
      wireName: mailbox.name,
      delimiter: mailbox.delimiter,
      attributes: mailbox.attributes,
      subscribed:
        subscribed?.has(mailbox.name) ??
        mailbox.attributes.some((attribute) => attribute.toLowerCase() === '\\subscribed'),
      status:
        found === null
          ? null
          : {
              messages: found.messages,
              uidNext: found.uidNext,
              uidValidity: found.uidValidity?.toString() ?? null,
              highestModseq: found.highestModseq?.toString() ?? null,
            },
    };
  });
  return { mailboxes: listed, unreadable: unreadable[0] ?? null };
}

/** A server that refuses LSUB tells of no subscription. */
async function namesOf(subscriptions: Promise<ListResult>): Promise<ReadonlySet<string>> {
  try {
    return new Set((await subscriptions).mailboxes.map((mailbox) => mailbox.name));
  } catch (error) {
    if (error instanceof CommandRefusedError && !isToldToWait(error)) return new Set();
    throw error;
  }
}

async function statusesOf(
  session: WireSession,
  mailboxes: readonly { name: string; attributes: readonly string[] }[],
  items: StatusItem[],
  signal: AbortSignal,
) {
  if (items.length === 0) return new Map();
  const selectable = mailboxes.filter((mailbox) => isSelectable(mailbox.attributes));
  const answers = selectable.map(async ({ name }) => {
    try {
      return [name, await status(session, name, items, { signal })] as const;
    } catch (error) {
      // Opening it will show what is wrong with it.
      if (error instanceof CommandRefusedError) return [name, null] as const;
      throw error;
    }
  });
  return new Map(await Promise.all(answers));
}

/**
 * What imapflow made of the server's answers, in the words of the reader: names and labels as octets again, and
 * nothing for what it filled in by itself.
 */
import type { FetchMessageObject, ListResponse, MailboxObject } from 'imapflow';
import { canonicalFlags } from '../core/mailbox/flags.js';
import { type ListedMessage, NOT_ASKED } from '../core/mailbox/listing.js';
import { labelsOf } from './labels.js';
import { wireNameOf } from './names.js';
import type { ListedMailbox } from './reader.js';

export function listedOf(mailbox: ListResponse): ListedMailbox {
  const status = mailbox.status;
  return {
    wireName: wireNameOf(mailbox.pathAsListed),
    delimiter: mailbox.delimiter ?? null,
    attributes: [
      ...mailbox.flags,
      ...(mailbox.specialUseSource === 'extension' && mailbox.specialUse ? [mailbox.specialUse] : []),
    ],
    // imapflow leaves it out for what LSUB does not list.
    subscribed: mailbox.subscribed === true,
    status:
      status === undefined
        ? null
        : {
            messages: status.messages ?? null,
            uidNext: status.uidNext ?? null,
            uidValidity: status.uidValidity?.toString() ?? null,
            highestModseq: modseqText(status.highestModseq),
          },
  };
}

type FlagsAndDetails = Partial<
  Pick<FetchMessageObject, 'flags' | 'size' | 'internalDate' | 'emailId' | 'labels'>
> & {
  uid: number;
};

export function rowOf(message: FlagsAndDetails, details: boolean, utf8: boolean): ListedMessage {
  const date = message.internalDate;
  return {
    uid: message.uid,
    flags: canonicalFlags(message.flags ?? []),
    size: details ? (message.size ?? NOT_ASKED) : NOT_ASKED,
    receivedAt:
      date instanceof Date && !Number.isNaN(date.getTime()) ? Math.floor(date.getTime() / 1000) : null,
    emailId: message.emailId ?? null,
    labels: message.labels === undefined ? null : spelledLabels(message.labels, utf8),
  };
}

/** A label is a mailbox's name. */
export function spelledLabels(labels: Iterable<string>, utf8: boolean): string {
  return labelsOf([...labels].map(wireNameOf), utf8);
}

/** imapflow says so only where the server did not honour QRESYNC. */
export function isResynced(mailbox: MailboxObject): boolean {
  return !('qresync' in mailbox) || (mailbox as { qresync?: boolean }).qresync !== false;
}

/** RFC 8474 section 4: what breaks the grammar is no identity. imapflow says false for an empty one. */
export function objectId(id: unknown): string | null {
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,255}$/.test(id) ? id : null;
}

export function modseqText(modseq: bigint | undefined): string | null {
  return modseq === undefined || modseq === 0n ? null : modseq.toString();
}

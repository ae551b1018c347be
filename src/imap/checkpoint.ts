/**
 * The cursor of one mailbox: UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ and the message count of the last whole
 * observation. Text to everyone else.
 */
import type { MailboxStatus } from './reader.js';

export interface Checkpoint {
  /** Decimal UIDVALIDITY. */
  readonly uidValidity: string;
  readonly uidNext: number;
  /** Decimal HIGHESTMODSEQ; null where the server keeps none for this mailbox. */
  readonly highestModseq: string | null;
  readonly messages: number;
  /** The message with the highest UID that was there; absent where none was, or none told its size and date. */
  readonly last?: LastMessage | undefined;
}

/** What tells whether the same message still has this UID. */
export interface LastMessage {
  readonly uid: number;
  readonly receivedAt: number;
  readonly size: number;
  readonly emailId: string | null;
}

/** Stands for a UIDVALIDITY that is missing or 0: such UIDs mean nothing from one run to the next. */
export const NO_UID_VALIDITY = '0';

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  const { uidValidity, uidNext, highestModseq, messages, last } = checkpoint;
  return JSON.stringify({ uidValidity, uidNext, highestModseq, messages, last });
}

/** null for text that isn't one: the mailbox is then read as if for the first time. */
export function decodeCheckpoint(text: string | null): Checkpoint | null {
  if (text === null) return null;
  try {
    const { uidValidity, uidNext, highestModseq, messages, last } = JSON.parse(text) as Checkpoint;
    return { uidValidity, uidNext, highestModseq, messages, last };
  } catch {
    return null;
  }
}

/** Whether STATUS proves that nothing changed: without a MODSEQ flags may have, unseen. */
export function isUnchanged(checkpoint: Checkpoint | null, status: MailboxStatus | null): boolean {
  return (
    checkpoint !== null &&
    status !== null &&
    checkpoint.highestModseq !== null &&
    status.highestModseq === checkpoint.highestModseq &&
    status.uidValidity === checkpoint.uidValidity &&
    status.uidNext === checkpoint.uidNext &&
    status.messages === checkpoint.messages
  );
}

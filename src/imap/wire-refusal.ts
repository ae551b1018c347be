/** What the wire throws where a mailbox is refused or is not the one that was listed, as an error of that mailbox. */
import { MailboxError } from '../core/errors.js';
import { NO_UID_VALIDITY } from './checkpoint.js';
import { isToldToWait, serverText } from './errors.js';
import type { SelectedMailbox } from './wire/commands/select.js';
import { CommandRefusedError, MailboxNotSelectedError } from './wire/errors.js';

/** Throws MailboxError where the server said NO or BAD. */
export async function refused<T>(answer: Promise<T>, path: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw mailboxRefusal(error, path);
  }
}

/** Anything else passes unchanged, and so does a request to be patient. */
export function mailboxRefusal(error: unknown, path: string): unknown {
  if (error instanceof MailboxNotSelectedError) return mailboxRefusal(error.cause, path);
  if (!(error instanceof CommandRefusedError) || isToldToWait(error)) return error;
  return new MailboxError(`the server does not open or list ${path}: ${serverText(error.message)}`, {
    code: 'refused',
    cause: error,
  });
}

/** For `catch`, where a refusal does no harm. */
export function unlessRefused(error: unknown): void {
  if (!(error instanceof CommandRefusedError)) throw error;
}

export function newUidValidity(path: string): MailboxError {
  return new MailboxError(`${path} got a new UIDVALIDITY during the run`, { code: 'id_space_changed' });
}

export function uidValidityOf(mailbox: SelectedMailbox): string {
  return mailbox.uidValidity?.toString() ?? NO_UID_VALIDITY;
}

/** What a server refuses while imapflow reads, as an error of the mailbox; what ends the connection stays what it is. */
import { MailboxError } from '../core/errors.js';
import { isConnectionLost, isToldToWait, serverText } from './errors.js';
import type { Visit } from './reader.js';

/** The server's words, or null where the error is none of its refusals. */
export function refusalText(error: unknown): string | null {
  if (isConnectionLost(error) || isToldToWait(error) || !(error instanceof Error)) return null;
  const { responseStatus, responseText } = error as { responseStatus?: string; responseText?: string };
  return responseStatus === 'NO' || responseStatus === 'BAD'
    ? serverText(responseText ?? error.message)
    : null;
}

export function refusal(error: unknown, what: string): unknown {
  const text = refusalText(error);
  return text === null ? error : new MailboxError(`${what}: ${text}`, { code: 'refused', cause: error });
}

export function unspellable(visit: Visit): MailboxError {
  return new MailboxError(
    `imapflow can't open a mailbox with the name ${serverText(visit.path)}; engine: wire can`,
    { code: 'not_supported' },
  );
}

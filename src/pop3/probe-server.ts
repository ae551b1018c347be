/** What a server says of itself and of an account after the sign-in, for `doctor`. Changes nothing. */
import { throwIfAborted } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { accountError } from './account-error.js';
import { connect } from './connect.js';
import { lookInto } from './maildrop.js';
import type { Pop3Settings } from './settings.js';

export interface Pop3Facts {
  readonly tier: 'pop3';
  readonly capabilities: readonly string[];
  /** POP3 tells neither. */
  readonly software: null;
  readonly quota: null;
  /** The one there is; `bytes` as LIST says. */
  readonly mailboxes: readonly [
    { readonly path: 'INBOX'; readonly specialUse: null; readonly messages: number; readonly bytes: number },
  ];
}

/** Throws CredentialsError, AccountError, InterruptedError. */
export async function probePop3(settings: Pop3Settings, signal: AbortSignal): Promise<Pop3Facts> {
  const { session, capabilities } = await connect(settings, signal);
  try {
    const { count, messages } = await lookInto(session, capabilities.has('UIDL'));
    const bytes = messages.reduce((sum, { size }) => sum + size, 0);
    await session.command('QUIT', 'QUIT\r\n').catch(() => undefined);
    return {
      tier: 'pop3',
      capabilities: capabilities.names.map(printable),
      software: null,
      quota: null,
      mailboxes: [{ path: 'INBOX', specialUse: null, messages: count, bytes }],
    };
  } catch (error) {
    throwIfAborted(signal);
    throw accountError(error, settings);
  } finally {
    session.destroy();
  }
}

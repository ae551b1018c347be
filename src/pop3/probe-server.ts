/** What a server says of itself and of an account after the sign-in, for `doctor`. Changes nothing. */
import { throwIfAborted } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { connect, connectError, type Door } from './connect.js';
import { accountError } from './errors.js';
import { lookInto } from './maildrop.js';
import type { Pop3Settings } from './settings.js';

export interface Pop3Facts {
  readonly capabilities: readonly string[];
  readonly messages: number;
  /** Octets, as LIST says. */
  readonly bytes: number;
}

/** Throws CredentialsError, AccountError, InterruptedError. */
export async function probePop3(settings: Pop3Settings, signal: AbortSignal): Promise<Pop3Facts> {
  let door: Door;
  try {
    door = await connect(settings, signal);
  } catch (error) {
    throwIfAborted(signal);
    throw connectError(error, settings);
  }
  const { session, capabilities } = door;
  try {
    const { count, messages } = await lookInto(session, capabilities.has('UIDL'));
    const bytes = messages.reduce((sum, { size }) => sum + size, 0);
    await session.command('QUIT', 'QUIT\r\n').catch(() => undefined);
    return { capabilities: capabilities.names.map(printable), messages: count, bytes };
  } catch (error) {
    throwIfAborted(signal);
    throw accountError(error, settings);
  } finally {
    session.destroy();
  }
}

/**
 * What a session begins with behind a sign-in: ID, NAMESPACE and ENABLE in one go with the first commands, and not
 * waited for. The server answers in order, so it costs no round trip of its own.
 */
import type { ImapFlow } from 'imapflow';
import { type Enabled, enableAll } from './enabled.js';
import { isNotConnected } from './sign-in-error.js';
import { list, type Namespace, namespace } from './wire/commands/list.js';
import { id } from './wire/commands/session-commands.js';
import { CommandRefusedError } from './wire/errors.js';
import type { WireSession } from './wire/session.js';

/** Who reads the mail; imapflow's sign-in says the same. */
export const CLIENT_ID = { name: 'mailkeep', vendor: 'mailkeep' };

export const NO_NAMESPACE: Namespace = { prefix: '', delimiter: null };

export interface Opening {
  readonly enabled: Enabled;
  readonly personal: Namespace;
}

/** Throws what ends the session, and CommandRefusedError where the user is let in without a mailbox. */
export async function openSession(
  session: WireSession,
  client: ImapFlow,
  signal: AbortSignal,
): Promise<Opening> {
  const capabilities = new Set(client.capabilities.keys());
  // imapflow's whole sign-in has done both.
  const known = client.namespace;
  if (!known && capabilities.has('ID')) id(session, CLIENT_ID, { signal }).catch(() => undefined);
  const [personal, enabled] = await Promise.all([
    known
      ? { prefix: known.prefix, delimiter: known.delimiter ?? null }
      : personalNamespace(session, capabilities, signal),
    enableAll(session, capabilities, signal),
  ]);
  return { enabled, personal };
}

async function personalNamespace(
  session: WireSession,
  capabilities: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Namespace> {
  try {
    if (capabilities.has('NAMESPACE')) {
      const { personal } = await namespace(session, { signal });
      return closed(personal[0] ?? NO_NAMESPACE);
    }
    // Before RFC 2342 this was how to learn where names begin (RFC 3501 section 6.3.8).
    const { mailboxes } = await list(session, '', { signal });
    const { name = '', delimiter = null } = mailboxes[0] ?? {};
    return closed({
      prefix: delimiter !== null && name.startsWith(delimiter) ? name.slice(1) : name,
      delimiter,
    });
  } catch (error) {
    if (!(error instanceof CommandRefusedError) || isNotConnected(error)) throw error;
    return NO_NAMESPACE;
  }
}

/** Names below a prefix are made by writing them behind it. */
function closed({ prefix, delimiter }: Namespace): Namespace {
  const isClosed = prefix === '' || delimiter === null || prefix.endsWith(delimiter);
  return { prefix: isClosed ? prefix : prefix + delimiter, delimiter };
}

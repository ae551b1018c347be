/**
 * Opens the door: TCP, TLS or STARTTLS (never downgraded), sign-in, ID, NAMESPACE, ENABLE, all by
 * imapflow. What comes back is signed in and idle.
 */
import type { SecureContext } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { InterruptedError } from '../core/errors.js';
import { type Enabled, enabledBy } from './enabled.js';
import { connectError } from './errors.js';
import { secureContext } from './secure-context.js';
import type { ImapSettings } from './settings.js';

export interface Door {
  readonly client: ImapFlow;
  /** null where that is left to the wire, which does it without a round trip of its own. */
  readonly enabled: Enabled | null;
}

/** Throws CredentialsError, AccountError or InterruptedError. */
export async function connect(
  settings: ImapSettings,
  signal: AbortSignal,
  options: { readonly enable: boolean } = { enable: true },
): Promise<Door> {
  const pass = await settings.password(signal);
  if (signal.aborted) throw new InterruptedError();
  const client = new ImapFlow({
    host: settings.host,
    port: settings.port,
    secure: settings.tls === 'implicit',
    doSTARTTLS: settings.tls === 'starttls',
    ...(settings.tls === 'none' ? {} : { tls: { secureContext: contextOf(settings) } }),
    auth: { user: settings.user, pass },
    clientInfo: { name: 'mailkeep', vendor: 'mailkeep' },
    logger: false,
    disableAutoEnable: !options.enable,
    qresync: true,
    disableAutoIdle: true,
    // Strato and some Exchange tenants answer searches wrongly once IMAP4rev2 is on.
    disableIMAP4rev2: true,
    disableBinary: true,
    disableCompression: !settings.compress,
    connectionTimeout: settings.connectTimeout,
    greetingTimeout: settings.connectTimeout,
    socketTimeout: settings.silenceTimeout,
  });
  // Without a listener a socket error in a quiet moment would end the process.
  client.on('error', () => undefined);
  const abort = () => client.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
  } catch (error) {
    client.close();
    throw signal.aborted ? new InterruptedError() : connectError(error, settings);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return { client, enabled: options.enable ? enabledBy(client) : null };
}

function contextOf(settings: ImapSettings): SecureContext {
  try {
    return secureContext(settings.ca);
  } catch (error) {
    throw connectError(error, settings);
  }
}

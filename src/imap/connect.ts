/**
 * Opens the door: TCP, proxy, TLS or STARTTLS (never downgraded) and sign-in, by imapflow; ID, NAMESPACE and ENABLE
 * too, unless the wire is to take over. What comes back is signed in and idle. imapflow gets the secret through a
 * getter, which hands it out only over a connection that may have it: nothing before the sign-in is secret.
 */
import { TLSSocket } from 'node:tls';
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { AccountError, CredentialsError, InterruptedError, MailkeepError } from '../core/errors.js';
import { type CertificateFacts, certificateFacts } from '../net/certificate.js';
import { isNetease } from '../net/hosts.js';
import { RefusedToken, withFreshToken } from '../net/refused-token.js';
import { isCertificateCode } from '../net/tls-error.js';
import { assertPinned, tlsOptions } from '../net/tls-trust.js';
import { secretEraser } from '../net/without-secret.js';
import { shortenSignIn } from './brief-sign-in.js';
import { connectError } from './errors.js';
import { assertNotUnsafe, identify } from './netease.js';
import { CLIENT_ID } from './session-opening.js';
import type { ImapSettings } from './settings.js';
import { signInError } from './sign-in-error.js';

export interface ConnectOptions {
  /** What else there is to say is left to the wire (session-opening), which needs no round trip for it. */
  readonly forWire: boolean;
}

/** Throws CredentialsError, ConfigError, AccountError or InterruptedError. */
export function connect(
  settings: ImapSettings,
  signal: AbortSignal,
  options: ConnectOptions = { forWire: false },
): Promise<ImapFlow> {
  return withFreshToken((refused) => knock(settings, signal, options, refused));
}

async function knock(
  settings: ImapSettings,
  signal: AbortSignal,
  options: ConnectOptions,
  refused: string | null,
): Promise<ImapFlow> {
  const secret = await settings.login.ask(signal, refused);
  if (signal.aborted) throw new InterruptedError();
  const auth = {
    user: settings.user,
    get accessToken() {
      return settings.login.kind === 'token' ? safely(secret) : undefined;
    },
    get pass() {
      return settings.login.kind === 'password' ? safely(secret) : undefined;
    },
  };
  const client: ImapFlow = newClient(settings, auth, { disableAutoEnable: options.forWire });
  if (options.forWire && mayBeBrief(settings)) shortenSignIn(client);
  const safely = (text: string) => {
    assertSafe(client, settings);
    return text;
  };
  try {
    await connecting(client, signal);
    // A server that greets with PREAUTH was never asked for, and never asked.
    assertSafe(client, settings);
    await identify(client, settings.host);
    await assertNotUnsafe(client, settings);
  } catch (error) {
    client.close();
    const reason = await explained(withoutSecret(error, secret, settings.user), client, settings, signal);
    throw reason instanceof CredentialsError && settings.login.kind === 'token'
      ? new RefusedToken(reason, secret)
      : reason;
  }
  const facts = factsOf(client);
  if (facts !== null) settings.onCertificate?.(facts);
  return client;
}

/** Exchange takes a token and says to NAMESPACE that it is of no use; NetEase has to be told who we are at once. */
function mayBeBrief({ login, host }: ImapSettings): boolean {
  return login.kind === 'password' && !isNetease(host);
}

function newClient(
  settings: ImapSettings,
  auth: NonNullable<ImapFlowOptions['auth']>,
  more: Partial<ImapFlowOptions>,
): ImapFlow {
  const client = new ImapFlow({
    host: settings.host,
    port: settings.port,
    secure: settings.tls === 'implicit',
    doSTARTTLS: settings.tls === 'starttls',
    ...(settings.tls === 'none' ? {} : { tls: tlsOptions(settings.trust, settings.host) }),
    ...(settings.proxy === null ? {} : { proxy: settings.proxy.reveal() }),
    auth,
    // imapflow would give its own place for support.
    clientInfo: { ...CLIENT_ID, 'support-url': '' },
    logger: false,
    qresync: true,
    disableAutoIdle: true,
    // Strato and some Exchange tenants answer searches wrongly once IMAP4rev2 is on.
    disableIMAP4rev2: true,
    disableBinary: true,
    disableCompression: !settings.compress,
    connectionTimeout: settings.connectTimeout,
    greetingTimeout: settings.connectTimeout,
    socketTimeout: settings.silenceTimeout,
    ...more,
  });
  // Without a listener a socket error in a quiet moment would end the process.
  client.on('error', () => undefined);
  return client;
}

async function connecting(client: ImapFlow, signal: AbortSignal): Promise<void> {
  const abort = () => client.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Throws where the connection is not what the config asks for; imapflow keeps its socket to itself. */
function assertSafe(client: ImapFlow, settings: ImapSettings): void {
  if (settings.tls === 'none') return;
  const socket: unknown = Reflect.get(client, 'socket');
  if (!(socket instanceof TLSSocket)) {
    throw new AccountError(
      `${settings.account}: ${settings.host}:${settings.port} would go on without STARTTLS`,
      {
        code: 'tls',
        hint: 'somebody may be in between; mailkeep never goes on without encryption',
      },
    );
  }
  assertPinned(socket, settings.trust, settings);
}

function factsOf(client: ImapFlow): CertificateFacts | null {
  const socket: unknown = Reflect.get(client, 'socket');
  return socket instanceof TLSSocket ? certificateFacts(socket) : null;
}

/** Some servers quote what they were sent, and their words go to logs. */
function withoutSecret(error: unknown, secret: string, user: string): unknown {
  if (!(error instanceof Error) || error instanceof MailkeepError) return error;
  const clean = secretEraser([secret, `\0${user}\0${secret}`]);
  for (const name of ['message', 'responseText', 'reason', 'response', 'oauthError']) {
    const value: unknown = Reflect.get(error, name);
    if (typeof value === 'string') Reflect.set(error, name, clean(value));
    else if (name === 'oauthError' && typeof value === 'object' && value !== null)
      Reflect.set(error, name, JSON.parse(clean(JSON.stringify(value))));
  }
  return error;
}

async function explained(
  error: unknown,
  client: ImapFlow,
  settings: ImapSettings,
  signal: AbortSignal,
): Promise<unknown> {
  if (signal.aborted) return new InterruptedError();
  if (error instanceof MailkeepError) return error;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && isCertificateCode(code)) {
    return connectError(error, settings, await lookAtCertificate(settings, signal));
  }
  const asNetwork = connectError(error, settings);
  // A server that asks to come later has refused no credential, whatever else it says.
  if (asNetwork.code === 'throttled') return asNetwork;
  return signInError(error, client.capabilities, settings) ?? asNetwork;
}

/** Connects once more to read the certificate that was refused, and goes no further than the handshake. */
async function lookAtCertificate(
  settings: ImapSettings,
  signal: AbortSignal,
): Promise<CertificateFacts | null> {
  let facts: CertificateFacts | null = null;
  const seen = (): never => {
    facts = factsOf(client);
    throw new Error('seen enough');
  };
  const auth = {
    user: settings.user,
    get accessToken() {
      return seen();
    },
  };
  const tls = { ...tlsOptions(settings.trust, settings.host), rejectUnauthorized: false };
  const client: ImapFlow = newClient(settings, auth, { tls });
  await connecting(client, signal).catch(() => undefined);
  client.close();
  return facts;
}

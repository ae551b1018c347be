/**
 * Opens the door: TCP, proxy, TLS or STLS (never downgraded), sign-in. Before TLS nothing of the user is sent, and
 * nothing that came before it is believed.
 */
import type { Socket } from 'node:net';
import { CredentialsError, InterruptedError } from '../core/errors.js';
import { dial } from '../net/dial.js';
import { RefusedToken, withFreshToken } from '../net/refused-token.js';
import { secured } from '../net/secured.js';
import { accountError } from './account-error.js';
import { askCapabilities, type Capabilities } from './capabilities.js';
import { NoStlsError, RefusedError } from './errors.js';
import { assertRecentMode, isGmail } from './gmail.js';
import { Session } from './session.js';
import type { Pop3Settings } from './settings.js';
import { signIn } from './sign-in.js';

export interface Door {
  readonly session: Session;
  readonly capabilities: Capabilities;
  /** Whether a message that is listed no more may be there all the same. */
  readonly hidesMail: boolean;
}

/** Throws CredentialsError, ConfigError, AccountError or InterruptedError; what the server said is the cause. */
export function connect(settings: Pop3Settings, signal: AbortSignal): Promise<Door> {
  return withFreshToken((refused) => knock(settings, signal, refused));
}

async function knock(settings: Pop3Settings, signal: AbortSignal, refused: string | null): Promise<Door> {
  const secret = await settings.login.ask(signal, refused);
  if (signal.aborted) throw new InterruptedError();
  let socket: Socket | null = null;
  let session: Session | null = null;
  /** Seconds, as told before the sign-in. */
  let loginDelay: number | null = null;
  try {
    socket = await dial(settings, signal);
    if (settings.tls === 'implicit') socket = await encrypted(socket, settings, signal);
    session = sessionOn(socket, settings, signal);
    const greeting = await session.greeting();
    if (settings.tls === 'starttls') {
      socket = await startTls(session, settings, signal);
      session = sessionOn(socket, settings, signal);
    }
    const before = await askCapabilities(session);
    loginDelay = before.loginDelay;
    const hidesMail = isGmail(settings, before);
    if (hidesMail) assertRecentMode(settings);
    // RFC 6856: without it the server may send another form of messages with UTF-8 in their header.
    if (before.has('UTF8')) await unlessRefused(session.command('UTF8', 'UTF8\r\n'));
    await signIn(session, { capabilities: before, greeting, settings, secret });
    // RFC 2449 section 5: some may only be told now. Where nothing is missing, that would be a round trip for nothing.
    const isWhole = before.has('UIDL') && before.has('PIPELINING');
    const capabilities = before.told && !isWhole ? await askCapabilities(session) : before;
    session.pipelining = capabilities.has('PIPELINING');
    return { session, capabilities, hidesMail };
  } catch (error) {
    session?.destroy();
    socket?.destroy();
    if (signal.aborted) throw new InterruptedError();
    const reason = accountError(error, settings, loginDelay);
    throw reason instanceof CredentialsError && settings.login.kind === 'token'
      ? new RefusedToken(reason, secret)
      : reason;
  }
}

async function startTls(plain: Session, settings: Pop3Settings, signal: AbortSignal): Promise<Socket> {
  const before = await askCapabilities(plain);
  if (!before.has('STLS')) throw new NoStlsError(before.told ? 'CAPA lacks STLS' : 'it has no CAPA');
  try {
    await plain.command('STLS', 'STLS\r\n');
  } catch (error) {
    if (error instanceof RefusedError) throw new NoStlsError(error.message);
    throw error;
  }
  // Throws if something was sent along with the answer: it would count as said under TLS.
  return await encrypted(plain.detach(), settings, signal);
}

function encrypted(socket: Socket, settings: Pop3Settings, signal: AbortSignal): Promise<Socket> {
  return secured(socket, settings, { timeout: settings.connectTimeout, signal });
}

function sessionOn(socket: Socket, { silenceTimeout }: Pop3Settings, signal: AbortSignal): Session {
  return new Session(socket, { silenceTimeout, signal });
}

async function unlessRefused(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
}

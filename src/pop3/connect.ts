/**
 * Opens the door: TCP, TLS or STLS (never downgraded), sign-in. Before TLS nothing of the user is sent, and
 * nothing that came before it is believed.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates, type TLSSocket } from 'node:tls';
import { InterruptedError } from '../core/errors.js';
import { askCapabilities, type Capabilities } from './capabilities.js';
import { accountError, ConnectionLostError, NoStlsError, RefusedError, SilenceError } from './errors.js';
import { Session } from './session.js';
import type { Pop3Settings } from './settings.js';
import { signIn } from './sign-in.js';

export interface Door {
  readonly session: Session;
  readonly capabilities: Capabilities;
}

/** Throws what the network, the server or the credential's source says; see `accountError`. */
export async function connect(settings: Pop3Settings, signal: AbortSignal): Promise<Door> {
  const password = await settings.password(signal);
  if (signal.aborted) throw new InterruptedError();
  const options = { silenceTimeout: settings.silenceTimeout, signal };
  const socket = await opened(
    settings.tls === 'implicit' ? tlsTo(settings) : connectTcp({ host: settings.host, port: settings.port }),
    settings.tls === 'implicit' ? 'secureConnect' : 'connect',
    settings,
    signal,
  );
  let session = new Session(socket, options);
  let loginDelay: number | null = null;
  try {
    const greeting = await session.greeting();
    if (settings.tls === 'starttls') session = await startTls(session, settings, signal);
    let capabilities = await askCapabilities(session);
    loginDelay = capabilities.loginDelay;
    // RFC 6856: without it the server may send another form of messages with UTF-8 in their header.
    if (capabilities.has('UTF8')) await unlessRefused(session.command('UTF8', 'UTF8\r\n'));
    await signIn(session, {
      capabilities,
      greeting,
      secure: settings.tls !== 'none',
      user: settings.user,
      password,
    });
    // RFC 2449 section 5: some are only told now.
    if (capabilities.told) capabilities = await askCapabilities(session);
    session.pipelining = capabilities.has('PIPELINING');
    return { session, capabilities: { ...capabilities, loginDelay: capabilities.loginDelay ?? loginDelay } };
  } catch (error) {
    session.destroy();
    if (error instanceof RefusedError) throw new SignInRefusedError(error, loginDelay);
    throw error;
  }
}

/** Keeps what is known of the server's wishes beside its refusal. */
export class SignInRefusedError extends Error {
  readonly refusal: RefusedError;
  readonly loginDelay: number | null;

  constructor(refusal: RefusedError, loginDelay: number | null) {
    super(refusal.message, { cause: refusal });
    this.refusal = refusal;
    this.loginDelay = loginDelay;
  }
}

/** As `accountError`, for whatever `connect` throws. */
export function connectError(error: unknown, settings: Pop3Settings): Error {
  if (error instanceof SignInRefusedError) return accountError(error.refusal, settings, error.loginDelay);
  return accountError(error, settings);
}

async function startTls(plain: Session, settings: Pop3Settings, signal: AbortSignal): Promise<Session> {
  const before = await askCapabilities(plain);
  if (!before.has('STLS')) throw new NoStlsError(before.told ? 'CAPA lacks STLS' : 'it has no CAPA');
  try {
    await plain.command('STLS', 'STLS\r\n');
  } catch (error) {
    if (error instanceof RefusedError) throw new NoStlsError(error.message);
    throw error;
  }
  // Throws if something was sent along with the answer: it would count as said under TLS.
  const socket = await opened(tlsTo(settings, plain.detach()), 'secureConnect', settings, signal);
  return new Session(socket, { silenceTimeout: settings.silenceTimeout, signal });
}

function tlsTo(settings: Pop3Settings, socket?: Socket): TLSSocket {
  return connectTls({
    ...(socket === undefined ? { host: settings.host, port: settings.port } : { socket }),
    host: settings.host,
    // RFC 6066: an address is no server name.
    ...(isIP(settings.host) === 0 ? { servername: settings.host } : {}),
    minVersion: 'TLSv1.2',
    ...(settings.ca === null ? {} : { ca: [...rootCertificates, settings.ca] }),
  });
}

function opened<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  settings: Pop3Settings,
  signal: AbortSignal,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const finish = (error: Error | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('error', finish);
      socket.off('close', hungUp);
      socket.off(event, ready);
      if (error === null) return resolve(socket);
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const abort = () => finish(new InterruptedError());
    const hungUp = () => finish(new ConnectionLostError('the server hung up'));
    const ready = () => {
      socket.setNoDelay(true);
      finish(null);
    };
    const timer = setTimeout(
      () => finish(new SilenceError('the connection timed out')),
      settings.connectTimeout,
    );
    socket.once('error', finish);
    socket.once('close', hungUp);
    socket.once(event, ready);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

async function unlessRefused(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
}

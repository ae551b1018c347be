/**
 * The way to a server step by step, for whoever looks for the step that fails: the name, the connection, the
 * encryption. Nothing secret is sent: the certificate is only looked at, whether it is to be trusted is for
 * the sign-in to say.
 */
import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { connect as openTls } from 'node:tls';
import { AccountError, describeError, MailkeepError, throwIfAborted } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { type CertificateFacts, certificateFacts } from './certificate.js';
import { dial } from './dial.js';
import { codeOf, networkError } from './network-error.js';
import { opening } from './opening.js';
import type { ServerPlace, ServerSettings } from './server-settings.js';
import type { MailProtocol } from './sign-in-hint.js';
import { isTlsCode, tlsError } from './tls-error.js';
import { tlsOptions } from './tls-trust.js';

export interface Handshake {
  readonly protocol: string;
  readonly cipher: string;
  readonly certificate: CertificateFacts | null;
}

/** The addresses of the host. Throws AccountError. */
export async function lookUp(settings: ServerSettings): Promise<string[]> {
  try {
    return (await lookup(settings.host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw explained(error, settings);
  }
}

/** How many milliseconds a connection takes; it is closed again. Throws AccountError, InterruptedError. */
export async function knock(settings: ServerSettings, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const socket = await dial(settings, signal).catch((error: unknown) => {
    throwIfAborted(signal);
    throw explained(error, settings);
  });
  socket.destroy();
  return performance.now() - startedAt;
}

/** Throws AccountError, InterruptedError. Not for `tls: none`. */
export async function shakeHands(
  settings: ServerSettings,
  protocol: MailProtocol,
  signal: AbortSignal,
): Promise<Handshake> {
  const bounds = { timeout: settings.connectTimeout, signal };
  let socket: Socket | null = null;
  try {
    socket = await dial(settings, signal);
    if (settings.tls === 'starttls') await startTls(socket, protocol, bounds);
    const options = { ...tlsOptions(settings.trust, settings.host), rejectUnauthorized: false };
    const secure = await opening(openTls({ socket, ...options }), 'secureConnect', bounds);
    return {
      protocol: secure.getProtocol() ?? 'unknown',
      cipher: secure.getCipher().name,
      certificate: certificateFacts(secure),
    };
  } catch (error) {
    throwIfAborted(signal);
    throw explained(error, settings);
  } finally {
    socket?.destroy();
  }
}

/** How each protocol goes over to TLS: RFC 9051 section 6.2.1, RFC 2595 section 4. */
const DIALOGUES = {
  IMAP: { greeting: /^\* /, command: 't1 STARTTLS\r\n', answer: /^t1 /i, consent: /^t1 OK\b/i },
  POP3: { greeting: /^\+OK\b/i, command: 'STLS\r\n', answer: /^(\+OK|-ERR)/i, consent: /^\+OK\b/i },
} as const;

/** The answer is bounded; what follows it unasked is dropped by the handshake that fails. */
async function startTls(
  socket: Socket,
  protocol: MailProtocol,
  bounds: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<void> {
  const { greeting, command, answer, consent } = DIALOGUES[protocol];
  const hear = (isIt: RegExp) => lineThat(socket, isIt, protocol, bounds);
  await hear(greeting);
  socket.write(command);
  if (!consent.test(await hear(answer))) throw new Error(`the server refuses ${command.trim()}`);
}

const LONGEST_ANSWER = 16_384;

async function lineThat(
  socket: Socket,
  isIt: RegExp,
  protocol: MailProtocol,
  bounds: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<string> {
  let text = '';
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      await opening(socket, 'readable', bounds);
      if (socket.readableLength === 0) throw Object.assign(new Error('hung up'), { code: 'ECONNRESET' });
      continue;
    }
    text += chunk.toString('latin1');
    const found = text
      .split('\r\n')
      .slice(0, -1)
      .find((line) => isIt.test(line));
    if (found !== undefined) return found;
    if (text.length > LONGEST_ANSWER) throw new Error(`the server does not speak ${protocol}`);
  }
}

function explained(error: unknown, place: ServerPlace): MailkeepError {
  if (error instanceof MailkeepError) return error;
  if (isTlsCode(codeOf(error))) return tlsError(error, place, null);
  const said = printable(describeError(error)).slice(0, 300);
  return (
    networkError(error, place) ??
    new AccountError(`${place.account}: ${place.host}:${place.port} broke off: ${said}`, {
      code: 'unreachable',
      hint: 'nothing was changed; the next run tries again',
      cause: error,
    })
  );
}

/**
 * What imapflow and the network throw, as errors by reach: who is affected, what is safe, what to do.
 * Texts of the server are quoted, bounded and stripped of control characters; credentials never appear.
 */
import { AccountError, describeError, MailboxError, MailkeepError } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import type { CertificateFacts } from '../net/certificate.js';
import { isNetworkCode, networkError, noWayThrough, unreachable } from '../net/network-error.js';
import { isTlsCode, tlsError } from '../net/tls-error.js';
import { describePause, toldPause } from './patience.js';
import type { ImapSettings } from './settings.js';
import {
  CommandRefusedError,
  ConnectionLostError,
  ProtocolViolationError,
  TimeoutError,
  WireError,
} from './wire/errors.js';

/** The fields imapflow puts on its errors. */
interface ImapFlowFailure {
  readonly code?: string;
  readonly responseText?: string;
  readonly responseStatus?: string;
  readonly serverResponseCode?: string;
  readonly reason?: string;
  readonly message?: string;
  /** What a proxy, or the way to it, said. */
  readonly _err?: unknown;
  /** The parsed tagged answer; its code is all that tells of one where imapflow doesn't name it. */
  readonly response?: { readonly attributes?: readonly ImapFlowToken[] };
}

interface ImapFlowToken {
  readonly section?: readonly { readonly value?: unknown }[];
}

/** imapflow's own codes. */
const UNREACHABLE = new Map([
  ['ETIMEOUT', 'the server fell silent'],
  ['CONNECT_TIMEOUT', 'the connection timed out'],
  ['GREETING_TIMEOUT', 'the server sent no greeting'],
  ['UPGRADE_TIMEOUT', 'the server did not finish STARTTLS'],
  ['NoConnection', 'the connection was lost'],
  ['EConnectionClosed', 'the connection was closed'],
  ['ClosedAfterConnectText', 'the server hung up'],
  ['ClosedAfterConnectTLS', 'the server hung up'],
]);

/** Server texts that mean "later" although they come as NO, BAD or BYE. */
const THROTTLED = /\b(throttl|too many|rate limit|try again later|temporar|over ?quota bandwidth|bandwidth)/i;
const THROTTLE_CODES = new Set(['UNAVAILABLE', 'LIMIT', 'THROTTLED', 'INUSE', 'SERVERBUG']);
/**
 * The same in the middle of a session, where Yahoo's [UNAVAILABLE] is about one message, others lock a mailbox, and
 * "Too many user flags in mailbox" (Cyrus) won't be better later.
 */
const SLOW_DOWN =
  /\b(throttl|too many(?! (?:[\w-]+ ){0,2}(?:flags|keywords|headers?|lines|parts|attachments|recipients)\b)|rate limit|back-?off|bandwidth)/i;
const SLOW_DOWN_CODES = new Set(['LIMIT', 'THROTTLED']);

/** Whether the server's own words ask to go slower. */
export function saysSlowDown(text: string): boolean {
  return SLOW_DOWN.test(text);
}

/** Whether a refused command means that the account is to wait, not that a message or mailbox can't be read. */
export function isToldToWait(error: unknown): boolean {
  if (error instanceof CommandRefusedError)
    return SLOW_DOWN_CODES.has(error.code ?? '') || SLOW_DOWN.test(error.text);
  if (!(error instanceof Error) || error instanceof WireError || error instanceof MailkeepError) return false;
  const failure = error as ImapFlowFailure;
  if (failure.code === 'ETHROTTLE') return true;
  if (failure.responseStatus !== 'NO' && failure.responseStatus !== 'BAD') return false;
  const code = failure.serverResponseCode ?? answeredCode(error);
  return (
    (typeof code === 'string' && SLOW_DOWN_CODES.has(code.toUpperCase())) ||
    SLOW_DOWN.test(failure.responseText ?? '')
  );
}

/** The response code of the answer that an imapflow error carries, such as UNAVAILABLE, as the server spelled it. */
export function answeredCode(error: Error): string | undefined {
  const value = (error as ImapFlowFailure).response?.attributes?.[0]?.section?.[0]?.value;
  return typeof value === 'string' ? value : undefined;
}

/** An error while connecting and signing in; `facts` are of the certificate that was refused. */
export function connectError(
  error: unknown,
  settings: ImapSettings,
  facts: CertificateFacts | null = null,
): MailkeepError {
  if (error instanceof MailkeepError) return error;
  if (error instanceof WireError) return sessionError(error, settings);
  const failure = (error ?? {}) as ImapFlowFailure;
  const where = `${settings.host}:${settings.port}`;
  const said = quote(failure.responseText ?? failure.reason);
  const code = failure.code ?? '';
  if (
    isToldToWait(error) ||
    THROTTLE_CODES.has(failure.serverResponseCode ?? '') ||
    (said !== '' && THROTTLED.test(said))
  ) {
    return new AccountError(`${settings.account}: ${where} asks to come back later${said}`, {
      code: 'throttled',
      hint: comeBack(error),
      cause: error,
      retryAfterMs: toldPause(error) ?? undefined,
    });
  }
  if (isTlsCode(code)) return tlsError(error, settings, facts);
  if (settings.proxy !== null && failure._err !== undefined) return noWayThrough(failure._err, settings);
  const byNetwork = networkError(error, settings, said);
  if (byNetwork !== null) return byNetwork;
  const known = UNREACHABLE.get(code);
  if (known !== undefined) {
    const isLostGreeting =
      code === 'GREETING_TIMEOUT' && settings.proxy !== null && settings.tls !== 'implicit';
    return unreachable(
      `${known}${said}`,
      settings,
      error,
      isLostGreeting
        ? 'through a SOCKS proxy a greeting that comes at once can get lost: use tls: implicit, or an http:// proxy'
        : undefined,
    );
  }
  if (/STARTTLS/i.test(failure.message ?? '') || code === 'STARTTLS_INJECTION') {
    return new AccountError(
      `${settings.account}: ${where} does not offer STARTTLS safely (${serverText(failure.message ?? code)})`,
      {
        code: 'tls',
        hint: 'use tls: implicit (port 993) if the server has it; mailkeep never goes on without encryption',
        cause: error,
      },
    );
  }
  return new AccountError(
    `${settings.account}: ${where} broke off: ${serverText(failure.message ?? String(error))}${said}`,
    {
      code: 'unreachable',
      hint: 'nothing was changed; the next run tries again',
      cause: error,
    },
  );
}

/** What ended a session after the sign-in. */
function sessionError(error: WireError, settings: ImapSettings): MailkeepError {
  const where = `${settings.host}:${settings.port}`;
  if (error.cause instanceof MailkeepError) return error.cause;
  if (error instanceof ProtocolViolationError) {
    return new AccountError(
      `${settings.account}: ${where} sent an answer that is not IMAP: ${serverText(error.message)}`,
      {
        code: 'protocol',
        hint: 'nothing doubtful was stored; the next run tries again, and engine: imapflow reads more leniently',
        cause: error,
      },
    );
  }
  const text = serverText(error.message);
  const throttled =
    (error instanceof ConnectionLostError && THROTTLED.test(error.bye ?? '')) ||
    (error instanceof CommandRefusedError &&
      (isToldToWait(error) || THROTTLE_CODES.has(error.code ?? '') || THROTTLED.test(error.text)));
  return new AccountError(
    `${settings.account}: ${error instanceof TimeoutError ? `${where} fell silent (${text})` : `${where}: ${text}`}`,
    {
      code: throttled ? 'throttled' : error instanceof CommandRefusedError ? 'refused' : 'unreachable',
      hint: throttled ? comeBack(error) : 'what was stored is safe; the next run goes on from here',
      cause: error,
      retryAfterMs: throttled ? (toldPause(error) ?? undefined) : undefined,
    },
  );
}

/** A run that ends because the server asks for patience says when the next one promises more. */
function comeBack(error: unknown): string {
  const pause = toldPause(error);
  const when =
    pause === null
      ? 'the server named no time; try again in a quarter of an hour'
      : `the server asks for ${describePause(pause)}; try again then`;
  return `what was stored is safe; ${when}, and the run goes on from here`;
}

/** The connection is of no use any more, but another one may be. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof WireError) return !(error instanceof CommandRefusedError);
  const code = (error as ImapFlowFailure | null)?.code ?? '';
  return isNetworkCode(code) || UNREACHABLE.has(code);
}

/** A mailbox that breaks every connection on which it is read, and would keep all others from being backed up. */
export function breaksConnection(path: string, error: unknown): MailboxError {
  return new MailboxError(
    `the server breaks the connection over ${path} (${lossText(error)}); what was stored of it is safe, and the next run asks again`,
    { code: 'protocol', cause: error },
  );
}

/** Why a connection was lost; imapflow keeps the server's last words beside its own. */
export function lossText(error: unknown): string {
  const { reason } = error as ImapFlowFailure;
  return serverText(reason === undefined ? describeError(error) : `${describeError(error)}: ${reason}`);
}

/** Text that came from outside, bounded and safe for a terminal and a log. */
export function serverText(text: string): string {
  return printable(text.trim().slice(0, 300));
}

function quote(text: string | undefined): string {
  return text === undefined || text.trim() === '' ? '' : ` ("${serverText(text)}")`;
}

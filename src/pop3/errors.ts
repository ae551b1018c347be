/**
 * What can go wrong on a connection, and what it means for the account: who is affected, what is safe, what to
 * do. Texts of the server are bounded and stripped of control characters; credentials never appear.
 */
import { AccountError, CredentialsError, MailkeepError } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import type { Pop3Settings } from './settings.js';

/** The server said -ERR; the connection goes on. */
export class RefusedError extends Error {
  readonly command: string;
  /** RFC 2449 response code in capitals, such as "IN-USE" or "SYS/TEMP"; null where it gave none. */
  readonly code: string | null;
  /** The server's words without the code, as they came. */
  readonly text: string;

  constructor(command: string, text: string) {
    const match = /^\[([^\]\s]{1,64})[^\]]{0,200}\]\s*/.exec(text);
    super(`${command} refused: ${serverText(text)}`);
    this.command = command;
    this.code = match?.[1]?.toUpperCase() ?? null;
    this.text = match === null ? text : text.slice(match[0].length);
  }
}

/** The connection is of no use any more, but another one may be. */
export class ConnectionLostError extends Error {}

/** The server said nothing for too long. */
export class SilenceError extends ConnectionLostError {}

/** What came is not POP3. */
export class ProtocolError extends ConnectionLostError {}

/** The server has no STLS to offer, or answers it in an unsafe way. */
export class NoStlsError extends Error {}

/** Words that mean "another session holds the mailbox", from servers without response codes. */
const IN_USE =
  /\b(in use|locked?|busy|already (open|connected|logged)|another (session|client|connection))\b/i;
const LATER = /\b(try again|later|temporar|too many|too (often|frequent)|throttl|rate limit|wait \d+)/i;

const TLS_CODES =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO|ERR_OSSL)/;

const UNREACHABLE = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['EHOSTUNREACH', 'the host is out of reach'],
  ['ENETUNREACH', 'the network is out of reach'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['EAI_AGAIN', 'the name could not be looked up'],
]);

/** What ended the account's run. `loginDelay`: seconds, as CAPA announced them. */
export function accountError(
  error: unknown,
  settings: Pop3Settings,
  loginDelay: number | null = null,
): MailkeepError {
  if (error instanceof MailkeepError) return error;
  const { account, host } = settings;
  const where = `${host}:${settings.port}`;
  if (error instanceof RefusedError) return refusal(error, settings, loginDelay);
  if (error instanceof NoStlsError) {
    return new AccountError(`${account}: ${where} does not offer STLS safely (${error.message})`, {
      code: 'tls',
      hint: 'use tls: implicit (port 995) if the server has it; mailkeep never goes on without encryption',
      cause: error,
    });
  }
  if (error instanceof ProtocolError) {
    return new AccountError(`${account}: ${where} sent an answer that is not POP3: ${error.message}`, {
      code: 'protocol',
      hint: 'check host, port and tls in the config; nothing doubtful was stored, the next run tries again',
      cause: error,
    });
  }
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  if (TLS_CODES.test(code)) return tlsError(error, settings, code, message);
  if (code === 'ENOTFOUND') {
    return new AccountError(`${account}: there is no host called ${host}`, {
      code: 'unreachable',
      hint: 'check host in the config and the name service of this machine; nothing was changed',
      cause: error,
    });
  }
  return new AccountError(
    `${account}: cannot go on with ${where}: ${UNREACHABLE.get(code) ?? serverText(message)}`,
    {
      code: 'unreachable',
      hint: 'what was stored is safe; the next run goes on from here',
      cause: error,
    },
  );
}

/** A refusal that concerns the session as a whole, at the sign-in or later. */
function refusal(error: RefusedError, settings: Pop3Settings, loginDelay: number | null): MailkeepError {
  const { account } = settings;
  const where = `${settings.host}:${settings.port}`;
  const said = error.text.trim() === '' ? '' : ` ("${serverText(error.text)}")`;
  if (isInUse(error)) {
    return new AccountError(`${account}: another program is reading this mailbox on ${where}${said}`, {
      code: 'throttled',
      hint: 'a POP3 mailbox takes one reader at a time; nothing was changed, the next run tries again',
      cause: error,
    });
  }
  if (error.code === 'LOGIN-DELAY') {
    return new AccountError(`${account}: ${where} wants more time between two sign-ins${said}`, {
      code: 'throttled',
      hint:
        loginDelay === null
          ? 'nothing was changed; give the account a schedule with longer pauses'
          : `it asks for ${loginDelay} seconds; give the account a schedule with longer pauses`,
      cause: error,
      retryAfterMs: loginDelay === null ? undefined : loginDelay * 1000,
    });
  }
  if (error.code === 'SYS/PERM') {
    return new AccountError(`${account}: ${where} has a lasting problem with this mailbox${said}`, {
      code: 'refused',
      hint: 'nothing was changed; ask whoever runs the server',
      cause: error,
    });
  }
  if (error.code === 'SYS/TEMP' || (error.code !== 'AUTH' && LATER.test(error.text))) {
    return new AccountError(`${account}: ${where} asks to come back later${said}`, {
      code: 'throttled',
      hint: 'nothing was changed; the next run goes on',
      cause: error,
    });
  }
  if (SIGN_IN.has(error.command)) {
    return new CredentialsError(`${account}: ${where} refused the sign-in of ${settings.user}${said}`, {
      hint:
        error.command === 'APOP'
          ? 'check user and password; without TLS the server was given a digest (APOP) and not the password: if it keeps no plain password, use tls: implicit or starttls'
          : 'check user and password; many providers want POP3 to be switched on and an app password',
      cause: error,
    });
  }
  return new AccountError(`${account}: ${where}: ${error.message}`, {
    code: 'refused',
    hint: 'what was stored is safe; the next run tries again',
    cause: error,
  });
}

const SIGN_IN = new Set(['USER', 'PASS', 'APOP', 'AUTH']);

/** Whether another session, perhaps our own that was cut off, still holds the mailbox. */
export function isInUse(error: unknown): boolean {
  if (!(error instanceof RefusedError)) return false;
  return error.code === 'IN-USE' || (error.code === null && IN_USE.test(error.text));
}

function tlsError(error: unknown, settings: Pop3Settings, code: string, message: string): AccountError {
  const selfSigned = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code);
  const isCertificate = selfSigned || /^(CERT_|DEPTH_ZERO|HOSTNAME|ERR_TLS_CERT)/.test(code);
  const what = isCertificate ? 'the TLS certificate is not trusted' : 'TLS could not be agreed on';
  return new AccountError(
    `${settings.account}: ${settings.host}:${settings.port}: ${what}: ${serverText(message)} (${code})`,
    {
      code: 'tls',
      hint: selfSigned
        ? 'if the server has its own authority, name its certificate with tls_ca_file'
        : code === 'ERR_TLS_CERT_ALTNAME_INVALID'
          ? 'the certificate is for another name: check host in the config'
          : 'check port and tls in the config, and the certificate on the server',
      cause: error,
    },
  );
}

/** Text that came from outside, bounded and safe for a terminal and a log. */
export function serverText(text: string): string {
  return printable(text.trim().slice(0, 300));
}

/** What can go wrong on a connection. Texts of the server are bounded and stripped of control characters. */
import { printable } from '../core/text/printable.js';

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

/** The same for an access token. */
export class RefusedTokenError extends RefusedError {
  /** What the server said to the token (RFC 7628 section 3.2.3), parsed from JSON; null where that can't be read. */
  readonly failure: unknown;

  constructor({ command, code, text }: RefusedError, failure: unknown) {
    super(command, code === null ? text : `[${code}] ${text}`);
    this.failure = failure;
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

/** The server offers no way to sign in with what the account has. */
export class NoMechanismError extends Error {}

/** Text that came from outside, bounded and safe for a terminal and a log. */
export function serverText(text: string): string {
  return printable(text.trim().slice(0, 300));
}

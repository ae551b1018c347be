/**
 * `BODY[<section>]<<origin>>` and its value: a literal, which then follows, or a quoted string, or NIL.
 */
import {
  CLOSE_BRACKET,
  GREATER,
  isDigit,
  LESS,
  latin1,
  OPEN_BRACE,
  QUOTE,
  SPACE,
  skipSpaces,
  TILDE,
  ZERO,
} from './bytes.js';
import type { FetchedBody } from './fetch-row.js';
import { skipQuoted, trailingLiteral, unquote, violation } from './values.js';

/**
 * Reads from behind the opening bracket. `after` is where the value ends; for NIL, where it has to be. Throws
 * ProtocolViolationError.
 */
export function parseBody(bytes: Buffer, start: number, end: number): { body: FetchedBody; after: number } {
  let at = bytes.indexOf(CLOSE_BRACKET, start);
  if (at < 0 || at >= end) throw violation('a malformed body section', bytes, start);
  const section = at === start ? '' : latin1(bytes, start, at).toUpperCase();
  at += 1;
  let origin: number | null = null;
  if (bytes[at] === LESS && at < end) {
    const close = bytes.indexOf(GREATER, at);
    origin = decimal(bytes, at + 1, Math.min(close, end));
    if (close < 0 || origin < 0) throw violation('a malformed body origin', bytes, at);
    at = close + 1;
  }
  if (bytes[at] !== SPACE) throw violation('a body section without a value', bytes, at);
  at = skipSpaces(bytes, at, end);
  const byte = at < end ? bytes[at] : -1;
  if (byte === OPEN_BRACE || byte === TILDE) {
    const octets = literalSize(bytes, byte === TILDE ? at + 1 : at, end);
    if (octets < 0) throw violation('a malformed body literal', bytes, at);
    return { body: { kind: 'literal', section, origin, octets }, after: end };
  }
  if (byte === QUOTE) {
    const after = skipQuoted(bytes, at, end);
    if (after < 0) throw violation('an unfinished quoted body', bytes, at);
    return { body: { kind: 'quoted', section, origin, content: unquote(bytes, at, after) }, after };
  }
  return { body: { kind: 'nil', section, origin }, after: at };
}

/** The size in `{n}` that fills [brace, end) and is written without leading zeros; -1 for anything else. */
function literalSize(bytes: Buffer, brace: number, end: number): number {
  const octets = trailingLiteral(bytes, brace, end);
  return bytes[brace] === OPEN_BRACE && end - brace === `${octets}`.length + 2 ? octets : -1;
}

/** The number that fills [start, end), -1 where it is none or beyond 2^53. */
function decimal(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    if (!isDigit(bytes[at])) return -1;
    value = value * 10 + bytes[at]! - ZERO;
  }
  return start < end && value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

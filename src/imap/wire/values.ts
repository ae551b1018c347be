/**
 * Finds the ends of IMAP values in one complete response held in memory, its literals still in place as
 * `{n}CRLF<n bytes>`. Nothing recurses, so nesting costs no stack.
 */
import {
  BACKSLASH,
  CLOSE,
  CLOSE_BRACE,
  CR,
  isDigit,
  LF,
  OPEN,
  OPEN_BRACE,
  QUOTE,
  SPACE,
  snippet,
  ZERO,
} from './bytes.js';
import { ProtocolViolationError } from './errors.js';

const MAX_DEPTH = 100;

/**
 * The position after the value at `at`: a list, quoted string, literal, or anything up to the next space or
 * parenthesis. -1 where the bytes end inside the value.
 */
export function skipValue(bytes: Buffer, at: number, end: number): number {
  let depth = 0;
  let cursor = at;
  while (cursor < end) {
    const byte = bytes[cursor]!;
    if (byte === OPEN) {
      depth += 1;
      if (depth > MAX_DEPTH) throw violation('lists nested too deeply', bytes, cursor);
      cursor += 1;
      continue;
    }
    if (byte === CLOSE || byte === SPACE) {
      if (depth === 0) return cursor === at ? -1 : cursor;
      cursor += 1;
      if (byte === SPACE) continue;
      depth -= 1;
    } else if (byte === QUOTE) cursor = skipQuoted(bytes, cursor, end);
    else if (byte === OPEN_BRACE) {
      const literal = inlineLiteral(bytes, cursor, end);
      if (literal === null) return -1;
      cursor = literal.end;
    } else {
      if (byte < SPACE) throw violation('a control character in a value', bytes, cursor);
      cursor += 1;
      // At depth 0 an atom goes on to its end; inside a list its characters need no grouping.
      if (depth === 0 && !endsAtom(bytes, cursor, end)) continue;
    }
    if (cursor < 0) return -1;
    if (depth === 0) return cursor;
  }
  return -1;
}

/** Where the literal whose `{` is at `at` begins and ends; null where the bytes end before it does. */
export function inlineLiteral(bytes: Buffer, at: number, end: number): { start: number; end: number } | null {
  let cursor = at + 1;
  let octets = 0;
  while (cursor < end && isDigit(bytes[cursor]) && cursor - at <= 10) {
    octets = octets * 10 + bytes[cursor]! - ZERO;
    cursor += 1;
  }
  if (cursor === at + 1 || bytes[cursor] !== CLOSE_BRACE || cursor >= end) {
    throw violation('a malformed literal', bytes, at);
  }
  const start = cursor + 3;
  if (start > end) return null;
  if (bytes[cursor + 1] !== CR || bytes[cursor + 2] !== LF) throw violation('a malformed literal', bytes, at);
  return start + octets > end ? null : { start, end: start + octets };
}

/**
 * The size announced by the `{n}` that ends the bytes, -1 where they don't end in one. `at` of the brace
 * must not lie before `start`.
 */
export function trailingLiteral(bytes: Buffer, start: number, end: number): number {
  if (end - start < 3 || bytes[end - 1] !== CLOSE_BRACE) return -1;
  let cursor = end - 2;
  while (cursor > start && isDigit(bytes[cursor])) cursor -= 1;
  if (bytes[cursor] !== OPEN_BRACE || cursor === end - 2) return -1;
  if (end - 2 - cursor > 15) throw violation('a literal size out of range', bytes, cursor);
  let octets = 0;
  for (let index = cursor + 1; index < end - 1; index += 1) octets = octets * 10 + bytes[index]! - ZERO;
  return octets;
}

/** The position after the quoted string at `at`, -1 where the bytes end inside it. */
export function skipQuoted(bytes: Buffer, at: number, end: number): number {
  for (let cursor = at + 1; cursor < end; cursor += 1) {
    const byte = bytes[cursor]!;
    if (byte === QUOTE) return cursor + 1;
    if (byte === BACKSLASH) cursor += 1;
    else if (byte === CR || byte === LF || byte === 0)
      throw violation('a line break in a quoted string', bytes, cursor);
  }
  return -1;
}

/** The content of the quoted string that fills [start, end), its escapes undone, in a buffer of its own. */
export function unquote(bytes: Buffer, start: number, end: number): Buffer {
  const content = Buffer.allocUnsafe(end - start - 2);
  let length = 0;
  for (let cursor = start + 1; cursor < end - 1; cursor += 1) {
    if (bytes[cursor] === BACKSLASH) cursor += 1;
    content[length] = bytes[cursor]!;
    length += 1;
  }
  return content.subarray(0, length);
}

/** True where an atom that reaches `at` ends there. */
export function endsAtom(bytes: Buffer, at: number, end: number): boolean {
  if (at >= end) return true;
  const byte = bytes[at];
  return byte === SPACE || byte === OPEN || byte === CLOSE || byte === QUOTE;
}

/** The session adds the UID whose row was being read. */
export function violation(what: string, bytes: Buffer, at: number): ProtocolViolationError {
  return new ProtocolViolationError(what, { context: snippet(bytes, at) });
}

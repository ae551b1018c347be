/**
 * The byte values and small number readers that everything else is written in. Nothing here allocates
 * on the path of a flag row.
 */

export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const OPEN = 40;
export const CLOSE = 41;
export const STAR = 42;
export const PLUS = 43;
export const COMMA = 44;
export const ZERO = 48;
const NINE = 57;
export const COLON = 58;
export const LESS = 60;
export const GREATER = 62;
export const OPEN_BRACKET = 91;
export const BACKSLASH = 92;
export const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;
export const TILDE = 126;

/** The largest UID, sequence number and UIDVALIDITY: 32 bits, RFC 9051 section 9 (`nz-number`). */
export const MAX_NUMBER_32 = 0xffff_ffff;

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** The position of the first byte at or after `at` that is no space. Leniency "extra spaces". */
export function skipSpaces(bytes: Buffer, at: number, end: number): number {
  let cursor = at;
  while (cursor < end && bytes[cursor] === SPACE) cursor += 1;
  return cursor;
}

/** True where `bytes` at `at` spell `word` (given in lower case ASCII), whatever the case. */
export function spells(bytes: Buffer, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false;
  for (let index = 0; index < word.length; index += 1) {
    const expected = word.charCodeAt(index);
    const actual = bytes[at + index]!;
    if (actual === expected) continue;
    // Only letters have a second spelling; folding anything else would make `[` match `{`.
    if (expected < 97 || expected > 122 || actual !== expected - 32) return false;
  }
  return true;
}

/**
 * Up to 80 bytes around `at`, printable, for an error message. Never beyond the line: the buffer behind it
 * may hold other mail, or memory that was never written.
 */
export function snippet(bytes: Buffer, at: number): string {
  let start = at;
  while (start > 0 && at - start < 40 && bytes[start - 1] !== LF) start -= 1;
  let end = at;
  while (end < bytes.length && end - at < 40 && bytes[end] !== CR && bytes[end] !== LF) end += 1;
  return printable(bytes.subarray(start, end));
}

/** Bytes as printable ASCII with dots for the rest: text from a server is never trusted with a terminal. */
export function printable(bytes: Buffer, limit = 500): string {
  return bytes.toString('latin1', 0, Math.min(bytes.length, limit)).replace(/[^\x20-\x7e]/g, '.');
}

/** Bytes as a string with one character per byte: nothing is lost, nothing is interpreted. */
export function latin1(bytes: Buffer, start = 0, end: number = bytes.length): string {
  return bytes.toString('latin1', start, end);
}

/**
 * `OK`, `NO`, `BAD`, `BYE`, `PREAUTH` with their response code and text. The text is never interpreted and
 * never holds a literal, whatever it looks like.
 */
import {
  BACKSLASH,
  CLOSE,
  CLOSE_BRACKET,
  latin1,
  OPEN,
  OPEN_BRACKET,
  printable,
  QUOTE,
  SPACE,
  skipSpaces,
  spells,
} from './bytes.js';

export interface StatusResponse {
  readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';
  /** In upper case, null where there is none. */
  readonly code: string | null;
  /** What follows the code's name inside the brackets: raw bytes in latin1. */
  readonly codeArguments: string;
  /** Printable ASCII, at most 500 characters. */
  readonly text: string;
}

const STATUSES = ['OK', 'NO', 'BAD', 'BYE', 'PREAUTH'] as const;

/** Null where [at, end) is some other response. */
export function parseStatusResponse(bytes: Buffer, at: number, end: number): StatusResponse | null {
  const start = skipSpaces(bytes, at, end);
  const status = STATUSES.find((name) => {
    const after = start + name.length;
    return spells(bytes, start, end, name.toLowerCase()) && (after === end || bytes[after] === SPACE);
  });
  if (status === undefined) return null;
  let cursor = skipSpaces(bytes, start + status.length, end);
  let code: string | null = null;
  let codeArguments = '';
  if (cursor < end && bytes[cursor] === OPEN_BRACKET) {
    const close = closingBracket(bytes, cursor + 1, end);
    if (close > 0) {
      const inside = latin1(bytes, cursor + 1, close).trim();
      const space = inside.indexOf(' ');
      code = (space < 0 ? inside : inside.slice(0, space)).toUpperCase();
      codeArguments = space < 0 ? '' : inside.slice(space + 1).trim();
      // Leniency "missing text": Gmail sends `* OK [HIGHESTMODSEQ n]` and nothing more.
      cursor = close + 1;
    }
  }
  const text = printable(bytes.subarray(cursor, end)).trim();
  return { status, code, codeArguments, text };
}

/** The `]` of the response code: not one inside a quoted string, nor one inside a flag such as `a]b`. */
function closingBracket(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (quoted) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) depth -= 1;
    else if (byte === CLOSE_BRACKET && depth <= 0) return at;
  }
  return -1;
}

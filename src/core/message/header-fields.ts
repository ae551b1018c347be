/**
 * The few header fields that identity needs, read from raw octets without decoding: unfolded, bounded,
 * first occurrence. Meaning (charsets, encoded words) is the business of search.
 */

const MAX_FIELD = 2_000;

/** The Message-ID as it stands, white space outside dropped; null if there is none. */
export function messageIdOf(header: Uint8Array): string | null {
  const value = headerField(header, 'message-id');
  if (value === null) return null;
  const trimmed = value.trim();
  return trimmed === '' ? null : trimmed.slice(0, MAX_FIELD);
}

/** First field of that (lower-case) name, unfolded; octets become chars one to one. */
export function headerField(header: Uint8Array, name: string): string | null {
  let at = 0;
  while (at < header.length) {
    const end = lineEnd(header, at);
    if (end === at) return null;
    const value = startsWith(header, at, name) ? valueStart(header, at + name.length, end) : -1;
    if (value !== -1) return unfolded(header, value, end);
    at = nextLine(header, end);
  }
  return null;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

/** Offset of the line's CR LF or LF, or the end. */
function lineEnd(header: Uint8Array, at: number): number {
  const lf = header.indexOf(LF, at);
  if (lf === -1) return header.length;
  return lf > at && header[lf - 1] === CR ? lf - 1 : lf;
}

function nextLine(header: Uint8Array, end: number): number {
  return header[end] === CR ? end + 2 : end + 1;
}

function startsWith(header: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const octet = header[at + i] ?? 0;
    // ASCII letters without case; other octets of a field name have none.
    if ((octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Offset behind the colon, which old mail sets apart by spaces; -1 where the name goes on. */
function valueStart(header: Uint8Array, at: number, end: number): number {
  let colon = at;
  while (colon < end && (header[colon] === SPACE || header[colon] === TAB)) colon += 1;
  return header[colon] === COLON && colon < end ? colon + 1 : -1;
}

function unfolded(header: Uint8Array, start: number, firstEnd: number): string {
  let text = latin1(header.subarray(start, firstEnd));
  for (let at = nextLine(header, firstEnd); header[at] === SPACE || header[at] === TAB; ) {
    const end = lineEnd(header, at);
    text += latin1(header.subarray(at, end));
    if (text.length >= MAX_FIELD) break;
    at = nextLine(header, end);
  }
  return text.slice(0, MAX_FIELD);
}

function latin1(octets: Uint8Array): string {
  // Spread, the arguments would be made one object each, for every message that comes.
  return Reflect.apply(String.fromCharCode, undefined, octets.subarray(0, MAX_FIELD));
}

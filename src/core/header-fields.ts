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
  for (const line of headerLines(header)) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).trimEnd().toLowerCase() === name) return line.slice(colon + 1);
  }
  return null;
}

function* headerLines(header: Uint8Array): Generator<string> {
  let line = '';
  let at = 0;
  while (at < header.length) {
    const lf = header.indexOf(0x0a, at);
    const end = lf === -1 ? header.length : lf;
    const stop = end > at && header[end - 1] === 0x0d ? end - 1 : end;
    const text = latin1(header.subarray(at, Math.min(stop, at + MAX_FIELD)));
    at = end + 1;
    if (text === '') break;
    if (text.startsWith(' ') || text.startsWith('\t')) {
      if (line.length < MAX_FIELD) line += text;
      continue;
    }
    if (line !== '') yield line;
    line = text;
  }
  if (line !== '') yield line;
}

function latin1(octets: Uint8Array): string {
  return String.fromCharCode(...octets);
}

/**
 * Mailbox names for people. The identity of a mailbox is its raw bytes (latin1, one character per byte);
 * what is decoded here is for display and for naming folders, and says whether it leads back to the same
 * bytes. Modified UTF-7 is RFC 3501 section 5.1.3; raw UTF-8 comes after ENABLE UTF8=ACCEPT (RFC 6855), and
 * from servers that never asked.
 */

export interface DecodedName {
  readonly text: string;
  /** True where encoding `text` gives the raw name again. */
  readonly canonical: boolean;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Never throws: what can't be decoded is shown as it stands, and is then not canonical. */
export function decodeMailboxName(raw: string, utf8Accept: boolean): DecodedName {
  const text = utf8Accept ? decodeUtf8(raw) : decodeModifiedUtf7(raw);
  if (text !== null) return { text, canonical: encodeMailboxName(text, utf8Accept) === raw };
  const fallback = /[\x80-\xff]/.test(raw) ? decodeUtf8(raw) : null;
  return { text: fallback ?? raw, canonical: false };
}

/** The raw name for a text. Throws RangeError for what no mailbox name can hold (a lone surrogate, NUL). */
export function encodeMailboxName(text: string, utf8Accept: boolean): string {
  if (LONE_SURROGATE.test(text) || text.includes('\0')) throw new RangeError('no mailbox can have this name');
  if (utf8Accept) return Buffer.from(text, 'utf8').toString('latin1');
  return text.replace(/&|[^\x20-\x7e]+/g, (run) => (run === '&' ? '&-' : `&${toBase64(run)}-`));
}

/** Null where the bytes are no UTF-8, or hold NUL, which no name may. */
function decodeUtf8(raw: string): string | null {
  if (raw.includes('\0')) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(raw, 'latin1'));
  } catch {
    return null;
  }
}

/** Null where the name breaks the encoding. */
function decodeModifiedUtf7(raw: string): string | null {
  let text = '';
  let at = 0;
  while (at < raw.length) {
    const shift = raw.indexOf('&', at);
    const plain = raw.slice(at, shift < 0 ? raw.length : shift);
    if (/[^\x20-\x7e]/.test(plain)) return null;
    text += plain;
    if (shift < 0) return text;
    const end = raw.indexOf('-', shift);
    if (end < 0) return null;
    const decoded = end === shift + 1 ? '&' : fromBase64(raw.slice(shift + 1, end));
    if (decoded === null) return null;
    text += decoded;
    at = end + 1;
  }
  return text;
}

function fromBase64(coded: string): string | null {
  // Three base64 characters hold one UTF-16 unit and a bit more; 1 of 4 and anything else is broken.
  if (!/^[A-Za-z0-9+,]+$/.test(coded) || coded.length % 4 === 1) return null;
  const bytes = Buffer.from(coded.replaceAll(',', '/'), 'base64');
  if (bytes.length < 2 || bytes.length % 2 !== 0) return null;
  const text = bytes.swap16().toString('utf16le');
  return LONE_SURROGATE.test(text) || text.includes('\0') ? null : text;
}

function toBase64(run: string): string {
  return Buffer.from(run, 'utf16le').swap16().toString('base64').replaceAll('/', ',').replace(/=+$/, '');
}

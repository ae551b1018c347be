/**
 * The header fields that search keeps, read without a parser where they are what nearly all mail has: plain
 * addresses, ASCII, encoded words in UTF-8 or Latin-1. Anything else gives null, and mailparser reads the
 * header. Both ways give the same facts, or this one must give null: a test holds them against each other.
 */

export interface QuickFields {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string;
}

/** Octets of header block that are read this way. */
const MAX_QUICK = 64 * 1024;

/** Mailboxes in one field. */
const MAX_MAILBOXES = 200;

export function quickFields(header: Uint8Array): QuickFields | null {
  if (header.length > MAX_QUICK) return null;
  const fields = rawFields(
    Buffer.from(header.buffer, header.byteOffset, header.byteLength).toString('latin1'),
  );
  if (fields === null) return null;
  const subject = decodedWords(fields.get('subject') ?? '');
  const lists = ['from', 'to', 'cc'].map((name) => mailboxes(fields.get(name) ?? ''));
  const [from, to, cc] = lists;
  if (subject === null || !from || !to || !cc) return null;
  return { from, to, cc, subject };
}

/** The four fields unfolded; null where one repeats or holds what a header line shouldn't. */
function rawFields(text: string): Map<string, string> | null {
  const fields = new Map<string, string>();
  for (const match of text.matchAll(/^(?:(\r?\n)|([!-9;-~]+):([^\n]*(?:\n[ \t][^\n]*)*)|[^\n]+)\n?/gm)) {
    if (match[1] !== undefined) break;
    // A line that is no field: mailparser knows what else it may mean.
    if (match[2] === undefined) return null;
    const name = match[2].toLowerCase();
    if (name !== 'from' && name !== 'to' && name !== 'cc' && name !== 'subject') continue;
    if (fields.has(name)) return null;
    const value = match[3]!.replace(/\r?\n[ \t]*/g, ' ').trim();
    if (!/^[ -~\t]*$/.test(value)) return null;
    fields.set(name, value);
  }
  return fields;
}

const ENCODED_WORD = /=\?(utf-8|us-ascii|iso-8859-1)\?([bq])\?([^?\s]*)\?=/gi;

/** RFC 2047 in text; null for charsets, octets and forms that take more care. */
function decodedWords(text: string): string | null {
  if (!text.includes('=?')) return text;
  let result = '';
  let charset = '';
  let octets: Buffer[] = [];
  let last = 0;
  const flush = () => {
    const all = Buffer.concat(octets);
    result += charset === 'utf-8' ? all.toString() : all.toString('latin1');
    octets = [];
  };
  for (const match of text.matchAll(ENCODED_WORD)) {
    const between = text.slice(last, match.index);
    if (between.includes('=?')) return null;
    const name = match[1]!.toLowerCase();
    // Words side by side belong together, also in the middle of a character.
    if (octets.length === 0 || between.trim() !== '') {
      flush();
      result += between;
    } else if (name !== charset) flush();
    charset = name;
    const word = wordOctets(match[2]!.toLowerCase(), match[3]!);
    // Latin-1 in name is windows-1252 in fact where it uses 0x80 to 0x9F.
    if (word === null || (name !== 'utf-8' && word.some((octet) => octet >= 0x80 && octet < 0xa0))) {
      return null;
    }
    octets.push(word);
    last = match.index + match[0].length;
  }
  flush();
  const rest = text.slice(last);
  if (rest.includes('=?')) return null;
  result += rest;
  return /[\ufffd\u0000-\u001f]/.test(result) ? null : result;
}

function wordOctets(encoding: string, text: string): Buffer | null {
  if (encoding === 'b') {
    return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64') : null;
  }
  if (/=(?![0-9A-Fa-f]{2})/.test(text)) return null;
  const octets = text
    .replaceAll('_', ' ')
    .replace(/=(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1');
}

/** A name that needs no quoting or stands in quotation marks without escapes; an address in angle brackets or alone. */
const MAILBOX =
  /^(?:(?:"([^"\\]*)"|([^"\\()<>,:;@]*?))\s*<([^\s"\\()<>,:;@]+@[A-Za-z0-9.-]+)>|([^\s"\\()<>,:;@=]+@[A-Za-z0-9.-]+))$/;

function mailboxes(field: string): string[] | null {
  if (field === '') return [];
  const parts = field.match(/(?:[^",]|"[^"]*")+/g) ?? [];
  if (parts.length > MAX_MAILBOXES || parts.join(',') !== field) return null;
  const found: string[] = [];
  for (const part of parts) {
    const match = MAILBOX.exec(part.trim());
    if (match === null) return null;
    const address = match[3] ?? match[4]!;
    const name = decodedWords((match[1] ?? match[2] ?? '').trim());
    if (
      name === null ||
      /[<>@]|=\?|\s\s/.test(name) ||
      address.includes('=?') ||
      /@xn--|\.xn--/i.test(address)
    ) {
      return null;
    }
    found.push(name === '' ? address : `${name.trim()} <${address}>`);
  }
  return found;
}

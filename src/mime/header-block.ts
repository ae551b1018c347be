/**
 * A header block cut down to the fields that search needs, bounded, and with octets outside ASCII made
 * UTF-8, which is what RFC 6532 allows there: many a program has sent its own charset undeclared.
 */

/** Whether a second field of that name counts: one sender and one subject is what people see. */
const WANTED = new Map([
  ['from', false],
  ['to', true],
  ['cc', true],
  ['subject', false],
]);

/** Octets of one field: a few thousand recipients. */
const MAX_FIELD = 256 * 1024;
const MAX_BLOCK = 1024 * 1024;

/** The wanted fields with an empty line after them. */
export function wantedFields(header: Uint8Array): Buffer {
  const block = Buffer.from(header.buffer, header.byteOffset, Math.min(header.byteLength, MAX_BLOCK));
  const fields: Buffer[] = [];
  const seen = new Set<string>();
  let charset: string | null = null;
  for (const field of fieldsOf(block)) {
    const name = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:/
      .exec(field.subarray(0, 80).toString('latin1'))?.[1]
      ?.toLowerCase();
    if (name === undefined) continue;
    if (name === 'content-type') charset ??= charsetOf(field.toString('latin1'));
    const repeats = WANTED.get(name);
    if (repeats !== undefined && (repeats || !seen.has(name))) fields.push(field);
    seen.add(name);
  }
  const text = fields.map((field) => inUtf8(field, charset).replace(/(?:\r?\n)*$/, '\r\n'));
  return Buffer.from(`${text.join('')}\r\n`);
}

/** Each field with its continuation lines, up to the empty line. */
function* fieldsOf(block: Buffer): Generator<Buffer> {
  let start = 0;
  for (let at = 0; at < block.length; ) {
    const lf = block.indexOf(0x0a, at);
    const end = lf === -1 ? block.length : lf + 1;
    const empty = end - at <= 2 && /^\r?\n$/.test(block.toString('latin1', at, end));
    const next = block[end];
    const continued = next === 0x20 || next === 0x09;
    if (empty) return;
    if (!continued || end === block.length) {
      yield block.subarray(start, Math.min(end, start + MAX_FIELD));
      start = end;
    }
    at = end;
  }
}

function charsetOf(contentType: string): string | null {
  return /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType)?.[1] ?? null;
}

const ESCAPE_SEQUENCE = /\x1b[$(]/;

/** As UTF-8 if it is that, else in the body's charset, else in the West's most frequent one. */
function inUtf8(field: Buffer, charset: string | null): string {
  if (ESCAPE_SEQUENCE.test(field.toString('latin1'))) return decoded(field, 'iso-2022-jp') ?? '';
  return (
    decoded(field, 'utf-8') ?? (charset && decoded(field, charset)) ?? decoded(field, 'windows-1252') ?? ''
  );
}

/** Null for octets that the charset has no meaning for, or a charset that nobody knows. */
function decoded(octets: Uint8Array, charset: string): string | null {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(octets);
  } catch {
    return null;
  }
}

/**
 * How command arguments are written. Strings are raw bytes in latin1 (one character per byte): quoted where
 * RFC 9051 allows it, a literal otherwise, so that any mailbox name a server listed can be named again.
 */

/** A piece of a command: text as it stands, or a literal whose `{n}` the session writes. */
export type CommandPart = string | CommandLiteral;

export interface CommandLiteral {
  readonly octets: number;
  /** Exactly `octets` bytes in all; iterated once, when the server is ready for them. */
  readonly content: Iterable<Buffer> | AsyncIterable<Buffer>;
  /** Announce as literal8 (`~{n}`, RFC 3516), for content with NUL where the server has BINARY. */
  readonly binary?: boolean;
}

/** Longest text sent as a quoted string; some servers have a token limit of about 1,000. */
const MAX_QUOTED = 800;

/** A string argument (RFC 9051 `string`). Throws RangeError for a character that is no byte. */
export function stringArgument(raw: string): CommandPart {
  if (!/^[\x00-\xff]*$/.test(raw)) throw new RangeError('a raw name has one character per byte');
  // 8-bit bytes are legal in a quoted string only under UTF8=ACCEPT, control characters never.
  if (raw.length <= MAX_QUOTED && /^[\x20-\x7e]*$/.test(raw)) return `"${raw.replace(/["\\]/g, '\\$&')}"`;
  const bytes = Buffer.from(raw, 'latin1');
  return { octets: bytes.length, content: [bytes] };
}

/** An atom, as it stands: a flag, an item name, a capability. Throws RangeError where it is none. */
export function atomArgument(atom: string): string {
  if (!/^\\?[\x21\x23\x24\x26\x27\x2b-\x5b\x5d-\x7a\x7c-\x7e]+$/.test(atom)) {
    throw new RangeError(`${JSON.stringify(atom)} cannot be sent as an IMAP atom`);
  }
  return atom;
}

/** A parenthesised list of flags. `\Recent` is the server's own and left out. Throws RangeError. */
export function flagListArgument(flags: readonly string[]): string {
  return `(${flags
    .filter((flag) => flag.toLowerCase() !== '\\recent')
    .map(atomArgument)
    .join(' ')})`;
}

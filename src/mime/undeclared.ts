/**
 * Octets that fit nothing the message declares. Programs from before UTF-8 sent their own charset without a
 * word, most of them the West's; and some old ones ended lines with a bare CR.
 */

/** Octets; a longer message that fits nothing is hardly a letter. */
const MAX_MESSAGE = 4 * 1024 * 1024;

const WESTERN = new TextDecoder('windows-1252');

/** Lines that are no UTF-8, read as windows-1252 and written as UTF-8; null if a part declares
 * another charset, or the message is too long. */
export function westernLinesInUtf8(message: Uint8Array): Uint8Array | null {
  if (message.length > MAX_MESSAGE) return null;
  const octets = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const declared = octets.toString('latin1').matchAll(/charset\s*=\s*["']?([\w.:-]{1,40})/gi);
  for (const [, charset] of declared) {
    if (!/^(us-ascii|ascii|utf-?8|unknown.*|default)$/i.test(charset!)) return null;
  }
  const lines: Buffer[] = [];
  for (let at = 0; at < octets.length; ) {
    const lf = octets.indexOf(0x0a, at);
    const end = lf === -1 ? octets.length : lf + 1;
    lines.push(lineInUtf8(octets.subarray(at, end)));
    at = end;
  }
  return Buffer.concat(lines);
}

/** CR becomes LF where no LF is. */
export function withLineFeeds(message: Uint8Array): Uint8Array {
  if (message.includes(0x0a) || !message.includes(0x0d)) return message;
  return message.map((octet) => (octet === 0x0d ? 0x0a : octet));
}

function lineInUtf8(line: Buffer): Buffer {
  return line.toString().includes('\ufffd') ? Buffer.from(WESTERN.decode(line)) : line;
}

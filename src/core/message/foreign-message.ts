/**
 * A message as another program keeps it, back to the octets that its server sends: CR LF as line end, and
 * without the header fields that the program added for itself. A guess, never believed: what it makes only
 * becomes a message of the account where the server is found to hold the same. Memory stays flat but for the
 * header block.
 */

import { joined } from '../octets.js';

const LF = 0x0a;
const CR = 0x0d;

/** A header block larger than this is left as it is. */
const MAX_HEADER = 1024 * 1024;

export class ForeignMessage {
  #header: Uint8Array | null = new Uint8Array(0);
  /** Whether the lines end with LF alone: the first one tells. null until it has ended. */
  #bareLf: boolean | null = null;

  /** What is given back may share memory with `chunk`. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#header === null) return [this.#ended(chunk)];
    const from = Math.max(0, this.#header.length - 2);
    this.#header = joined([this.#header, chunk]);
    const end = headerEnd(this.#header, from);
    if (end === -1 && this.#header.length <= MAX_HEADER) return [];
    const [header, rest] =
      end === -1
        ? [this.#header, new Uint8Array(0)]
        : [withoutForeign(this.#header.subarray(0, end)), this.#header.subarray(end)];
    return this.#begin(header, rest);
  }

  /** The message is whole. */
  end(): Uint8Array[] {
    return this.#header === null ? [] : this.#begin(withoutForeign(this.#header), new Uint8Array(0));
  }

  #begin(header: Uint8Array, rest: Uint8Array): Uint8Array[] {
    this.#header = null;
    return [this.#ended(header), this.#ended(rest)].filter(({ length }) => length > 0);
  }

  #ended(octets: Uint8Array): Uint8Array {
    if (this.#bareLf === null) {
      const first = octets.indexOf(LF);
      if (first === -1) return octets;
      this.#bareLf = octets[first - 1] !== CR;
    }
    return this.#bareLf ? withCr(octets) : octets;
  }
}

function withCr(octets: Uint8Array): Uint8Array {
  let lines = 0;
  for (let at = octets.indexOf(LF); at !== -1; at = octets.indexOf(LF, at + 1)) lines += 1;
  const out = new Uint8Array(octets.length + lines);
  let [from, to] = [0, 0];
  for (let at = octets.indexOf(LF); at !== -1; at = octets.indexOf(LF, from)) {
    out.set(octets.subarray(from, at), to);
    to += at - from;
    out[to++] = CR;
    out[to++] = LF;
    from = at + 1;
  }
  out.set(octets.subarray(from), to);
  return out;
}

/** Index behind the empty line, or -1. */
function headerEnd(octets: Uint8Array, from: number): number {
  for (let at = octets.indexOf(LF, from); at !== -1; at = octets.indexOf(LF, at + 1)) {
    const next = octets[at + 1] === CR ? at + 2 : at + 1;
    if (octets[next] === LF) return next + 1;
  }
  return -1;
}

/** mbsync marks what it stores with a field at the header's end, Thunderbird with fields at its start. */
function withoutForeign(header: Uint8Array): Uint8Array {
  let from = 0;
  while (startsWith(header, from, 'X-Mozilla-Status') || startsWith(header, from, 'X-Mozilla-Keys:'))
    from = lineEnd(header, from);
  const empty = emptyLineAt(header);
  const last = lineStart(header, empty);
  if (last < from || !isTuid(header.subarray(last, empty))) return header.subarray(from);
  return joined([header.subarray(from, last), header.subarray(empty)]);
}

/** `X-TUID: ` and 12 characters. */
function isTuid(line: Uint8Array): boolean {
  const end = line.at(-2) === CR ? line.length - 2 : line.length - 1;
  return (
    startsWith(line, 0, 'X-TUID: ') &&
    end === 20 &&
    line.at(-1) === LF &&
    !line.subarray(8, end).includes(0x20)
  );
}

/** Where the empty line begins that ends the header block; its end where there is none. */
function emptyLineAt(header: Uint8Array): number {
  const start = lineStart(header, header.length);
  return header.length - start <= 2 && (header[start] === LF || header[start] === CR) ? start : header.length;
}

/** Start of the line that ends at `end`. */
function lineStart(octets: Uint8Array, end: number): number {
  return end < 2 ? 0 : octets.lastIndexOf(LF, end - 2) + 1;
}

/** Behind the line end of the line at `from`. */
function lineEnd(octets: Uint8Array, from: number): number {
  const at = octets.indexOf(LF, from);
  return at === -1 ? octets.length : at + 1;
}

function startsWith(octets: Uint8Array, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (octets[from + at] !== text.charCodeAt(at)) return false;
  return true;
}

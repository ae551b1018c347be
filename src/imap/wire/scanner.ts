/**
 * Cuts the byte stream into text segments (a line up to its CRLF) and literals, whatever the boundaries of
 * the chunks. It does not know when a literal follows a segment: the reader of the segment says so, since
 * `{5}` at the end of free text is no literal. Literal bytes are handed on as views of the socket's own
 * buffers, never copied or joined. When the reader returns a promise, nothing more is read until it
 * settles: that is the back-pressure.
 */
import { CR, LF, snippet } from './bytes.js';
import { ProtocolViolationError } from './errors.js';

export interface SegmentReader {
  /**
   * A text segment in [start, end), CRLF not included. Calls `expectLiteral` where one follows. The bytes
   * belong to the scanner and are valid until the call returns or its promise settles.
   */
  segment(bytes: Buffer, start: number, end: number): void | Promise<void>;
  /** A piece of the literal that was asked for; `last` on its final piece. */
  literal(piece: Buffer, last: boolean): void | Promise<void>;
}

/** A carry buffer that grew beyond this for one long line is not kept for the next. */
const RETAINED_CARRY = 65_536;

export class Scanner {
  readonly #reader: SegmentReader;
  readonly #maxLine: number;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #literalLeft = 0;
  #stopped = false;
  /** The beginning of a line whose end has not come yet: the first `#carried` bytes of a growing buffer. */
  #carry: Buffer = Buffer.alloc(0);
  #carried = 0;

  constructor(reader: SegmentReader, maxLine: number) {
    this.#reader = reader;
    this.#maxLine = maxLine;
  }

  /** To be called by the reader of a segment: the next `octets` (at least 1) bytes are a literal. */
  expectLiteral(octets: number): void {
    this.#literalLeft = octets;
  }

  /** Nothing more is handed to the reader, not even the rest of the chunk in hand. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Reads one chunk. A promise means: not yet done, give no further chunk until it settles. Throws, or
   * rejects with, whatever the reader throws, and ProtocolViolationError for an endless or unfinished line.
   */
  feed(chunk: Buffer): void | Promise<void> {
    this.#chunk = chunk;
    this.#at = 0;
    const held = this.#step();
    if (held !== undefined) return this.#resume(held);
  }

  async #resume(first: Promise<void>): Promise<void> {
    let held: Promise<void> | undefined = first;
    while (held !== undefined) {
      await held;
      held = this.#step();
    }
  }

  /** Reads until the chunk is used up or the reader holds back. */
  #step(): Promise<void> | undefined {
    const chunk = this.#chunk;
    const length = chunk.length;
    while (this.#at < length && !this.#stopped) {
      const held = this.#literalLeft > 0 ? this.#literalPiece(chunk) : this.#line(chunk);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  #literalPiece(chunk: Buffer): Promise<void> | undefined {
    const start = this.#at;
    const take = Math.min(this.#literalLeft, chunk.length - start);
    this.#at = start + take;
    this.#literalLeft -= take;
    return asHeld(this.#reader.literal(chunk.subarray(start, start + take), this.#literalLeft === 0));
  }

  #line(chunk: Buffer): Promise<void> | undefined {
    const start = this.#at;
    const lineFeed = chunk.indexOf(LF, start);
    if (lineFeed < 0) {
      this.#at = chunk.length;
      this.#keep(chunk, start, chunk.length);
      return undefined;
    }
    this.#at = lineFeed + 1;
    if (this.#carried === 0) return this.#segment(chunk, start, lineFeed);
    this.#keep(chunk, start, lineFeed + 1);
    const line = this.#carry;
    const end = this.#carried - 1;
    this.#carried = 0;
    if (line.length > RETAINED_CARRY) this.#carry = Buffer.alloc(0);
    return this.#segment(line, 0, end);
  }

  #segment(bytes: Buffer, start: number, lineFeed: number): Promise<void> | undefined {
    if (lineFeed === start || bytes[lineFeed - 1] !== CR) {
      throw new ProtocolViolationError('a line that does not end in CRLF', {
        context: snippet(bytes, lineFeed),
      });
    }
    if (lineFeed - start > this.#maxLine) this.#tooLong(bytes.subarray(start, lineFeed));
    return asHeld(this.#reader.segment(bytes, start, lineFeed - 1));
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (needed > this.#maxLine + 2) {
      this.#tooLong(this.#carried > 0 ? this.#carry.subarray(0, this.#carried) : chunk.subarray(start, end));
    }
    if (needed > this.#carry.length) {
      const larger = Buffer.allocUnsafe(Math.max(1024, needed * 2));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#carried, start, end);
    this.#carried = needed;
  }

  #tooLong(line: Buffer): never {
    throw new ProtocolViolationError(`a line of more than ${this.#maxLine} bytes`, {
      context: snippet(line, 0),
    });
  }
}

function asHeld(result: void | Promise<void>): Promise<void> | undefined {
  return result === undefined ? undefined : result;
}

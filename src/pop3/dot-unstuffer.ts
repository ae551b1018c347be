/**
 * Takes a multi-line answer apart, in chunks cut anywhere: finds CR LF "." CR LF, takes the dot away that was
 * put before lines beginning with one (RFC 1939 section 3), and leaves every other octet as it came. Only CR LF
 * ends a line: a bare LF, a bare CR and "LF . LF" are content, so no message can end itself early.
 */

/** A returned promise asks to be waited for before anything else is fed. */
export type Emit = (octets: Uint8Array) => void | Promise<void>;

export class DotUnstuffer {
  readonly #emit: Emit;
  /** How many octets of CR LF . CR LF were seen and are held back. The answer begins like a line. */
  #held: 0 | 1 | 2 | 3 | 4 = 2;
  /** The CR LF held back is the one of the status line: not part of the answer. */
  #atStart = true;
  #ended = false;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /**
   * true once the terminator came. The CR LF before it is part of the last line; `endsWithLine` tells if there was
   * one.
   */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether a last line ended right before the terminator; its CR LF was not emitted. */
  get endsWithLine(): boolean {
    return this.#ended && !this.#atStart;
  }

  /** Takes octets from `from` on; the index after the terminator, or the chunk's length. */
  feed(chunk: Buffer, from: number): number | Promise<number> {
    let at = from;
    while (at < chunk.length) {
      let wait: void | undefined | Promise<void>;
      if (this.#held === 0) {
        const end = chunk.indexOf(LINE_WITH_DOT, at);
        if (end === -1) {
          // What may be the beginning of a terminator is held back.
          const tail = heldAtEnd(chunk, at);
          wait = this.#pass(chunk, at, chunk.length - tail);
          this.#held = tail;
          at = chunk.length;
        } else {
          wait = this.#pass(chunk, at, end);
          this.#held = 3;
          at = end + 3;
        }
      } else {
        const octet = chunk[at]!;
        if (octet === EXPECTED[this.#held]) {
          at += 1;
          if (this.#held === 4) {
            this.#ended = true;
            return at;
          }
          this.#held = (this.#held + 1) as 1 | 2 | 3 | 4;
        } else wait = this.#release();
      }
      if (wait !== undefined) return wait.then(() => this.feed(chunk, at));
    }
    return at;
  }

  #pass(chunk: Buffer, from: number, to: number): void | Promise<void> {
    if (to > from) return this.#emit(chunk.subarray(from, to));
  }

  /** What was held back is content after all; a dot at the beginning of a line is dropped. */
  #release(): void | Promise<void> {
    const held = this.#held;
    const ownLine = this.#atStart;
    this.#atStart = false;
    this.#held = held === 4 ? 1 : 0;
    if (held === 1) return this.#emit(CR);
    if (!ownLine) return this.#emit(CRLF);
  }
}

function heldAtEnd(chunk: Buffer, from: number): 0 | 1 | 2 {
  const last = chunk[chunk.length - 1];
  if (last === 0x0d) return 1;
  return last === 0x0a && chunk.length - from >= 2 && chunk[chunk.length - 2] === 0x0d ? 2 : 0;
}

const CR = Buffer.from('\r');
export const CRLF = Buffer.from('\r\n');
const LINE_WITH_DOT = Buffer.from('\r\n.');
/** The octet that goes on with so many octets of the terminator. */
const EXPECTED = [0, 0x0a, 0x2e, 0x0d, 0x0a] as const;

/**
 * Looks, in passing, for the mark that a swallowed response leaves inside a body. A server that announces
 * more octets than it sends makes the literal run on over the end of its own row and the beginning of the
 * next response, so the "body" then contains `)` CRLF followed by `* <digit>`, `* OK`, `* VANISHED`, ... or
 * one of our tags (which hold a random part that no message can know). An honest message can quote an IMAP
 * session, so a hit is a doubt to be settled by fetching that message alone, never a violation.
 */
import { isDigit, SPACE, STAR, spells } from './bytes.js';

const MARK = Buffer.from(')\r\n');
const AFTER_STAR = ['ok ', 'no ', 'bad ', 'bye', 'vanished ', 'flags ', 'list ', 'search', 'status '];
/** As many bytes as a verdict can need: the mark, `* ` and the longest word; or the mark and a tag prefix. */
const WINDOW = 16;

export class SwallowWatch {
  readonly #tagPrefix: string;
  readonly #seam = Buffer.alloc(2 * WINDOW);
  #seamLength = 0;
  #found = false;

  /** `tagPrefix` in lower case letters and digits, at most 10 of them. */
  constructor(tagPrefix: string) {
    this.#tagPrefix = tagPrefix;
  }

  get found(): boolean {
    return this.#found;
  }

  begin(): void {
    this.#found = false;
    this.#seamLength = 0;
  }

  /** The next piece of the body. */
  see(piece: Buffer): void {
    if (this.#found) return;
    if (this.#seamLength > 0) {
      const head = piece.copy(this.#seam, this.#seamLength, 0, WINDOW);
      this.#search(this.#seam, this.#seamLength + head);
      if (piece.length < WINDOW) {
        this.#keepTail(this.#seam.subarray(0, this.#seamLength + head));
        return;
      }
    }
    this.#search(piece, piece.length);
    this.#keepTail(piece);
  }

  #search(bytes: Buffer, end: number): void {
    let at = bytes.indexOf(MARK);
    while (at >= 0 && at < end) {
      if (this.#isResponse(bytes, at + MARK.length, end)) {
        this.#found = true;
        return;
      }
      at = bytes.indexOf(MARK, at + 1);
    }
  }

  #isResponse(bytes: Buffer, at: number, end: number): boolean {
    if (bytes[at] === STAR && bytes[at + 1] === SPACE && at + 2 < end) {
      return isDigit(bytes[at + 2]) || AFTER_STAR.some((word) => spells(bytes, at + 2, end, word));
    }
    return spells(bytes, at, end, this.#tagPrefix);
  }

  /** Keeps the end of what was seen, for a mark that lies across two pieces. */
  #keepTail(bytes: Buffer): void {
    const from = Math.max(0, bytes.length - (WINDOW - 1));
    this.#seamLength = bytes.copy(this.#seam, 0, from);
  }
}

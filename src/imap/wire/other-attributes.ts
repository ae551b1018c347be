/**
 * The attributes of a FETCH row that mailbox synchronisation has no use for (ENVELOPE, THREADID, BODYSTRUCTURE, ...):
 * passed over, but each at most once in a row, and behind a body only those known here.
 */
import { CLOSE_BRACKET, latin1, OPEN_BRACKET, SPACE, skipSpaces } from './bytes.js';
import { skipValue, violation } from './values.js';

const MAX_NAMES = 64;

export class OtherAttributes {
  #names: string[] = [];

  /** A new row begins. */
  begin(): void {
    if (this.#names.length > 0) this.#names = [];
  }

  /**
   * The position after the value of the attribute whose name begins at `at` and ends at `nameEnd`, or has its `[`
   * there; -1 where the value needs a literal. Throws ProtocolViolationError.
   */
  skip(bytes: Buffer, at: number, nameEnd: number, end: number, afterBody: boolean): number {
    let cursor = nameEnd;
    if (bytes[cursor] === OPEN_BRACKET && cursor < end) {
      cursor = bytes.indexOf(CLOSE_BRACKET, cursor) + 1;
      if (cursor === 0) cursor = end;
      while (cursor < end && bytes[cursor] !== SPACE) cursor += 1;
    }
    const name = latin1(bytes, at, Math.min(cursor, end)).toUpperCase();
    if (!/^[A-Z][A-Z0-9.-]{0,30}(\[[^\]]*\](<\d+>)?)?$/.test(name)) {
      throw violation('a malformed FETCH attribute', bytes, at);
    }
    // `3 FETCH (...)` behind a body would be the rest of a row that the body swallowed.
    if (afterBody && !KNOWN.has(name)) throw violation('an unknown attribute after a body', bytes, at);
    if (bytes[cursor] !== SPACE || cursor >= end) throw violation('an attribute without a value', bytes, at);
    const after = skipValue(bytes, skipSpaces(bytes, cursor, end), end);
    if (after < 0) return -1;
    if (this.#names.includes(name)) throw violation('an attribute given twice in one row', bytes, at);
    if (this.#names.length >= MAX_NAMES) throw violation('too many attributes in one row', bytes, at);
    this.#names.push(name);
    return after;
  }
}

const KNOWN: ReadonlySet<string> = new Set([
  'THREADID',
  'X-GM-THRID',
  'SAVEDATE',
  'PREVIEW',
  'ENVELOPE',
  'BODYSTRUCTURE',
]);

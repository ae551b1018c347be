/**
 * Reads IMAP values from one complete response held in memory, one after the other. Strings come out as raw
 * bytes in latin1, one character per byte, since a mailbox name or label is an identity first and text later.
 */
import { isDigit, latin1, OPEN_BRACE, QUOTE, SPACE, spells, TILDE, ZERO } from './bytes.js';
import type { ProtocolViolationError } from './errors.js';
import { endsAtom, inlineLiteral, skipQuoted, skipValue, unquote, violation } from './values.js';

/** A cursor over one response. Every method throws ProtocolViolationError where the bytes don't fit. */
export class ValueCursor {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.spaces();
  }

  /** Another cursor at the same place. */
  fork(): ValueCursor {
    return new ValueCursor(this.bytes, this.at, this.end);
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** The byte here, -1 at the end. */
  get byte(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  /** Leniency "extra spaces": several servers send two, or one before a closing parenthesis. */
  spaces(): void {
    while (this.at < this.end && this.bytes[this.at] === SPACE) this.at += 1;
  }

  /** Steps over `byte` and the spaces after it, if it is here. */
  take(byte: number): boolean {
    if (this.byte !== byte) return false;
    this.at += 1;
    this.spaces();
    return true;
  }

  expect(byte: number, what: string): void {
    if (!this.take(byte)) throw this.violation(`${what} expected`);
  }

  /** True, and stepped over, where the bytes here spell `word` (lower case) up to a space, parenthesis or end. */
  takeWord(word: string): boolean {
    const after = this.at + word.length;
    if (!spells(this.bytes, this.at, this.end, word) || !endsAtom(this.bytes, after, this.end)) return false;
    this.at = after;
    this.spaces();
    return true;
  }

  /** Everything up to the next space or parenthesis, at least one byte. */
  atom(): string {
    const start = this.at;
    while (this.at < this.end && !endsAtom(this.bytes, this.at, this.end)) this.at += 1;
    if (this.at === start) throw this.violation('an atom expected');
    const atom = latin1(this.bytes, start, this.at);
    this.spaces();
    return atom;
  }

  /** A quoted string, a literal or an atom. */
  string(): string {
    const byte = this.byte;
    if (byte === QUOTE) return this.#quoted();
    if (byte === OPEN_BRACE) return this.#literal(this.at);
    if (byte === TILDE && this.bytes[this.at + 1] === OPEN_BRACE) return this.#literal(this.at + 1);
    return this.atom();
  }

  /** As `string`, null for NIL. */
  nullableString(): string | null {
    return this.takeWord('nil') ? null : this.string();
  }

  /** A decimal number of at most 2^53 - 1. */
  number(): number {
    const start = this.at;
    let value = 0;
    while (isDigit(this.bytes[this.at]) && this.at < this.end) {
      value = value * 10 + this.bytes[this.at]! - ZERO;
      this.at += 1;
      if (value > Number.MAX_SAFE_INTEGER) throw this.violation('a number out of range');
    }
    if (this.at === start) throw this.violation('a number expected');
    this.spaces();
    return value;
  }

  /** A decimal number of at most 2^63 - 1 (RFC 7162 section 7: `mod-sequence-value`). */
  bigNumber(): bigint {
    const start = this.at;
    while (isDigit(this.bytes[this.at]) && this.at < this.end) this.at += 1;
    if (this.at === start || this.at - start > 19) throw this.violation('a number out of range');
    const value = BigInt(latin1(this.bytes, start, this.at));
    if (value > 0x7fff_ffff_ffff_ffffn) throw this.violation('a number out of range');
    this.spaces();
    return value;
  }

  /** Steps over one value of any kind. */
  skip(): void {
    const after = skipValue(this.bytes, this.at, this.end);
    if (after < 0) throw this.violation('an unfinished value');
    this.at = after;
    this.spaces();
  }

  violation(what: string): ProtocolViolationError {
    return violation(what, this.bytes, this.at);
  }

  #quoted(): string {
    const start = this.at;
    const after = skipQuoted(this.bytes, start, this.end);
    if (after < 0) throw this.violation('an unfinished quoted string');
    this.at = after;
    this.spaces();
    return unquote(this.bytes, start, after).toString('latin1');
  }

  #literal(brace: number): string {
    const literal = inlineLiteral(this.bytes, brace, this.end);
    if (literal === null) throw this.violation('an unfinished literal');
    this.at = literal.end;
    this.spaces();
    return latin1(this.bytes, literal.start, literal.end);
  }
}

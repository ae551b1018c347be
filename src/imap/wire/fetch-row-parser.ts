/**
 * Reads one FETCH response straight into typed fields: no tree, no token objects, so that a row of flags
 * costs a fraction of a microsecond. It stops at a body literal, whose bytes go past it, and goes on behind
 * it. Each attribute may appear once; what follows a body literal must be a space or the closing
 * parenthesis and an attribute known here: that is what catches a server that miscounted a literal.
 */

import { parseBody } from './body-attribute.js';
import { ByteIntern, FNV_START, fnvStep } from './byte-intern.js';
import {
  CLOSE,
  isDigit,
  latin1,
  MAX_NUMBER_32,
  OPEN,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  skipSpaces,
  spells,
  ZERO,
} from './bytes.js';
import { emptyRow, type FetchedBody, type MutableFetchRow, splitFlags, splitLabels } from './fetch-row.js';
import { parseInternalDate } from './internal-date.js';
import { OtherAttributes } from './other-attributes.js';
import { skipQuoted, skipValue, trailingLiteral, violation } from './values.js';

/**
 * Why `parse` returned: the row is complete; a body literal follows; a literal inside some other value
 * follows and has to be put in place (`pendingFrom` is where the value's attribute began).
 */
export type RowOutcome = 'done' | 'body' | 'literal';

const SEEN_UID = 1;
const SEEN_FLAGS = 2;
const SEEN_MODSEQ = 4;
const SEEN_SIZE = 8;
const SEEN_DATE = 16;
const SEEN_EMAILID = 32;
const SEEN_GMAIL_ID = 64;
const SEEN_LABELS = 128;
const SEEN_BODY = 256;

/** Octets of the flags or labels of one message: they are kept in memory. */
const MAX_LIST = 16_384;

export class FetchRowParser {
  /** The row being read; a fresh object for each row, complete when `parse` returns 'done'. */
  row: MutableFetchRow = emptyRow(0);
  /** The row's body, null until one was met. */
  body: FetchedBody | null = null;
  /** True where the row said UID 0, which is no UID (some servers say it for a message being expunged). */
  uidWasZero = false;
  /** After 'literal': where the attribute began whose value needs the literal, and the literal's size. */
  pendingFrom = 0;
  pendingOctets = 0;

  readonly #flagLists = new ByteIntern(splitFlags);
  readonly #labelLists = new ByteIntern(splitLabels);
  readonly #others = new OtherAttributes();
  #seen = 0;

  begin(sequence: number): void {
    this.row = emptyRow(sequence);
    this.body = null;
    this.uidWasZero = false;
    this.#seen = 0;
    this.#others.begin();
  }

  /**
   * Reads attributes from `at`, just behind the opening parenthesis or at a place where it stopped before.
   * Throws ProtocolViolationError.
   */
  parse(bytes: Buffer, at: number, end: number): RowOutcome {
    let cursor = at;
    for (;;) {
      cursor = skipSpaces(bytes, cursor, end);
      if (cursor >= end) throw violation('a FETCH row that is not closed', bytes, cursor);
      if (bytes[cursor] === CLOSE) {
        if (cursor + 1 !== end) throw violation('bytes after the end of a FETCH row', bytes, cursor);
        return 'done';
      }
      const after = this.#attribute(bytes, cursor, end);
      if (after === -2) return 'body';
      if (after < 0) {
        const octets = trailingLiteral(bytes, cursor, end);
        if (octets < 0) throw violation('a FETCH row that ends inside a value', bytes, end);
        this.pendingFrom = cursor;
        this.pendingOctets = octets;
        return 'literal';
      }
      cursor = after;
    }
  }

  /** Goes on behind a body literal. */
  parseAfterBody(bytes: Buffer, at: number, end: number): RowOutcome {
    const byte = at < end ? bytes[at] : -1;
    if (byte !== SPACE && byte !== CLOSE) {
      throw violation('a body literal that does not end where it was announced to', bytes, at);
    }
    return this.parse(bytes, at, end);
  }

  /** The position after the attribute at `at`; -1: the value needs a literal; -2: a body literal follows. */
  #attribute(bytes: Buffer, at: number, end: number): number {
    let nameEnd = at;
    while (nameEnd < end) {
      const byte = bytes[nameEnd]!;
      if (byte === SPACE || byte === OPEN_BRACKET || byte === OPEN || byte === CLOSE) break;
      nameEnd += 1;
    }
    const value = nameEnd + 1;
    const spaced = bytes[nameEnd] === SPACE && nameEnd < end;
    switch (nameEnd - at) {
      case 3:
        if (spaced && spells(bytes, at, end, 'uid')) return this.#uid(bytes, value, end);
        break;
      case 4:
        if (bytes[nameEnd] === OPEN_BRACKET && spells(bytes, at, end, 'body'))
          return this.#body(bytes, value, end);
        break;
      case 5:
        if (spells(bytes, at, end, 'flags')) return this.#flags(bytes, nameEnd, end);
        break;
      case 6:
        if (spaced && spells(bytes, at, end, 'modseq')) return this.#modseq(bytes, value, end);
        break;
      case 7:
        if (spaced && spells(bytes, at, end, 'emailid')) return this.#emailId(bytes, value, end);
        break;
      case 10:
        if (spaced && spells(bytes, at, end, 'x-gm-msgid')) return this.#gmailMessageId(bytes, value, end);
        break;
      case 11:
        if (spaced && spells(bytes, at, end, 'rfc822.size')) return this.#size(bytes, value, end);
        if (spaced && spells(bytes, at, end, 'x-gm-labels')) return this.#labels(bytes, value, end);
        break;
      case 12:
        if (spaced && spells(bytes, at, end, 'internaldate')) return this.#internalDate(bytes, value, end);
        break;
    }
    const after = this.#others.skip(bytes, at, nameEnd, end, (this.#seen & SEEN_BODY) !== 0);
    return after < 0 ? after : this.#delimited(bytes, after, end);
  }

  #uid(bytes: Buffer, at: number, end: number): number {
    this.#once(SEEN_UID, bytes, at);
    const start = skipSpaces(bytes, at, end);
    let uid = 0;
    let cursor = start;
    while (cursor < end && isDigit(bytes[cursor])) {
      uid = uid * 10 + bytes[cursor]! - ZERO;
      if (uid > MAX_NUMBER_32) throw violation('a UID out of range', bytes, cursor);
      cursor += 1;
    }
    if (cursor === start) throw violation('a UID that is no number', bytes, start);
    if (uid === 0) this.uidWasZero = true;
    else this.row.uid = uid;
    return this.#delimited(bytes, cursor, end);
  }

  #flags(bytes: Buffer, at: number, end: number): number {
    this.#once(SEEN_FLAGS, bytes, at);
    let cursor = skipSpaces(bytes, at, end);
    if (bytes[cursor] !== OPEN) return this.#nil(bytes, cursor, end, 'FLAGS');
    cursor += 1;
    const start = cursor;
    let hash = FNV_START;
    while (cursor < end) {
      const byte = bytes[cursor]!;
      if (byte === CLOSE) {
        if (cursor - start > MAX_LIST) break;
        this.row.flags = this.#flagLists.get(bytes, start, cursor, hash);
        return this.#delimited(bytes, cursor + 1, end);
      }
      // Anything else may be part of a keyword: "}" is by the RFC, and others by servers that don't care.
      if (byte < SPACE || byte === OPEN) break;
      hash = fnvStep(hash, byte);
      cursor += 1;
    }
    throw violation('a malformed flag list', bytes, cursor);
  }

  #modseq(bytes: Buffer, at: number, end: number): number {
    this.#once(SEEN_MODSEQ, bytes, at);
    const start = skipSpaces(bytes, at, end);
    if (bytes[start] !== OPEN) return this.#nil(bytes, start, end, 'MODSEQ');
    let cursor = start + 1;
    let value = 0;
    while (cursor < end && isDigit(bytes[cursor])) {
      value = value * 10 + bytes[cursor]! - ZERO;
      cursor += 1;
    }
    const digits = cursor - start - 1;
    if (digits === 0 || bytes[cursor] !== CLOSE) throw violation('a malformed MODSEQ', bytes, cursor);
    this.row.modseq = digits <= 15 ? BigInt(value) : this.#longModseq(bytes, start + 1, cursor);
    return this.#delimited(bytes, cursor + 1, end);
  }

  #longModseq(bytes: Buffer, start: number, end: number): bigint {
    const value = end - start > 19 ? -1n : BigInt(latin1(bytes, start, end));
    // RFC 7162 section 7: an unsigned 63-bit number.
    if (value < 0n || value > 0x7fff_ffff_ffff_ffffn) throw violation('a MODSEQ out of range', bytes, start);
    return value;
  }

  #size(bytes: Buffer, at: number, end: number): number {
    this.#once(SEEN_SIZE, bytes, at);
    const start = skipSpaces(bytes, at, end);
    let size = 0;
    let cursor = start;
    while (cursor < end && isDigit(bytes[cursor])) {
      size = size * 10 + bytes[cursor]! - ZERO;
      if (size > Number.MAX_SAFE_INTEGER) throw violation('an RFC822.SIZE out of range', bytes, cursor);
      cursor += 1;
    }
    // Icewarp says RFC822.SIZE NIL for messages it can't read.
    if (cursor === start) return this.#nil(bytes, start, end, 'RFC822.SIZE');
    this.row.size = size;
    return this.#delimited(bytes, cursor, end);
  }

  #internalDate(bytes: Buffer, at: number, end: number): number {
    this.#once(SEEN_DATE, bytes, at);
    const start = skipSpaces(bytes, at, end);
    if (bytes[start] !== QUOTE) return this.#nil(bytes, start, end, 'INTERNALDATE');
    const after = skipQuoted(bytes, start, end);
    if (after < 0) throw violation('an unfinished INTERNALDATE', bytes, start);
    this.row.internalDate = parseInternalDate(bytes, start + 1, after - 1);
    return this.#delimited(bytes, after, end);
  }

  #emailId(bytes: Buffer, at: number, end: number): number {
    this.#once(SEEN_EMAILID, bytes, at);
    const start = skipSpaces(bytes, at, end);
    const after = skipValue(bytes, start, end);
    if (after < 0) throw violation('an unfinished EMAILID', bytes, start);
    const text = latin1(bytes, start, after);
    const id = /^\(([A-Za-z0-9_-]{1,255})\)$/.exec(text)?.[1];
    // Cyrus and others say (NIL) where a message has no id yet.
    if (id !== undefined && id.toUpperCase() !== 'NIL') this.row.emailId = id;
    return this.#delimited(bytes, after, end);
  }

  #gmailMessageId(bytes: Buffer, at: number, end: number): number {
    this.#once(SEEN_GMAIL_ID, bytes, at);
    const start = skipSpaces(bytes, at, end);
    let cursor = start;
    while (cursor < end && isDigit(bytes[cursor])) cursor += 1;
    if (cursor === start) return this.#nil(bytes, start, end, 'X-GM-MSGID');
    if (cursor - start > 20) throw violation('an X-GM-MSGID out of range', bytes, start);
    this.row.gmailMessageId = latin1(bytes, start, cursor);
    return this.#delimited(bytes, cursor, end);
  }

  #labels(bytes: Buffer, at: number, end: number): number {
    const start = skipSpaces(bytes, at, end);
    if (start < end && bytes[start] !== OPEN) {
      this.#once(SEEN_LABELS, bytes, at);
      return this.#nil(bytes, start, end, 'X-GM-LABELS');
    }
    const after = skipValue(bytes, start, end);
    if (after < 0) return -1;
    if (after - start > MAX_LIST) throw violation('a list of labels longer than allowed', bytes, start);
    this.#once(SEEN_LABELS, bytes, at);
    this.row.gmailLabels = this.#labelLists.get(bytes, start, after);
    return this.#delimited(bytes, after, end);
  }

  #body(bytes: Buffer, sectionStart: number, end: number): number {
    this.#once(SEEN_BODY, bytes, sectionStart);
    const { body, after } = parseBody(bytes, sectionStart, end);
    this.body = body;
    if (body.kind === 'literal') return -2;
    if (body.kind === 'nil') return this.#nil(bytes, after, end, 'BODY[]');
    return this.#delimited(bytes, after, end);
  }

  #nil(bytes: Buffer, at: number, end: number, attribute: string): number {
    if (!spells(bytes, at, end, 'nil')) throw violation(`a malformed ${attribute}`, bytes, at);
    return this.#delimited(bytes, at + 3, end);
  }

  #once(attribute: number, bytes: Buffer, at: number): void {
    if (this.#seen & attribute) throw violation('an attribute given twice in one row', bytes, at);
    this.#seen |= attribute;
  }

  /** A value must be followed by a space or the row's end. */
  #delimited(bytes: Buffer, at: number, end: number): number {
    const byte = bytes[at];
    if (at >= end || (byte !== SPACE && byte !== CLOSE)) {
      throw violation('a value that is not followed by a space or the end of the row', bytes, at);
    }
    return at;
  }
}

/**
 * Turns segments and literals into responses: tagged, continuation, status, FETCH rows, and everything else
 * as a cursor over its bytes. A message body is handed over as finished only when the response after it has
 * begun as a response must: a body cut short at a line `)` would otherwise pass for complete.
 */

import type { BodyTarget } from './body-sink.js';
import {
  isDigit,
  latin1,
  MAX_NUMBER_32,
  OPEN,
  PLUS,
  SPACE,
  STAR,
  skipSpaces,
  spells,
  ZERO,
} from './bytes.js';
import type { FetchedBody, FetchRow } from './fetch-row.js';
import { FetchRowParser, type RowOutcome } from './fetch-row-parser.js';
import { KeptResponse } from './kept-response.js';
import { parseStatusResponse, type StatusResponse } from './response-code.js';
import type { Scanner, SegmentReader } from './scanner.js';
import { ValueCursor } from './value-cursor.js';
import { trailingLiteral, violation } from './values.js';

/** What the session wants done with what was read. Every method may throw, which ends the session. */
export interface ResponseHandler {
  /** Whether a command with this tag may be answered now. */
  isAnswerable(tag: string): boolean;
  tagged(tag: string, response: StatusResponse): void;
  continuation(): void;
  /** `* OK`, `* NO`, `* BAD`, `* BYE`, `* PREAUTH`. */
  status(response: StatusResponse): void;
  /** `* 23 EXISTS`, `* LIST ...`: the name in upper case, the cursor behind it. */
  untagged(name: string, number: number | null, cursor: ValueCursor): void;
  /** A body begins. Null: its bytes are thrown away. */
  beginBody(row: FetchRow, body: FetchedBody, uidWasZero: boolean): BodyTarget | null;
  /** A FETCH row without a body, or whose body was NIL. */
  row(row: FetchRow, body: FetchedBody | null, uidWasZero: boolean): void;
}

export interface ReaderLimits {
  /** Octets of one body literal. */
  readonly maxBody: number;
  /** Octets of all lines between two tagged answers: an answer has an end. */
  readonly maxLines: number;
  /** Octets of any other literal. */
  readonly maxLiteral: number;
}

type State = 'response' | 'row' | 'body' | 'after-body' | 'value' | 'after-value';

export class ResponseReader implements SegmentReader {
  readonly #handler: ResponseHandler;
  readonly #limits: ReaderLimits;
  readonly #fetch = new FetchRowParser();
  #scanner: Scanner | null = null;
  #state: State = 'response';
  /** The body being read (null: thrown away), and the one read completely that awaits the next response. */
  #body: BodyTarget | null = null;
  #unconfirmed: { target: BodyTarget; row: FetchRow } | null = null;
  readonly #kept: KeptResponse;
  /** What is kept is the rest of a FETCH row, else a whole response. */
  #keptIsRow = false;
  /** Octets of lines since the last tagged answer. */
  #lines = 0;
  /** Where the attributes of the FETCH row begin whose header was just read. */
  #attributesAt = 0;

  constructor(handler: ResponseHandler, limits: ReaderLimits) {
    this.#handler = handler;
    this.#limits = limits;
    this.#kept = new KeptResponse(limits.maxLiteral);
  }

  attach(scanner: Scanner): void {
    this.#scanner = scanner;
  }

  /** The UID whose row is being read, for error reports. */
  get uidInProgress(): number | null {
    return this.#state === 'response' ? (this.#unconfirmed?.row.uid ?? null) : this.#fetch.row.uid;
  }

  segment(bytes: Buffer, start: number, end: number): void | Promise<void> {
    this.#lines += end - start;
    if (this.#lines > this.#limits.maxLines) throw violation('an answer without end', bytes, start);
    switch (this.#state) {
      case 'response':
        return this.#response(bytes, start, end);
      case 'after-body':
        this.#state = 'row';
        return this.#outcome(this.#fetch.parseAfterBody(bytes, start, end), bytes, end);
      case 'after-value':
        return this.#valueGoesOn(bytes, start, end);
      default:
        throw new Error('a segment inside a literal');
    }
  }

  literal(piece: Buffer, last: boolean): void | Promise<void> {
    if (this.#state === 'body') {
      if (last) this.#state = 'after-body';
      return this.#body?.write(piece);
    }
    this.#kept.add(piece);
    if (last) this.#state = 'after-value';
  }

  #response(bytes: Buffer, start: number, end: number): void | Promise<void> {
    this.#kept.begin();
    const first = bytes[start];
    if (first === STAR && bytes[start + 1] === SPACE) {
      const sequence = this.#fetchHeader(bytes, start + 2, end);
      if (sequence >= 0) {
        const held = this.#confirm();
        if (held !== undefined) return held.then(() => this.#row(sequence, bytes, end));
        return this.#row(sequence, bytes, end);
      }
      return this.#confirmedThen(() => this.#untagged(bytes, start + 2, end, start));
    }
    if (first === PLUS && (start + 1 === end || bytes[start + 1] === SPACE)) {
      // Leniency "+CRLF": public-inbox and others leave out the space.
      return this.#confirmedThen(() => this.#handler.continuation());
    }
    const space = bytes.indexOf(SPACE, start);
    const tag = space > start && space < end ? latin1(bytes, start, Math.min(space, start + MAX_TAG)) : '';
    if (tag === '' || !this.#handler.isAnswerable(tag)) {
      throw violation('a line that is no response to any command', bytes, start);
    }
    const response = parseStatusResponse(bytes, space + 1, end);
    if (response === null || response.status === 'BYE' || response.status === 'PREAUTH') {
      throw violation('a tagged response without OK, NO or BAD', bytes, start);
    }
    this.#lines = 0;
    return this.#confirmedThen(() => this.#handler.tagged(tag, response));
  }

  /** Hands over the body that waited for this response, then goes on. */
  #confirmedThen(next: () => void): void | Promise<void> {
    const held = this.#confirm();
    if (held !== undefined) return held.then(next);
    next();
  }

  #confirm(): void | Promise<void> {
    const unconfirmed = this.#unconfirmed;
    if (unconfirmed === null) return;
    this.#unconfirmed = null;
    return unconfirmed.target.finish(unconfirmed.row);
  }

  /** The sequence number of `<n> FETCH (`, -1 where the line is something else. Sets `#attributesAt`. */
  #fetchHeader(bytes: Buffer, start: number, end: number): number {
    const digits = skipSpaces(bytes, start, end);
    let at = digits;
    let sequence = 0;
    while (at < end && isDigit(bytes[at]) && sequence <= MAX_NUMBER_32) {
      sequence = sequence * 10 + bytes[at]! - ZERO;
      at += 1;
    }
    if (at === digits || bytes[at] !== SPACE) return -1;
    at = skipSpaces(bytes, at, end);
    if (!spells(bytes, at, end, 'fetch ')) return -1;
    at = skipSpaces(bytes, at + 6, end);
    if (bytes[at] !== OPEN || at >= end || sequence > MAX_NUMBER_32) {
      throw violation('a malformed FETCH response', bytes, start);
    }
    this.#attributesAt = at + 1;
    return sequence;
  }

  #row(sequence: number, bytes: Buffer, end: number): void | Promise<void> {
    this.#state = 'row';
    this.#fetch.begin(sequence);
    return this.#outcome(this.#fetch.parse(bytes, this.#attributesAt, end), bytes, end);
  }

  #outcome(outcome: RowOutcome, bytes: Buffer, end: number): void | Promise<void> {
    const { row, body, uidWasZero } = this.#fetch;
    if (outcome === 'body') {
      if (body?.kind !== 'literal') throw new Error('no literal to read');
      if (body.octets > this.#limits.maxBody) throw violation('a body longer than allowed', bytes, end);
      this.#body = this.#handler.beginBody(row, body, uidWasZero);
      if (body.octets === 0) this.#state = 'after-body';
      else {
        this.#state = 'body';
        this.#scanner!.expectLiteral(body.octets);
      }
      return;
    }
    if (outcome === 'literal') {
      this.#keptIsRow = true;
      this.#keepForLiteral(bytes, this.#fetch.pendingFrom, end, this.#fetch.pendingOctets);
      return;
    }
    this.#state = 'response';
    if (body === null || body.kind === 'nil') {
      this.#handler.row(row, body, uidWasZero);
      return;
    }
    if (body.kind === 'quoted') return this.#quotedBody(row, body, uidWasZero);
    this.#close(row, uidWasZero);
  }

  /** A small body may come as a quoted string (Yahoo, imapflow issue 403); by now its row is complete. */
  #quotedBody(
    row: FetchRow,
    body: FetchedBody & { kind: 'quoted' },
    uidWasZero: boolean,
  ): void | Promise<void> {
    this.#body = this.#handler.beginBody(row, body, uidWasZero);
    const held = body.content.length > 0 ? this.#body?.write(body.content) : undefined;
    if (held !== undefined) return held.then(() => this.#close(row, uidWasZero));
    this.#close(row, uidWasZero);
  }

  #close(row: FetchRow, uidWasZero: boolean): void {
    const target = this.#body;
    this.#body = null;
    if (target === null) return;
    target.close(row, uidWasZero);
    this.#unconfirmed = { target, row };
  }

  #untagged(bytes: Buffer, at: number, end: number, start: number): void {
    const status = parseStatusResponse(bytes, at, end);
    if (status !== null) {
      this.#handler.status(status);
      return;
    }
    const octets = trailingLiteral(bytes, at, end);
    if (octets >= 0) {
      this.#keptIsRow = false;
      this.#keepForLiteral(bytes, start, end, octets);
      return;
    }
    this.#complete(bytes, at, end);
  }

  #complete(bytes: Buffer, at: number, end: number): void {
    const cursor = new ValueCursor(bytes, at, end);
    let number: number | null = null;
    if (isDigit(cursor.byte)) {
      number = cursor.number();
      if (number > MAX_NUMBER_32) throw violation('a number out of range', bytes, at);
    }
    const name = cursor.done ? '' : cursor.atom().toUpperCase();
    // Only FETCH, read elsewhere, and these three carry a number; anything else there was cut wrongly.
    const known = number === null ? /^[A-Z][A-Z0-9.-]{0,40}$/.test(name) : NUMBERED.has(name);
    if (!known) throw violation('a response that IMAP does not have', bytes, at);
    this.#handler.untagged(name, number, cursor);
  }

  #valueGoesOn(bytes: Buffer, start: number, end: number): void | Promise<void> {
    this.#kept.add(bytes.subarray(start, end));
    if (this.#keptIsRow) {
      const rest = this.#kept.take();
      this.#state = 'row';
      return this.#outcome(this.#fetch.parse(rest, 0, rest.length), rest, rest.length);
    }
    const octets = trailingLiteral(bytes, start, end);
    if (octets >= 0) return this.#announce(octets);
    const whole = this.#kept.take();
    this.#state = 'response';
    this.#complete(whole, 2, whole.length);
  }

  #keepForLiteral(bytes: Buffer, from: number, end: number, octets: number): void {
    this.#kept.add(bytes.subarray(from, end));
    this.#announce(octets);
  }

  #announce(octets: number): void {
    this.#kept.announce(octets);
    if (octets === 0) this.#state = 'after-value';
    else {
      this.#state = 'value';
      this.#scanner!.expectLiteral(octets);
    }
  }
}

const MAX_TAG = 32;
const NUMBERED: ReadonlySet<string> = new Set(['EXISTS', 'RECENT', 'EXPUNGE']);

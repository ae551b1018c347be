/**
 * UID FETCH of message bodies, streamed. A sink gets `end` only when its row was closed properly, names a
 * UID that was asked for and not yet delivered, and the response after it has begun; anything else is an
 * `abort`. Requested, delivered, NIL and missing always add up.
 */

import type { BodySink, BodyTarget, Doubt } from '../body-sink.js';
import { atomArgument } from '../command-text.js';
import { ProtocolViolationError } from '../errors.js';
import type { FetchedBody, FetchRow } from '../fetch-row.js';
import type { StatusResponse } from '../response-code.js';
import type { WireSession } from '../session.js';
import { UidSet } from '../uid-set.js';
import type { ValueCursor } from '../value-cursor.js';
import type { Claim, CommandReceiver } from '../wire-command.js';
import { type CommandOptions, uidSetArgument } from './arguments.js';
import { BodyDoubts } from './body-doubts.js';
import { ExpungeCollector, type IdentifiedRow } from './fetch-rows.js';

export interface BodyStart {
  /** Null where the server puts UID behind the body: it is known at `end`. */
  readonly uid: number | null;
  /** Octets to come. */
  readonly octets: number;
  /** The `<n>` of a partial body; null for a whole one, also where a part was asked for (Exmail ignores it). */
  readonly origin: number | null;
}

export interface BodyReceiver {
  /** A body begins: where its bytes are to go. Anything thrown ends the session. */
  begin(start: BodyStart): BodySink;
  /** A row without a body: flags nobody asked for, or the first half of a row split in two. */
  row?(row: IdentifiedRow): void;
}

export interface FetchBodiesOptions extends CommandOptions {
  /** Items beside the body, e.g. `RFC822.SIZE`, `FLAGS`; UID is always asked for. */
  readonly items?: readonly string[];
  readonly partial?: { readonly offset: number; readonly octets: number };
  /** Octets expected in the answer; without it the window does not apply. */
  readonly weight?: number;
}

export interface FetchBodiesResult {
  /** Bodies whose sink's `end` has returned. */
  readonly delivered: UidSet;
  /** The server said NIL: expunged meanwhile, or unreadable. Never an empty message. */
  readonly nil: UidSet;
  /** Asked for and neither delivered nor NIL. */
  readonly missing: UidSet;
  /** A second body came for these and was thrown away; a reason to distrust the first. */
  readonly duplicates: UidSet;
  /** Delivered, but doubtful, by the kind of doubt. */
  readonly doubts: Readonly<Record<Doubt, UidSet>>;
  /** Rows that said UID 0, thrown away. */
  readonly zeroUids: number;
  readonly vanished: UidSet;
  readonly expunged: number;
  /** For instance EXPUNGEISSUED, or Gmail's THROTTLED on an OK. */
  readonly code: string | null;
  readonly text: string;
}

/**
 * What of each message to fetch: '' is all of it. Always with PEEK, so that nothing is marked as seen. For
 * one or some header fields give `{ fields: [...] }`.
 */
export type BodySection = '' | 'HEADER' | 'TEXT' | { readonly fields: readonly string[] };

export function fetchBodies(
  session: WireSession,
  uids: UidSet,
  section: BodySection,
  receiver: BodyReceiver,
  options: FetchBodiesOptions = {},
): Promise<FetchBodiesResult> {
  const { partial } = options;
  const items = ['UID', ...(options.items ?? []).map(atomArgument)].join(' ');
  const range = partial === undefined ? '' : `<${partial.offset}.${partial.octets}>`;
  const collector = new BodyCollector(uids, section, options, receiver, session.tagPrefix);
  return session.execute(
    {
      name: 'UID FETCH',
      parts: [`UID FETCH ${uidSetArgument(uids)} (${items} BODY.PEEK[${sectionText(section)}]${range})`],
      mailbox: 'needs',
      ...(options.weight === undefined ? {} : { weight: options.weight }),
      receiver: collector,
      complete: (response) => collector.result(response),
    },
    options,
  );
}

function sectionText(section: BodySection): string {
  if (typeof section === 'string') return section;
  const { fields } = section;
  for (const field of fields) {
    if (!/^[A-Za-z0-9-]{1,100}$/.test(field))
      throw new RangeError(`${JSON.stringify(field)} is no header field`);
  }
  return `HEADER.FIELDS (${fields.join(' ')})`;
}

class BodyCollector implements CommandReceiver {
  readonly #requested: UidSet;
  readonly #sectionKind: string;
  /** Where the part that was asked for begins, null for all of the section. */
  readonly #offset: number | null;
  readonly #receiver: BodyReceiver;
  readonly #doubts: BodyDoubts;
  readonly #expunges = new ExpungeCollector();
  readonly #delivered = new UidSet();
  readonly #nil = new UidSet();
  readonly #duplicates = new UidSet();
  #zeroUids = 0;
  #open: OpenBody | null = null;

  constructor(
    requested: UidSet,
    section: BodySection,
    options: FetchBodiesOptions,
    receiver: BodyReceiver,
    tagPrefix: string,
  ) {
    this.#requested = requested;
    this.#sectionKind = typeof section === 'string' ? section : 'HEADER.FIELDS';
    this.#offset = options.partial?.offset ?? null;
    this.#receiver = receiver;
    const whole = section === '' && options.partial === undefined;
    this.#doubts = new BodyDoubts(options.items ?? [], whole, tagPrefix);
  }

  claimsRow(row: FetchRow, body: FetchedBody | null): Claim {
    const { uid } = row;
    if (uid !== null && !this.#requested.has(uid)) return null;
    if (body === null) return uid === null ? null : 'repeat';
    if (sectionKind(body) !== this.#sectionKind || (body.origin ?? this.#offset) !== this.#offset)
      return null;
    if (uid === null)
      return this.#delivered.size + this.#nil.size < this.#requested.size ? 'answer' : 'repeat';
    return this.#delivered.has(uid) || this.#nil.has(uid) ? 'repeat' : 'answer';
  }

  beginBody(row: FetchRow, body: FetchedBody, uidWasZero: boolean): BodyTarget | null {
    if (body.kind === 'nil') return null;
    this.#checkSection(body, row);
    if (uidWasZero) {
      this.#zeroUids += 1;
      return null;
    }
    if (row.uid !== null && !this.#isWanted(row.uid)) return null;
    const octets = body.kind === 'literal' ? body.octets : body.content.length;
    const sink = this.#receiver.begin({ uid: row.uid, octets, origin: body.origin });
    this.#doubts.begin();
    this.#open = new OpenBody(this, sink, octets, this.#doubts);
    return this.#open;
  }

  row(row: FetchRow, body: FetchedBody | null, uidWasZero: boolean): void {
    if (uidWasZero) this.#zeroUids += 1;
    else if (body === null) {
      this.#doubts.rowWithoutBody(row);
      if (row.uid !== null) this.#receiver.row?.(row as IdentifiedRow);
    } else {
      this.#checkSection(body, row);
      const uid = this.#uidOf(row);
      if (!this.#requested.has(uid)) throw unrequested(uid);
      this.#nil.add(uid);
    }
  }

  untagged(name: string, _number: number | null, cursor: ValueCursor): void {
    if (this.#expunges.untagged(name, cursor)) this.#doubts.renumbered();
  }

  abort(reason: Error): void {
    const open = this.#open;
    this.#open = null;
    open?.sink.abort(reason);
  }

  /** The row around the open body is complete. */
  close(row: FetchRow, uidWasZero: boolean): void {
    if (uidWasZero) {
      this.#zeroUids += 1;
      this.abort(new ProtocolViolationError('a message body with UID 0'));
    } else if (!this.#isWanted(this.#uidOf(row))) {
      this.abort(new ProtocolViolationError('a second body for one UID', { uid: row.uid }));
    }
  }

  /** The response after the row has begun: the body is what it said it was. */
  finish(row: FetchRow, octets: number): void | Promise<void> {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const uid = this.#uidOf(row);
    const doubts = this.#doubts.finish(row, uid, octets);
    const held = open.sink.end(row, doubts);
    if (held !== undefined) return held.then(() => this.#deliver(uid, doubts));
    this.#deliver(uid, doubts);
  }

  result(response: StatusResponse): FetchBodiesResult {
    const nil = this.#nil.subtract(this.#delivered);
    return {
      delivered: this.#delivered,
      nil,
      missing: this.#requested.subtract(this.#delivered).subtract(nil),
      duplicates: this.#duplicates,
      doubts: this.#doubts.found,
      zeroUids: this.#zeroUids,
      vanished: this.#expunges.vanished,
      expunged: this.#expunges.expunged,
      code: response.code,
      text: response.text,
    };
  }

  #deliver(uid: number, doubts: readonly Doubt[]): void {
    this.#delivered.add(uid);
    for (const doubt of doubts) this.#doubts.found[doubt].add(uid);
  }

  /** False for a second body of one UID, which is noted. Throws for one that nobody asked for. */
  #isWanted(uid: number): boolean {
    if (!this.#requested.has(uid)) throw unrequested(uid);
    if (!this.#delivered.has(uid)) return true;
    this.#duplicates.add(uid);
    return false;
  }

  #uidOf(row: FetchRow): number {
    if (row.uid === null) throw new ProtocolViolationError('a message body without a UID');
    return row.uid;
  }

  /** The section must be the one asked for; header fields may be quoted or written in another case. */
  #checkSection(body: FetchedBody, row: FetchRow): void {
    const kind = sectionKind(body);
    if (kind === this.#sectionKind) return;
    throw new ProtocolViolationError('a body section nobody asked for', {
      uid: row.uid,
      context: kind.slice(0, 40),
    });
  }
}

/** One body between its first octet and the response after it. */
class OpenBody implements BodyTarget {
  readonly sink: BodySink;
  readonly #collector: BodyCollector;
  readonly #octets: number;
  readonly #doubts: BodyDoubts;

  constructor(collector: BodyCollector, sink: BodySink, octets: number, doubts: BodyDoubts) {
    this.#collector = collector;
    this.sink = sink;
    this.#octets = octets;
    this.#doubts = doubts;
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#doubts.see(chunk);
    return this.sink.write(chunk);
  }

  close(row: FetchRow, uidWasZero: boolean): void {
    this.#collector.close(row, uidWasZero);
  }

  finish(row: FetchRow): void | Promise<void> {
    return this.#collector.finish(row, this.#octets);
  }
}

/** "HEADER.FIELDS" of `HEADER.FIELDS (Message-ID)`. */
function sectionKind(body: FetchedBody): string {
  return body.section.split(' ', 1)[0] ?? '';
}

function unrequested(uid: number): ProtocolViolationError {
  return new ProtocolViolationError('a message body for a UID that was not asked for', { uid });
}

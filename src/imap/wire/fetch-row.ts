/**
 * What a FETCH response says, and the two lists in it that repeat from row to row.
 */
import { BACKSLASH, latin1, SPACE } from './bytes.js';
import type { InternalDate } from './internal-date.js';
import { ValueCursor } from './value-cursor.js';

/** What one FETCH response said. Null: the attribute was absent, NIL, or (date, EMAILID) unreadable. */
export interface FetchRow {
  readonly sequence: number;
  /** Never 0: a row with UID 0 has null here. */
  readonly uid: number | null;
  /** System flags and keywords as sent (raw bytes in latin1), one frozen array per distinct spelling. */
  readonly flags: readonly string[] | null;
  readonly modseq: bigint | null;
  /** RFC822.SIZE: only what the server claims; Exchange estimates it. */
  readonly size: number | null;
  readonly internalDate: InternalDate | null;
  /** RFC 8474 EMAILID, 1 to 255 of `A-Za-z0-9_-`. */
  readonly emailId: string | null;
  /** X-GM-MSGID, decimal digits. */
  readonly gmailMessageId: string | null;
  /** X-GM-LABELS as raw bytes in latin1, in modified UTF-7, one frozen array per distinct spelling. */
  readonly gmailLabels: readonly string[] | null;
}

/** The value of a BODY[...] attribute. */
export type FetchedBody =
  | {
      readonly kind: 'literal';
      readonly section: string;
      readonly origin: number | null;
      readonly octets: number;
    }
  | {
      readonly kind: 'quoted';
      readonly section: string;
      readonly origin: number | null;
      readonly content: Buffer;
    }
  | { readonly kind: 'nil'; readonly section: string; readonly origin: number | null };

export type MutableFetchRow = { -readonly [Key in keyof FetchRow]: FetchRow[Key] };

export function emptyRow(sequence: number): MutableFetchRow {
  return {
    sequence,
    uid: null,
    flags: null,
    modseq: null,
    size: null,
    internalDate: null,
    emailId: null,
    gmailMessageId: null,
    gmailLabels: null,
  };
}

/** Leniency "flags without separating space": `\Seen\Flagged` is two flags. */
export function splitFlags(bytes: Buffer): string[] {
  const flags = new Set<string>();
  let start = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    const byte = at < bytes.length ? bytes[at]! : SPACE;
    if (byte !== SPACE && (byte !== BACKSLASH || at === start)) continue;
    if (at > start) flags.add(latin1(bytes, start, at));
    start = byte === SPACE ? at + 1 : at;
  }
  return [...flags];
}

/** The labels in a parenthesised list of atoms, quoted strings and literals. */
export function splitLabels(bytes: Buffer): string[] {
  const labels: string[] = [];
  const cursor = new ValueCursor(bytes, 1, bytes.length - 1);
  while (!cursor.done) labels.push(cursor.string());
  return labels;
}

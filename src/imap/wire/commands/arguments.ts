/** What several commands read or write alike. */
import { MAX_NUMBER_32 } from '../bytes.js';
import { ProtocolViolationError } from '../errors.js';
import { splitFlags } from '../fetch-row.js';
import type { StatusResponse } from '../response-code.js';
import { UidSet } from '../uid-set.js';
import { ValueCursor } from '../value-cursor.js';

/** Every command takes a signal: see `WireSession.execute` for what aborting does. */
export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
}

/** RFC 7162 section 4 and Exchange's limit, less room for the rest of the command. */
const MAX_SET_OCTETS = 8000;

/** Of new messages, and of changes to those that are there. */
const MAX_MORE_ROWS = 100_000;

/** A UID set as an argument. Throws RangeError where it is empty or too long: cut it with `slices()`. */
export function uidSetArgument(uids: UidSet): string {
  const text = uids.toString();
  if (text === '') throw new RangeError('an empty UID set cannot be sent');
  if (text.length > MAX_SET_OCTETS) throw new RangeError('the UID set is too long for one command');
  return text;
}

/** A cursor over a response code's arguments. */
export function codeCursor(response: StatusResponse): ValueCursor {
  const bytes = Buffer.from(response.codeArguments, 'latin1');
  return new ValueCursor(bytes, 0, bytes.length);
}

/** The UID set here; throws ProtocolViolationError where there is none. */
export function readUidSet(cursor: ValueCursor): UidSet {
  const start = cursor.at;
  let end = start;
  while (end < cursor.end && cursor.bytes[end] !== 32 && cursor.bytes[end] !== 41) end += 1;
  const set = UidSet.parse(cursor.bytes, start, end);
  if (set === null) throw cursor.violation('a malformed UID set');
  cursor.at = end;
  cursor.spaces();
  return set;
}

/** The id in `(id)` as MAILBOXID has it (RFC 8474), null where it breaks the grammar: Cyrus can send garbage. */
export function objectId(text: string): string | null {
  return /^\(([A-Za-z0-9_-]{1,255})\)$/.exec(text)?.[1] ?? null;
}

/** The flags in `(\Seen $x)`, raw; none where there is no list. */
export function flagList(text: string): string[] {
  const inside = /^\((.*)\)$/s.exec(text.trim())?.[1] ?? '';
  return splitFlags(Buffer.from(inside, 'latin1'));
}

/** Leniency "UIDNEXT beyond 32 bits": a mailbox that has used up its UIDs can't name the next one. */
export function uidOrNull(value: number): number | null {
  return value === 0 || value > MAX_NUMBER_32 ? null : value;
}

/** Leniency "HIGHESTMODSEQ beyond 63 bits" (RFC 4551 allowed 64): none, since no command could name it. */
export function modseqOrNull(value: bigint | null): bigint | null {
  return value === null || value === 0n || value > 0x7fff_ffff_ffff_ffffn ? null : value;
}

/** The number that fills the text, null for anything else; 20 digits hold 64 bits. */
export function wholeNumber(text: string): bigint | null {
  return /^\d{1,20}$/.test(text) ? BigInt(text) : null;
}

/**
 * Throws ProtocolViolationError for more rows than a mailbox with so many messages can be told in: each may come
 * in two halves, and again where it changes meanwhile. `exists` is null where the server has not told it yet.
 */
export function assertPlausible(rows: number, exists: number | null): void {
  if (exists !== null && rows > 4 * exists + MAX_MORE_ROWS)
    throw new ProtocolViolationError(`more than ${rows - 1} rows of a mailbox with ${exists} messages`);
}

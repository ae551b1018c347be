/**
 * Gives every message a number for good, in the order in which they were first seen: POP3 identifies messages by
 * texts, the index by UIDs. The map is the checkpoint of the mailbox, so it is stored with the rows that it
 * names, in one transaction. A number is never given to a second message.
 */
import { randomInt } from 'node:crypto';
import { ProtocolError } from './errors.js';
import type { NumberedMessage } from './maildrop.js';

/** A message as this run sees it: what tells it from all others, and its size. */
export interface IdentifiedMessage extends NumberedMessage {
  /** The UIDL, or what stands for one. */
  readonly key: string;
}

interface Entry {
  readonly uid: number;
  readonly size: number;
}

/** Messages that are listed no more and remembered all the same: a listing may be wrong, or be believed late. */
const MAX_REMEMBERED = 10_000;

export interface UidMap {
  /** A number of ours for this series of UIDs, in decimal. */
  readonly uidValidity: string;
  readonly next: number;
  /** By key: the listed ones first, then others that were listed once. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly listed: number;
  /** Whether the listing that it was made from was whole. */
  readonly whole: boolean;
}

export interface Numbered {
  readonly map: UidMap;
  /** UID by message, in the order of the messages. */
  readonly uids: readonly number[];
  /** Messages that have another size than the one that had their UIDL before: they are others. */
  readonly reused: number;
}

/**
 * `forget`: UIDs that need not be known any more once they are not listed. `above`: without a map, numbers begin
 * above this one, so that what stays of an earlier series keeps its number to itself.
 */
export function numberMessages(
  map: UidMap | null,
  messages: readonly IdentifiedMessage[],
  {
    forget,
    above,
    whole,
  }: { readonly forget: ReadonlySet<number>; readonly above: number; readonly whole: boolean },
): Numbered {
  let next = map?.next ?? above + 1;
  const entries = new Map<string, Entry>();
  let reused = 0;
  const uids = messages.map(({ key, size }) => {
    const before = map?.entries.get(key);
    if (before !== undefined && before.size !== size) reused += 1;
    const entry = before?.size === size ? before : { uid: next++, size };
    entries.set(key, entry);
    return entry.uid;
  });
  if (next > 0xffff_ffff) throw new ProtocolError('it has used up all UIDs');
  const listed = entries.size;
  const others = [...(map?.entries ?? [])].filter(([key, { uid }]) => !entries.has(key) && !forget.has(uid));
  others.sort(([, a], [, b]) => b.uid - a.uid);
  for (const [key, entry] of others.slice(0, MAX_REMEMBERED)) entries.set(key, entry);
  // A random number: one that was lost must not come back for other UIDs.
  const uidValidity = map?.uidValidity ?? String(randomInt(1, 0x7fff_ffff));
  return { map: { uidValidity, next, entries, listed, whole }, uids, reused };
}

/** Whether exactly these messages are in the map: nothing came, nothing left. */
export function isUnchanged(map: UidMap, messages: readonly IdentifiedMessage[]): boolean {
  if (!map.whole || map.listed !== messages.length) return false;
  const before = new Map([...map.entries].slice(0, map.listed));
  return messages.every(({ key, size }) => before.get(key)?.size === size);
}

export function encodeMap({ uidValidity, next, entries, listed, whole }: UidMap): string {
  const keys = [...entries.keys()];
  const uids = keys.map((key) => entries.get(key)!.uid);
  const sizes = keys.map((key) => entries.get(key)!.size);
  return JSON.stringify({ protocol: 'pop3', uidValidity, next, whole, listed, keys, uids, sizes });
}

/** null for text that isn't one, such as the checkpoint of an IMAP mailbox: UIDs then begin anew. */
export function decodeMap(text: string | null): UidMap | null {
  if (text === null) return null;
  try {
    const { protocol, uidValidity, next, whole, listed, keys, uids, sizes } = JSON.parse(text) as StoredMap;
    if (protocol !== 'pop3') return null;
    const entries = new Map(keys.map((key, at) => [key, { uid: uids[at]!, size: sizes[at]! }]));
    return { uidValidity, next, whole, listed, entries };
  } catch {
    return null;
  }
}

interface StoredMap {
  readonly protocol: string;
  readonly uidValidity: string;
  readonly next: number;
  readonly whole: boolean;
  readonly listed: number;
  readonly keys: readonly string[];
  readonly uids: readonly number[];
  readonly sizes: readonly number[];
}

/**
 * Gives every message a number for good, in the order in which they were first seen: POP3 identifies messages by
 * texts, the index by UIDs. The map is the checkpoint of the mailbox, so it is stored with the rows that it
 * names, in one transaction. A number is never given to a second message.
 */
import { randomInt } from 'node:crypto';
import { ProtocolError } from './errors.js';

/** A message as this run sees it: what tells it from all others, and its size. */
export interface IdentifiedMessage {
  readonly number: number;
  readonly size: number;
  /** The UIDL, or what stands for one. */
  readonly key: string;
}

interface Entry {
  readonly uid: number;
  readonly size: number;
}

export interface UidMap {
  /** A number of ours for this series of UIDs, in decimal. */
  readonly uidValidity: string;
  readonly next: number;
  readonly entries: ReadonlyMap<string, Entry>;
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
 * `known`: UIDs that the index holds, of which those that are not listed now are remembered as well, so that a
 * listing that was wrong costs nothing once it is right again.
 */
export function numberMessages(
  map: UidMap | null,
  messages: readonly IdentifiedMessage[],
  { known, whole }: { readonly known: ReadonlySet<number>; readonly whole: boolean },
): Numbered {
  let next = map?.next ?? 1;
  for (const uid of known) next = Math.max(next, uid + 1);
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
  for (const [key, entry] of map?.entries ?? []) {
    if (!entries.has(key) && known.has(entry.uid)) entries.set(key, entry);
  }
  // A random number: one that was lost must not come back for other UIDs.
  const uidValidity = map?.uidValidity ?? String(randomInt(1, 0x7fff_ffff));
  return { map: { uidValidity, next, entries, whole }, uids, reused };
}

/** Whether exactly these messages are in the map: nothing came, nothing left. */
export function isUnchanged(map: UidMap, messages: readonly IdentifiedMessage[]): boolean {
  return (
    map.whole &&
    map.entries.size === messages.length &&
    messages.every(({ key, size }) => map.entries.get(key)?.size === size)
  );
}

export function encodeMap({ uidValidity, next, entries, whole }: UidMap): string {
  const keys = [...entries.keys()];
  const uids = keys.map((key) => entries.get(key)!.uid);
  const sizes = keys.map((key) => entries.get(key)!.size);
  return JSON.stringify({ protocol: 'pop3', uidValidity, next, whole, keys, uids, sizes });
}

/** null for text that isn't one, such as the checkpoint of an IMAP mailbox: UIDs then begin anew. */
export function decodeMap(text: string | null): UidMap | null {
  if (text === null) return null;
  try {
    const { protocol, uidValidity, next, whole, keys, uids, sizes } = JSON.parse(text) as StoredMap;
    if (protocol !== 'pop3') return null;
    const entries = new Map(keys.map((key, at) => [key, { uid: uids[at]!, size: sizes[at]! }]));
    return { uidValidity, next, whole, entries };
  } catch {
    return null;
  }
}

interface StoredMap {
  readonly protocol: string;
  readonly uidValidity: string;
  readonly next: number;
  readonly whole: boolean;
  readonly keys: readonly string[];
  readonly uids: readonly number[];
  readonly sizes: readonly number[];
}

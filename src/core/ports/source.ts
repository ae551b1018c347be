/**
 * What the jobs need from the outside world. Adapters implement these; jobs know nothing else of them.
 * Every method that can wait takes an AbortSignal or lives in an object that was opened with one.
 */
import type { Listing } from '../mailbox/listing.js';
import type { MailboxPath } from '../mailbox/mailbox-path.js';

/** What an IMAP server can tell about changes: QRESYNC (RFC 7162), CONDSTORE (RFC 7162) or neither. */
export type Tier = 'qresync' | 'condstore' | 'plain';

/** POP3 has one mailbox, no flags and no dates of receipt. */
export type SourceTier = Tier | 'pop3';

/** A set of UIDs that costs little however wide it is. */
export interface UidSet {
  readonly size: number;
  has(uid: number): boolean;
}

/** Going through all of them may cost as much as there are; the rest costs little. */
export interface KnownUids extends UidSet {
  /** Ascending. */
  [Symbol.iterator](): Iterator<number>;
}

export interface PolledMailbox {
  /** The raw name on the wire, one char per octet: the mailbox's identity on this server. */
  readonly wireName: string;
  readonly path: MailboxPath;
  /** false for \Noselect and \NonExistent: structure only. */
  readonly selectable: boolean;
  /** `\Sent`, `\Trash`, ... (RFC 6154) or null. */
  readonly specialUse: string | null;
  readonly subscribed: boolean;
  /** MESSAGES as STATUS says, or null where it didn't. */
  readonly messages: number | null;
  readonly uidValidity: string | null;
  /** false only if the server's answer proves that nothing changed since the given checkpoint. */
  readonly changed: boolean;
}

export interface ObserveRequest {
  readonly wireName: string;
  /** The checkpoint of the last complete observation, or null for a mailbox never seen. */
  readonly checkpoint: string | null;
  /** UIDs that the index holds as present in the current generation. */
  readonly known: KnownUids;
  /** Those of `known` that mailkeep itself took off the server: nobody misses them there. Default: none. */
  readonly keptHere?: ReadonlySet<number>;
  /** Without a checkpoint: the highest UID that the index has of this mailbox in any generation. Default: none. */
  readonly highestUid?: number;
  /** Trust no cursor: list every UID and flag. */
  readonly full: boolean;
}

export interface Observation {
  /** false: the UIDs of the last checkpoint mean nothing any more (new UIDVALIDITY, or first sight). */
  readonly sameIdSpace: boolean;
  /** Opaque to everyone but the source that made it; to be stored with the rows it covers. */
  readonly checkpoint: string;
  /** true: the checkpoint is what gave the rows their UIDs, so it is stored even if the answer is not whole. */
  readonly checkpointNamesUids?: boolean;
  readonly uidValidity: string;
  /** MAILBOXID (RFC 8474): stays with a mailbox through renames; null where the server told none. */
  readonly mailboxId: string | null;
  /** Changed and new messages; all of them where `roster` is set. */
  readonly listing: Listing;
  /** Every UID the mailbox holds, or null where the source told the vanished ones. */
  readonly roster: UidSet | null;
  /** UIDs that the server itself said are gone. */
  readonly vanished: UidSet | null;
  /** EXISTS of the same SELECT. */
  readonly exists: number;
  /** null when the answer is whole; else why absence in it proves nothing. */
  readonly incomplete: string | null;
}

export interface FetchItem {
  readonly uid: number;
  /** Octets expected, for windows; may be wrong. */
  readonly size: number;
}

export interface FetchRequest {
  readonly wireName: string;
  readonly path: string;
  /** UIDVALIDITY under which the UIDs were listed; the source refuses to fetch under another. */
  readonly uidValidity: string;
  /** Ascending by UID. */
  readonly items: readonly FetchItem[];
}

export interface LabelRequest {
  readonly wireName: string;
  readonly path: string;
  /** UIDVALIDITY under which the UIDs were listed. */
  readonly uidValidity: string;
  /** Ascending. */
  readonly uids: readonly number[];
}

export interface LabelReceiver {
  /** Canonical labels, see labels.ts. */
  told(request: LabelRequest, uid: number, labels: string): void;
  /** The mailbox can't be read. */
  mailboxFailed(request: LabelRequest, reason: string): void;
}

/** Takes the octets of one message. After `end` or `abort` it is not used again. */
export interface BodySink {
  /** A returned promise holds the server back until it resolves. The chunk is only valid until then. */
  write(chunk: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
  abort(): void;
}

export interface BodyReceiver {
  /**
   * Called once for each body that arrives, with the octets that follow. `receivedAt` (seconds since 1970 UTC) is
   * the date that the source derived from the message itself, where its server has none to list.
   */
  begin(request: FetchRequest, uid: number, size: number, receivedAt?: number): BodySink;
  /** The server didn't deliver this UID: why, in words. */
  failed(request: FetchRequest, uid: number, reason: string): void;
  /** The whole mailbox can't be read. */
  mailboxFailed(request: FetchRequest, reason: string): void;
}

/** Parts of a message: its header block, the body's start, the message's end and slices in between. */
export interface Probe {
  /** `BODY.PEEK[HEADER]`, with the empty line that ends it. */
  readonly header: Uint8Array;
  /** Octets by their offset in the whole message. */
  readonly slices: readonly { readonly offset: number; readonly octets: Uint8Array }[];
}

/** What a server said to the deletion of stored messages. */
export interface RemovalOutcome {
  /** Messages that the server marked, and therefore `marked` was told of. */
  readonly marked: number;
  /** Whether the server confirmed that the marked ones are gone; if not, the next listing tells. */
  readonly confirmed: boolean;
}

/** Takes messages off a server that keeps them only until they were fetched (POP3). */
export interface ServerCleaner {
  /** UIDs that this session's server lists. */
  readonly listed: UidSet;
  /**
   * Marks the messages as deleted, tells `marked` which ones the server agreed to, and only then has it delete
   * them. The session is over afterwards, whatever came of it; no error is thrown for a lost reply.
   */
  remove(uids: readonly number[], marked: (uids: readonly number[]) => void): Promise<RemovalOutcome>;
}

/** A signed-in session with the server of one account. Alters nothing there but through `cleaner`. */
export interface Source {
  readonly tier: SourceTier;
  /** null where messages can't be, or must not be, deleted. */
  readonly cleaner?: ServerCleaner | null;
  poll(checkpoints: ReadonlyMap<string, string>): Promise<PolledMailbox[]>;
  /** Why the last poll may lack mailboxes, so that those it does not name have not gone for that; null otherwise. */
  readonly unlisted?: string | null;
  /** Observes each mailbox; `receive` gets an observation or a MailboxError, in any order, one at a time. */
  observe(
    requests: readonly ObserveRequest[],
    receive: (request: ObserveRequest, outcome: Observation | Error) => void | Promise<void>,
  ): Promise<void>;
  /** Delivers bodies exactly as `BODY.PEEK[]` sends them. Throws only what ends the account's run. */
  fetch(requests: readonly FetchRequest[], receiver: BodyReceiver): Promise<void>;
  /**
   * Delivers parts of each message, to recognise content that is here already; `places` as in probe-slices.ts.
   * Silent about what it can't have.
   */
  probe(
    requests: readonly FetchRequest[],
    places: readonly number[],
    receive: (request: FetchRequest, uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void>;
  /** Asks for the labels of messages again (X-GM-LABELS). Silent about those that are gone. */
  labels(requests: readonly LabelRequest[], receiver: LabelReceiver): Promise<void>;
  close(): Promise<void>;
}

export interface SourceFactory {
  open(signal: AbortSignal): Promise<Source>;
}

/**
 * What restore needs of the server that gets the mail, and of the record of what was sent there. It only
 * adds: nothing on the target is changed or removed. One `RestoreTarget` is one connection.
 */
import type { AccountError, MailkeepError } from '../errors.js';
import type { MailboxPath } from '../mailbox/mailbox-path.js';

export interface TargetMailbox {
  readonly wireName: string;
  readonly path: MailboxPath;
  readonly selectable: boolean;
  readonly specialUse: string | null;
}

/** A message that is on the target. */
export interface TargetMessage {
  readonly uid: number;
  readonly size: number;
  /** INTERNALDATE, seconds since 1970 UTC; null where the server gave none that can be read. */
  readonly receivedAt: number | null;
  readonly messageId: string | null;
  /** Canonical, see flags.ts. */
  readonly flags: string;
  /** EMAILID or X-GM-MSGID; null where the server has neither. */
  readonly identity: string | null;
  /** X-GM-LABELS in their raw form; null on other servers. */
  readonly labels: readonly string[] | null;
}

/** One mailbox of the target as it is now. */
export interface TargetSurvey {
  /** null: UIDs mean nothing beyond this session, so nothing is remembered about them. */
  readonly uidValidity: string | null;
  /** UIDs from here on are of messages that arrive later. */
  readonly uidNext: number;
  /** null: every flag and keyword can be stored. */
  readonly permanentFlags: readonly string[] | null;
  /** Most octets of a message (RFC 7889); null for no known limit. */
  readonly appendLimit: number | null;
  readonly messages: readonly TargetMessage[];
}

/** What the target says of a message that was sent to it. */
export interface ReadBackRow {
  readonly uid: number;
  readonly size: number;
  readonly receivedAt: number | null;
  /** Canonical, see flags.ts. */
  readonly flags: string;
}

export interface QuotaResource {
  readonly root: string;
  /** STORAGE in octets, MESSAGE in messages; others as the server counts them. */
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}

export interface AppendItem {
  readonly size: number;
  readonly receivedAt: number;
  readonly flags: readonly string[];
  /** Exactly `size` octets, read when the server is ready for them. */
  readonly content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export type AppendOutcome =
  | { readonly kind: 'done'; readonly uidValidity: string | null; readonly uid: number | null }
  /** The server does not want this message. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The server wants no further message: the quota is used up. */
  | { readonly kind: 'full'; readonly reason: string }
  /** The server asks to go slower: nothing more is to be sent in this run. */
  | { readonly kind: 'wait'; readonly error: AccountError }
  /** The connection ended first: whether the message is there, only looking can tell. */
  | { readonly kind: 'unknown' };

export interface TargetTraits {
  /** Whether messages are sent without a round trip for each (LITERAL+). */
  readonly streams: boolean;
  /** Whether mailboxes are labels on one copy of a message (X-GM-EXT-1). */
  readonly labels: boolean;
}

export interface RestoreTarget {
  readonly traits: TargetTraits;
  /** What ended the connection, null while it is of use. */
  readonly failure: MailkeepError | null;
  list(): Promise<TargetMailbox[]>;
  /** The name on this server for decoded components; `changed` says how it had to differ, or null. */
  nameOf(components: readonly string[]): TargetName;
  /** The same in characters that every server takes, with a suffix for each level, for where `nameOf` is refused. */
  plainNameOf(components: readonly string[], suffixes: readonly string[]): TargetName;
  /** Throws MailboxError where it can't be opened. Calls may overlap. */
  survey(wireName: string): Promise<TargetSurvey>;
  /** Messages with UIDs from `first` on. */
  arrivedSince(wireName: string, first: number): Promise<TargetMessage[]>;
  /** Size, date and flags of these messages; one that is not there has no row. */
  readBack(wireName: string, uids: readonly number[]): Promise<ReadBackRow[]>;
  /** SHA-256 of the whole messages, as the server sends them back. */
  digests(wireName: string, uids: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Empty where the server has no quota or does not tell. */
  quota(): Promise<QuotaResource[]>;
  /**
   * Creates and subscribes, with the special use where the server takes one. Existing is fine. Throws
   * MailboxError where it is refused.
   */
  create(wireName: string, specialUse: string | null): Promise<void>;
  /** One outcome for each item, in order. */
  append(wireName: string, items: readonly AppendItem[]): Promise<AppendOutcome[]>;
  /** Throws MailboxError where the server refuses it. */
  addFlag(wireName: string, uids: readonly number[], flag: string): Promise<void>;
  /** Adds a mailbox's label to messages of another mailbox (X-GM-EXT-1). */
  label(wireName: string, uids: readonly number[], label: string): Promise<void>;
  /** Which of them have the label now. */
  labelled(wireName: string, uids: readonly number[], label: string): Promise<ReadonlySet<number>>;
  /** The label that puts a message into this mailbox; null where none does. */
  labelOf(mailbox: Pick<TargetMailbox, 'wireName' | 'specialUse'>): string | null;
  /** A label of the archive in this server's spelling; null for one that only the server sets, or that moves. */
  labelNamed(name: string): string | null;
  close(): Promise<void>;
}

export interface TargetName {
  readonly wireName: string;
  readonly components: readonly string[];
  readonly changed: boolean;
}

/** A message on the target that restore sent there. */
export interface LedgerEntry {
  readonly uid: number;
  readonly sha256: string;
  /** INTERNALDATE that was asked for. */
  readonly receivedAt: number;
  /** Octets the target keeps it in, as read back; null until then. */
  readonly seenSize: number | null;
}

/** A message that was about to be sent when the ledger heard of it last. */
export interface PendingEntry {
  readonly sha256: string;
  readonly receivedAt: number;
  /** The target gives it this UID or a higher one. */
  readonly uidNext: number;
}

/** Which mailbox of the target, in which state of its UIDs. */
export interface LedgerPlace {
  readonly wireName: string;
  readonly uidValidity: string;
}

/**
 * What was sent to this target and where it came to lie; durable. It only resolves doubt: a message counts as
 * present only if the target shows it.
 */
export interface RestoreLedger {
  known(place: LedgerPlace): LedgerEntry[];
  pending(place: LedgerPlace): PendingEntry[];
  /** Called before the messages are sent. */
  recordPending(place: LedgerPlace, entries: readonly PendingEntry[]): void;
  /** Messages whose UID is known now; they are pending no more. */
  recordKnown(place: LedgerPlace, entries: readonly LedgerEntry[]): void;
  /** Everything sent to this mailbox was looked for: nothing is in doubt. */
  clearPending(place: LedgerPlace): void;
  /** The name under which a refused one was created before, or null. */
  givenName(wanted: string): string | null;
  recordGivenName(wanted: string, given: string): void;
  close(): void;
}

/** What restore needs of the server that gets the mail. It only adds: nothing there is changed or removed. */
import type { MailboxPath } from './mailbox-path.js';

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
}

export interface OpenTarget {
  readonly exists: number;
  readonly uidValidity: string | null;
  /** null: every flag and keyword can be stored. */
  readonly permanentFlags: readonly string[] | null;
}

export interface AppendItem {
  readonly size: number;
  readonly receivedAt: number;
  readonly flags: readonly string[];
  /** Exactly `size` octets, read when the server is ready for them. */
  readonly content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export type AppendOutcome =
  | { readonly kind: 'done'; readonly uid: number | null }
  | { readonly kind: 'refused'; readonly reason: string };

export interface RestoreTarget {
  list(): Promise<TargetMailbox[]>;
  /** The name on this server for a path; `changed` says how it had to differ, or null. */
  nameOf(path: MailboxPath): { wireName: string; changed: string | null };
  /** Throws MailboxError where it can't be opened. */
  open(wireName: string): Promise<OpenTarget>;
  /** Every message there. */
  inventory(wireName: string): Promise<TargetMessage[]>;
  /** The UIDs there; may say fewer where the server can't be asked for them alone. */
  uids(wireName: string): Promise<ReadonlySet<number>>;
  /** SHA-256 of the whole messages, as the server sends them back. */
  digests(wireName: string, uids: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Creates and subscribes. Existing is fine. Throws MailboxError where it is refused. */
  create(wireName: string): Promise<void>;
  /** One outcome for each item, in order. Throws AccountError where the target can take no more now. */
  append(wireName: string, items: readonly AppendItem[]): Promise<AppendOutcome[]>;
  close(): Promise<void>;
}

/**
 * What an import needs: mail as other programs keep it on this machine, and an index that takes messages which
 * no server has told of. They count as mail that left the server with the import's run: in `removed/`, in
 * mailboxes that are not listed, so that nothing ever takes them for what the server holds.
 */
import type { BodyFacts, FilePlace } from './store.js';

export const IMPORT_FORMATS = ['maildir', 'mbox'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface LocalMailbox {
  /** Below the path that was named, for people; '' for the path itself. */
  readonly from: string;
  /** Decoded names from the top of the hierarchy down. */
  readonly components: readonly string[];
}

/** What a mailbox's messages are, one after the other. `failed` also ends a message that has begun. */
export type LocalEvent =
  | {
      readonly kind: 'begin';
      /** For people: where the message lies. */
      readonly file: string;
      /** Seconds since 1970 UTC: the best guess at INTERNALDATE. */
      readonly receivedAt: number;
      /** Canonical flags. */
      readonly flags: string;
    }
  | { readonly kind: 'octets'; readonly octets: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly file: string; readonly reason: string };

/** Only ever reads. */
export interface LocalMail {
  readonly mailboxes: readonly LocalMailbox[];
  read(mailbox: LocalMailbox): AsyncIterable<LocalEvent>;
}

export interface ImportNames {
  readonly path: string;
  readonly components: readonly string[];
  readonly folder: string;
}

/** A mailbox that takes an import's messages, under a generation of UIDs of its own. */
export interface ImportMailbox {
  readonly mailbox: number;
  readonly folder: string;
  readonly generation: number;
}

export interface ImportedMessage {
  readonly uid: number;
  readonly receivedAt: number;
  readonly flags: string;
  readonly letters: string;
  readonly body: Omit<BodyFacts, 'messageId'>;
  readonly messageId: string | null;
}

export interface ImportIndex {
  /** A run's number. Until `end` the account counts as one whose last run was cut short, so that a sync sweeps up. */
  begin(): number;
  end(): void;
  /** The mailbox that an earlier import made for these names; null where there is none. */
  find(names: ImportNames): { readonly mailbox: number; readonly folder: string } | null;
  /** Makes the mailbox, or opens a new generation of it; durable before the first file. */
  open(run: number, names: ImportNames): ImportMailbox;
  /** Whether a file here holds this content, in this mailbox or in any that a server had. */
  has(sha256: string, mailbox: number | null): boolean;
  /** A file with this content and this mtime; null if there is none. */
  twin(sha256: string, receivedAt: number): FilePlace | null;
  isKnown(mailbox: number, generation: number, uid: number): boolean;
  /** Their files are durable. One transaction. */
  record(run: number, into: ImportMailbox, messages: readonly ImportedMessage[]): void;
}

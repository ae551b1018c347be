/** What searching and indexing need of the search index. It is a cache: whatever is missing is computed again. */
import type { AttachmentFacts, ContentFacts, HeaderFacts, Protection } from '../message/message-facts.js';
import type { PhraseTerm, Query } from '../query/query.js';
import type { FilePlace } from './store.js';

/** A message that the index knows and search does not, or not wholly; and one of its files. */
export interface UnreadMessage {
  readonly id: number;
  readonly sha256: string;
  readonly size: number;
  /** Null where no file of it is there any more. */
  readonly place: FilePlace | null;
}

export interface ReadHeader {
  readonly id: number;
  readonly sha256: string;
  /** Null where there is no file: it is not searched for until there is one again. */
  readonly facts: HeaderFacts | null;
}

/** Facts of a whole message, made ready for the index by whoever read it. */
export interface ReadText {
  readonly facts: ContentFacts;
  /** `searchableText` of the text and of the attachments' names. */
  readonly words: string;
  readonly names: string;
  /** The text as it reads, UTF-8 in raw deflate. */
  readonly packed: Uint8Array;
}

export interface TextOutcome {
  readonly id: number;
  readonly sha256: string;
  /** A reason where the message broke its reader, took too long or too much memory. */
  readonly read: ReadText | { readonly broken: string };
}

export interface SearchIndexWriter {
  /** Whether the index has messages whose header is not here. Cheap. */
  isBehind(): boolean;
  /** How many they are. Counts. */
  missingHeaders(): number;
  /** Compares everything with the index: forgets what is not there any more, and has what was missed read again. */
  reconcile(): void;
  unreadHeaders(limit: number): UnreadMessage[];
  enterHeaders(headers: readonly ReadHeader[]): void;
  unreadTexts(after: number, limit: number): UnreadMessage[];
  enterTexts(texts: readonly TextOutcome[]): void;
  unindexed(): Unindexed;
}

/** What search does not find by its text. */
export interface Unindexed {
  /** Messages whose text is still to be read. */
  readonly waiting: number;
  /** Messages whose text can't be read; they are found by their header. */
  readonly broken: number;
}

/** Octets of a header block that search reads. */
export const MAX_SEARCH_HEADER = 64 * 1024;

export type SortOrder = 'date' | 'relevance';

export interface SearchRequest {
  readonly query: Query;
  readonly sort: SortOrder;
  readonly limit: number;
  /** The mailboxes by their names, as they are or were. */
  readonly mailboxes: readonly { readonly id: number; readonly path: string }[];
  /** The run at whose end the archive is meant; null for now. */
  readonly at: number | null;
}

/** A place of a found message. */
export interface FoundPlace {
  readonly path: string;
  readonly flags: string;
  readonly removed: boolean;
  readonly place: FilePlace;
}

/** One content with its places. */
export interface FoundMessage {
  /** Within the index that it comes from. */
  readonly id: number;
  readonly sha256: string;
  readonly size: number;
  /** See message-date.ts; milliseconds since 1970 UTC. */
  readonly date: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: string;
  readonly subject: string;
  readonly messageId: string | null;
  readonly attachments: readonly AttachmentFacts[];
  readonly attached: boolean;
  readonly protection: Protection | null;
  readonly listId: string | null;
  readonly authentication: string | null;
  readonly broken: string | null;
  readonly places: readonly FoundPlace[];
  /** Lower is better; 0 where the query has no words. */
  readonly rank: number;
}

/** What search knows of the contents of messages at one moment, as far as one query asks for them. */
export interface KnownContents {
  /** Null where it does not know as much as the message itself would tell. */
  of(sha256: string): KnownContent | null;
}

export interface KnownContent {
  /** Of the Date field, milliseconds since 1970 UTC. */
  readonly date: number | null;
  readonly hasAttachment: boolean;
  /** For terms of that query. */
  holds(term: PhraseTerm): boolean;
}

/** What making the index anew needs: the journal read whole, the files, and an index in the making. */

import type { JournalLine } from '../journal.js';
import type { MaildirName } from '../mailbox/maildir-name.js';
import type { IndexedMailbox } from './placements.js';
import type { FolderInventory, FoundPlace } from './proof.js';
import type { BodyFacts, Tree } from './store.js';

export interface JournalReader {
  /** Every line in order; null for one that is torn or damaged. */
  lines(): AsyncIterable<JournalLine | null>;
}

export interface RebuildInventory extends FolderInventory {
  /** The start of a file up to the end of its header block; null if there is no such file. */
  header(place: FoundPlace): Promise<Pick<BodyFacts, 'messageId' | 'headerSha256'> | null>;
}

export interface FoundFile {
  readonly tree: Tree;
  readonly name: MaildirName & { readonly letters: string };
}

export interface FoundContent {
  readonly sha256: string;
  readonly size: number;
  readonly headerSha256: string;
  readonly messageId: string | null;
}

/** An index that replaces the one there is only when it is whole. */
export interface RebuildTarget {
  /** Tells the history again. Returns how many of the line's changes made no sense. */
  apply(line: JournalLine): number;
  mailboxes(): Pick<IndexedMailbox, 'id' | 'folder' | 'path'>[];
  /** A folder that the journal doesn't know. `generation`: the highest that its files name. */
  addMailbox(folder: string, generation: number): number;
  setKeywords(mailbox: number, keywords: readonly string[]): void;
  /** Whether this content is in the index: its header block need not be read again. */
  knows(sha256: string): boolean;
  addContent(content: FoundContent): void;
  /** The content is known by now. Returns false where the placement has a file already. */
  attach(mailbox: number, file: FoundFile): boolean;
  /** What only all files together tell; then the index is whole and takes the place of the old one. */
  finish(): void;
  /** Gives up; the old index stays as it is. */
  discard(): void;
}

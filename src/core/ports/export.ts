/**
 * What an export needs of the place it goes to. An adapter for each format; nothing of what it writes is seen
 * under its final name before `finish`.
 */

import type { HeaderFacts } from '../message/message-facts.js';
import type { SelectedPlacement } from './archive.js';
import type { IndexedMailbox } from './placements.js';

export const EXPORT_FORMATS = ['mbox', 'eml', 'maildir', 'zip'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A message on its way out of the archive. */
export interface ExportItem {
  readonly placement: SelectedPlacement;
  readonly generation: number;
  /** The octets it begins with: at least its header block, where that is of any usual size. */
  readonly start: Uint8Array;
  /** What its header says, for names that people read. */
  facts(): Promise<HeaderFacts>;
  /** All its octets. Throws MessageError, before the last of them, where they are not those of its hash. */
  content(): AsyncIterable<Uint8Array>;
  /**
   * Makes a hard link to the archive's file; false where that can't be done or would carry another date. Throws
   * MessageError, with the link made, where the file is not what its hash says.
   */
  link(file: string): Promise<boolean>;
}

/** Its `folder` is what it is called in the export, before the format has its say (mailbox-folder.ts). */
export interface ExportedMailbox extends IndexedMailbox {
  /** UIDNEXT as the server said last, or null. */
  readonly uidNext: number | null;
}

export interface ExportTarget {
  /** One mailbox at a time. */
  openMailbox(mailbox: ExportedMailbox): Promise<MailboxExport>;
  /** Everything is written: gives it its final name. Throws UsageError where something has appeared there. */
  finish(): Promise<void>;
  /** Gives up and leaves nothing behind. */
  abort(): Promise<void>;
}

export interface MailboxExport {
  /** What the mailbox is called in the export: a file or a folder, "/" between components. */
  readonly name: string;
  /** In ascending order of generation and UID. Where the item throws nothing of it stays, and others may follow. */
  add(item: ExportItem): Promise<void>;
  /** What could not be kept although the messages were, in words. Called once, also before `abort`. */
  close(): Promise<readonly string[]>;
}

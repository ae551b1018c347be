/**
 * What proving and mending an archive needs of its index and its folders. The readers change nothing; who
 * writes holds the account's lock.
 */
import type { IndexedMailbox } from './archive-ports.js';
import type { BodyFacts, FilePlace, Tree } from './store-ports.js';

/** A file as the index knows it. */
export interface KnownFile {
  readonly placement: number;
  /** Row number of the content. */
  readonly message: number;
  readonly mailbox: number;
  readonly path: string;
  readonly generation: number;
  readonly uid: number;
  readonly sha256: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly receivedAt: number;
  readonly place: FilePlace;
  /** A run was cut short over it: the file may have another tree or other flags already. */
  readonly inFlux: boolean;
  /** Some other placement has a file with the same content. */
  readonly hasCopies: boolean;
  /** `prune` was about to delete it: it may be there or not. */
  readonly pruning: boolean;
}

/** Content that a placement had and that is not known to be back. */
export interface AwaitedFile {
  readonly placement: number;
  readonly mailbox: number;
  readonly path: string;
  readonly generation: number;
  readonly uid: number;
  readonly sha256: string;
  readonly size: number;
  readonly receivedAt: number;
  /** The folder it belongs to, and the flags as the server has them. */
  readonly folder: string;
  readonly flags: string;
  /**
   * waiting: the server had it when last seen, and the next run fetches it. changed: the server sent other
   * octets for the same UID. left: it is no longer on the server. back: all is well again.
   */
  readonly state: 'waiting' | 'changed' | 'left' | 'back';
}

export interface ProofIndex {
  mailboxes(): IndexedMailbox[];
  /** Every file that the index says there is in one mailbox's folder. */
  files(mailbox: IndexedMailbox, tree: Tree): KnownFile[];
  /** The row of one placement as it is now; null if it has no file (any more). */
  file(placement: number): KnownFile | null;
  /** What the index has under this name's mailbox, generation and UID. */
  lookUp(folder: string, generation: number, uid: number): IndexedName | null;
  awaited(): AwaitedFile[];
  keywords(mailbox: number): string[];
  /** Where a folder's files come from while a renamed mailbox still has to be moved; null otherwise. */
  movingFolder(): { from: string; to: string } | null;
  totals(): { files: number; bytes: number };
  /** What SQLite itself finds wrong, in words; empty if nothing. */
  integrity(): string[];
}

export interface IndexedName {
  readonly placement: number;
  /** Null where its content is not here yet. */
  readonly sha256: string | null;
  readonly receivedAt: number;
  /** Whether the server has it, as far as we know. */
  readonly present: boolean;
  readonly hasFile: boolean;
}

/** Part of a Maildir that holds messages. */
export type MaildirPart = 'cur' | 'new';

/** Where a file was found, which may be no place that the index could name. */
export interface FoundPlace extends FilePlace {
  readonly part: MaildirPart;
}

export interface FolderEntry {
  readonly part: MaildirPart;
  readonly name: string;
  readonly size: number;
  /** Names that the inode has. */
  readonly links: number;
  /** Tells inodes apart. */
  readonly inode: string;
  /** Whole seconds since 1970. */
  readonly modified: number;
  /** Permission bits. */
  readonly mode: number;
}

/** The folders as they are; changes nothing. */
export interface FolderInventory {
  /** Every Maildir below the tree, as folder names. */
  folders(tree: Tree): Promise<string[]>;
  /** Files in cur/ and new/ of one folder; null where there is no such Maildir. */
  scan(tree: Tree, folder: string): Promise<FolderEntry[] | null>;
  find(place: FoundPlace): FolderEntry | null;
  /** SHA-256 of whole files, many at a time; null for one that isn't there. */
  digest(places: readonly FoundPlace[]): Promise<(string | null)[]>;
  measure(place: FoundPlace): Promise<BodyFacts | null>;
  /** The folder's keywords by letter, as its own file says. */
  keywords(tree: Tree, folder: string): string[];
  /** Permission bits of the folder itself. */
  folderMode(tree: Tree, folder: string): number | null;
  /** How many `digest` calls are worth having in flight. */
  readonly digestsAtOnce: number;
}

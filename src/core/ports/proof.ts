/**
 * What proving and mending an archive needs of its index and its folders. The readers change nothing; who
 * writes holds the account's lock.
 */
import type { IndexedMailbox } from './placements.js';
import type { BodyFacts, FilePlace, Tree } from './store.js';

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
  /** A person knows that it is lost. */
  readonly accepted: boolean;
}

export interface ProofIndex {
  mailboxes(): IndexedMailbox[];
  /** Every file that the index says there is in one mailbox's folder. */
  files(mailbox: IndexedMailbox, tree: Tree): Iterable<KnownFile>;
  /** The row of one placement as it is now; null if it has no file (any more). */
  file(placement: number): KnownFile | null;
  /** What the index has under this name's mailbox, generation and UID. */
  lookUp(folder: string, generation: number, uid: number): IndexedName | null;
  awaited(): AwaitedFile[];
  keywords(mailbox: number): string[];
  /** Where a folder's files come from while a renamed mailbox still has to be moved; null otherwise. */
  movingFolder(): { from: string; to: string } | null;
  totals(): { files: number; bytes: number };
  /** What is wrong with the index in itself, in words; empty if nothing. */
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

/** Stands in place of a SHA-256, and is none. */
export const UNREADABLE = 'unreadable';

/** The folders as they are; changes nothing. */
export interface FolderInventory {
  /** Every Maildir below the tree, as folder names. */
  folders(tree: Tree): Promise<string[]>;
  /** What cur/ and new/ of one folder hold, by name, files or not; null where there is no such Maildir. */
  names(tree: Tree, folder: string): Readonly<Record<MaildirPart, readonly string[]>> | null;
  /** A turn of the event loop, for whoever looks at many files one by one. */
  turn(): Promise<void>;
  /** Files in cur/ and new/ of one folder, all of them looked at; null where there is no such Maildir. */
  scan(tree: Tree, folder: string): Promise<FolderEntry[] | null>;
  find(place: FoundPlace): FolderEntry | null;
  /**
   * SHA-256 of whole files, many at a time; null for one that isn't there, UNREADABLE for one that the disk does
   * not give back. `size`, where it is known, spares asking for it.
   */
  digest(places: readonly (FoundPlace & { readonly size?: number })[]): Promise<(string | null)[]>;
  measure(place: FoundPlace): Promise<BodyFacts | null>;
  /** The folder's keywords by letter, as its own file says. */
  keywords(tree: Tree, folder: string): string[];
  /** Permission bits of the folder itself. */
  folderMode(tree: Tree, folder: string): number | null;
  /** How many `digest` calls are worth having in flight. */
  readonly digestsAtOnce: number;
}

/** What repair writes to the index; the caller holds the account's lock. Each call is one transaction. */
export interface RepairIndex extends ProofIndex {
  /** Files of other placements with this content. */
  copies(sha256: string, except: number): KnownFile[];
  /** Whether the server has it, as far as we know, under the UIDs that are valid now. */
  isOnServer(placement: number): boolean;
  /** The file is gone: its content is forgotten so that it is fetched again, and awaited. */
  awaitContent(placements: readonly number[]): void;
  /** The content came back, or it was said that it won't. */
  endWaiting(placements: readonly number[]): void;
  /** Nothing has the octets any more and a person knows it: the history keeps them as lost. */
  acceptLoss(placements: readonly number[]): void;
  /** A file of a placement that is in the index and has none. */
  takeIn(file: TakenFile & { readonly placement: number }): void;
  /** A file of a message that the index does not know: it counts as one that has left the server. */
  takeInUnknown(file: TakenFile & UnknownName): void;
}

export interface TakenFile {
  readonly tree: Tree;
  readonly body: Pick<BodyFacts, 'sha256' | 'size' | 'headerSha256'>;
  readonly messageId: string | null;
  readonly letters: string;
}

export interface UnknownName {
  readonly mailbox: number;
  readonly generation: number;
  readonly uid: number;
  readonly receivedAt: number;
  /** Canonical, see flags.ts. */
  readonly flags: string;
}

export interface QuarantineNote {
  readonly mailbox: string;
  readonly uid: number | null;
  readonly reason: string;
  /** What the index expected of it; null where it knew nothing. */
  readonly sha256: string | null;
}

/** Puts files right without ever deleting one. Everything is durable on return and may be repeated. */
export interface FileMender {
  /** Moves a file to quarantine/ with a note beside it; the path it has there, or null if there is no file. */
  setAside(place: FoundPlace, note: QuarantineNote): Promise<string | null>;
  /** Moves a file to its place and gives it its date; false if there is none, or another at its place. */
  bringHome(from: FoundPlace, to: FilePlace, receivedAt: number): Promise<boolean>;
  /**
   * Moves a file with just these octets out of quarantine/ to its place, and gives it its date; where it lay, or null
   * if there is none, or another at its place.
   */
  takeBack(
    content: { readonly sha256: string; readonly size: number },
    to: FilePlace,
    receivedAt: number,
  ): Promise<string | null>;
  setDate(place: FoundPlace, receivedAt: number): Promise<void>;
  /** Takes away what others may do with a file, or with a mailbox's folder. */
  makePrivate(place: FoundPlace | { readonly tree: Tree; readonly folder: string }): void;
  /** Makes `place` a name of the inode that `kept` has; false where the file system can't. Both hold the same octets. */
  relink(kept: FilePlace, place: FilePlace): Promise<boolean>;
}

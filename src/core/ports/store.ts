/**
 * What the jobs need of the message files. The order that keeps every promise: file durable -> row -> cursor;
 * the index never names a file that `MessageStore.commit` has not made durable.
 */

/** Which tree of the archive a message file lies in. */
export type Tree = (typeof TREES)[number];
export const TREES = ['mail', 'removed'] as const;

export interface FilePlace {
  readonly tree: Tree;
  /** Folder below the tree, see mailbox-folder.ts. */
  readonly folder: string;
  /** The whole file name with flags. */
  readonly name: string;
}

/** What is known of a message's octets once they were read. */
export interface BodyFacts {
  readonly sha256: string;
  readonly size: number;
  /** SHA-256 of the header block up to and including the empty line. */
  readonly headerSha256: string;
  /** As `messageIdOf` reads it in the start of the header block; null if there is none. */
  readonly messageId: string | null;
}

/** The octets of one message, hashed and durable in tmp/, not yet under the name that counts. */
export type WrittenBody = BodyFacts;

/** A body that is being written, perhaps on another thread. */
export interface PendingBody {
  /** Octets. */
  readonly size: number;
  /** When it is durable. Rejects with ArchiveError if the disk refuses. */
  readonly written: Promise<WrittenBody>;
}

export interface BodyWriter {
  write(chunk: Uint8Array): void | Promise<void>;
  /** A promise asks the caller to wait: the disk is behind. */
  finish(): PendingBody | Promise<PendingBody>;
  abort(): void;
}

export type PlaceOutcome = 'done' | 'missing';

/** Looks, and changes nothing in the archive. */
export interface MessageReader {
  /** Complete files in cur/ of a folder: what a run wrote but could not record any more. */
  list(tree: Tree, folder: string): Promise<string[]>;
  /** Reads the whole file and hashes it; null if there is none. */
  measure(place: FilePlace): Promise<BodyFacts | null>;
  /** Part of a file, shorter at its end; null if there is none. */
  slice(place: FilePlace, offset: number, length: number): Promise<Uint8Array | null>;
  /** Hard-links a file to a name outside; false where it can't or has another mtime than `receivedAt` (seconds). */
  linkOut(place: FilePlace, receivedAt: number, file: string): boolean;
  /** Throws ArchiveError `damage` if there is no such file. */
  read(place: FilePlace): AsyncIterable<Uint8Array>;
  /** The whole file into memory that is there; how many octets. Throws as `read`, RangeError for too little room. */
  readInto(place: FilePlace, octets: Uint8Array): number;
}

export interface MessageStore extends MessageReader {
  /** Starts a message in the folder's tmp/, in mail/ unless told. `receivedAt` (seconds) becomes its mtime. */
  create(folder: string, receivedAt: number, tree?: Tree): BodyWriter;
  /** Waits until all are durable; if one of them can't be, the others are given up and its error is thrown. */
  collect(bodies: readonly PendingBody[]): Promise<WrittenBody[]>;
  /** Gives up bodies that were not collected; when it returns, none of them is under way any more. */
  discard(bodies: readonly PendingBody[]): Promise<void>;
  /**
   * Gives the durable bodies their names: rename, fsync of each folder.
   * With `linkTo`, an equal file that is there already is hard-linked instead. When it returns, a power cut
   * loses none of them. On an error none counts as stored.
   */
  commit(bodies: readonly { body: WrittenBody; place: FilePlace; linkTo: FilePlace | null }[]): Promise<void>;
  /** Hard-links known content to a new place (copies where the file system can't link). */
  link(links: readonly { from: FilePlace; to: FilePlace; receivedAt: number }[]): Promise<PlaceOutcome[]>;
  /** Moves files within the archive; a file that is at its goal already is done. Durable on return. */
  move(moves: readonly { from: FilePlace; to: FilePlace }[]): Promise<PlaceOutcome[]>;
  /** Drops a link whose content lives on at `kept` as the same inode; 'missing' leaves the file alone. */
  dropLinks(drops: readonly { drop: FilePlace; kept: FilePlace }[]): Promise<PlaceOutcome[]>;
  /** Makes the folders Maildirs; durable on return. `create` wants them prepared. */
  prepareFolders(tree: Tree, folders: readonly string[]): Promise<void>;
  /** Writes the letters of a folder's keywords; durable on return. */
  writeKeywords(tree: Tree, folder: string, keywords: readonly string[]): Promise<void>;
  /** Moves a mailbox's own folders (not its children) to another name, in mail/ and removed/; may be repeated. */
  moveFolder(from: string, to: string): Promise<void>;
  /** Removes what an interrupted run left in tmp/ of these folders. */
  sweep(folders: readonly string[]): Promise<number>;
}

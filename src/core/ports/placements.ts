/**
 * Rows of the index as the jobs of a sync see them: mailboxes, and placements by what they still need.
 */

import type { FilePlace, Tree, WrittenBody } from './store.js';

export interface IndexedMailbox {
  readonly id: number;
  readonly wireName: string;
  readonly path: string;
  /** Decoded names from the top of the hierarchy down. */
  readonly components: readonly string[];
  readonly folder: string;
  readonly generation: number;
  readonly checkpoint: string | null;
  readonly uidValidity: string | null;
  readonly specialUse: string | null;
  readonly subscribed: boolean;
  /** false once the server listed it no more. */
  readonly listed: boolean;
}

export interface UnfetchedPlacement {
  readonly placement: number;
  readonly mailbox: number;
  readonly generation: number;
  readonly uid: number;
  readonly size: number;
  /** null where the server lists no date: the source derives one from the message when it comes. */
  readonly receivedAt: number | null;
  readonly flags: string;
}

/** A placement whose labels may be others by now. */
export interface LabelledPlacement {
  readonly mailbox: number;
  readonly uid: number;
}

/** A placement with content whose file may not be what the row says. */
export interface UnsettledPlacement {
  readonly placement: number;
  readonly mailbox: number;
  readonly generation: number;
  readonly uid: number;
  readonly receivedAt: number;
  readonly flags: string;
  readonly sha256: string;
  readonly size: number;
  /** Where the file was when the row was last settled; null if this placement has had no file yet. */
  readonly tree: Tree | null;
  readonly letters: string;
}

export interface StoredPlacement {
  readonly placement: number;
  readonly body: Pick<WrittenBody, 'sha256' | 'size' | 'headerSha256'>;
  /** Seconds since 1970 UTC, as in the file's name. */
  readonly receivedAt: number;
  readonly messageId: string | null;
  readonly letters: string;
  /** false where the file's name still has to be compared with the flags. */
  readonly settled: boolean;
}

/** A placement whose content was here already under another name. */
export interface AdoptedPlacement {
  readonly placement: number;
  readonly sha256: string;
  /** Seconds since 1970 UTC, as in the file's name. */
  readonly receivedAt: number;
  readonly letters: string;
  /** false where the file's name still has to be compared with the flags. */
  readonly settled: boolean;
}

/** A placement without content, whose content may be here already. */
export interface AdoptablePlacement extends UnfetchedPlacement {
  /** The content that the server's own identity (EMAILID, X-GM-MSGID) says it is; null where it doesn't say. */
  readonly identical: string | null;
  /** A message with its size and INTERNALDATE lost its UID because its mailbox was renumbered, renamed or removed. */
  readonly renumbered: boolean;
  /** A message of its size was imported, and nothing on the server was found to be that one yet. */
  readonly imported: boolean;
}

/** Position in the order (mailbox, UID) after which a page begins. */
export interface PlacementPosition {
  readonly mailbox: number;
  readonly uid: number;
}

export interface LeavingMailbox {
  readonly mailbox: number;
  readonly path: string;
  /** Placements present before anything left. */
  readonly present: number;
  readonly leaving: number;
  /** Of `leaving`: those whose content was adopted elsewhere since departures were last retired. */
  readonly moved: number;
}

export interface LeavingPlacement {
  readonly placement: number;
  readonly mailbox: number;
  readonly generation: number;
  readonly uid: number;
  readonly receivedAt: number;
  readonly sha256: string | null;
  readonly size: number;
  readonly tree: Tree | null;
  readonly letters: string;
  readonly moved: boolean;
}

/** A placement whose file is where the row says, as far as the index knows. */
export interface DurablePlacement {
  readonly uid: number;
  readonly sha256: string;
  readonly place: FilePlace;
  /** Milliseconds since 1970 UTC. */
  readonly since: number;
}

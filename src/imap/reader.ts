/**
 * What both engines can do on one signed-in connection: the small set of reads that everything else is
 * built from. Calls may overlap; an engine that can pipeline does, the other one queues.
 */
import type { Listing } from '../core/mailbox/listing.js';
import type { LabelRequest, Probe, Tier, UidSet } from '../core/ports/source.js';
import type { SortedUids } from '../core/sync/sorted-uids.js';

export interface ListedMailbox {
  /** Raw octets as the server sent them, one char each. */
  readonly wireName: string;
  readonly delimiter: string | null;
  /** Attributes as sent: `\Noselect`, `\Sent`, ... */
  readonly attributes: readonly string[];
  readonly subscribed: boolean;
  /** null where it was not asked for, refused or not answered: the mailbox then counts as changed. */
  readonly status: MailboxStatus | null;
}

export interface MailboxStatus {
  readonly messages: number | null;
  readonly uidNext: number | null;
  readonly uidValidity: string | null;
  /** Decimal MODSEQ, or null where the server keeps none. */
  readonly highestModseq: string | null;
}

/** UIDs from `first` to `last` ("*" when null). */
export interface RowQuery {
  readonly first: number;
  readonly last: number | null;
  /** Also size, INTERNALDATE and identity; else flags only. */
  readonly details: boolean;
  /** Only rows changed after this MODSEQ (CONDSTORE). */
  readonly changedSince: string | null;
}

/** One EXAMINE and what is asked while the mailbox is open; sent together, so a round trip for all. */
export interface Visit {
  readonly wireName: string;
  readonly path: string;
  readonly qresync: {
    readonly uidValidity: string;
    readonly modseq: string;
    readonly lastUid: number;
  } | null;
  readonly queries: readonly RowQuery[];
  /** Also UID SEARCH ALL. */
  readonly roster: boolean;
  /** Also UID SEARCH for the UIDs from here on, so that a new message that FETCH leaves out is missed; null: not. */
  readonly arrivedFrom: number | null;
}

export interface VisitResult {
  readonly exists: number;
  readonly uidValidity: string | null;
  readonly uidNext: number | null;
  readonly highestModseq: string | null;
  /** MAILBOXID, null where there is none or it breaks the grammar. */
  readonly mailboxId: string | null;
  /** VANISHED (EARLIER) of a QRESYNC open, else null. */
  readonly vanished: UidSet | null;
  /** Rows of the QRESYNC open and of all queries, one list. */
  readonly listing: Listing;
  readonly roster: UidSet | null;
  /** What the search from `arrivedFrom` on found; null where it was not asked for or not answered. */
  readonly arrived: SortedUids | null;
}

export interface BodiesJob {
  readonly wireName: string;
  readonly path: string;
  readonly uidValidity: string;
  /** Ascending; the set fits one command. */
  readonly uids: readonly number[];
  /** Octets expected. */
  readonly weight: number;
  /** Which doubts throw a body away: all, all but a wrong RFC822.SIZE, or none. */
  readonly doubts: 'all' | 'not-size' | 'none';
}

export interface BodiesResult {
  /** The server answered, but without octets (NIL): not an empty message. */
  readonly nil: readonly number[];
  /** Text of a NO or BAD, or null. What was delivered before it counts. */
  readonly refused: string | null;
}

export interface BodySinks {
  begin(
    uid: number,
    size: number,
  ): { write(chunk: Uint8Array): void | Promise<void>; end(): void | Promise<void>; abort(): void };
}

export interface MailboxReader {
  readonly tier: Tier;
  /** Personal namespace prefix as sent ("INBOX." on Courier), '' for none. */
  readonly prefix: string;
  /** Whether names travel as UTF-8 (UTF8=ACCEPT enabled). */
  readonly utf8: boolean;
  /** A line of the last list that names a mailbox in a way that can't be read, or null. */
  readonly unreadable?: string | null;
  list(): Promise<ListedMailbox[]>;
  /** Throws MailboxError where EXAMINE or a query is refused. */
  visit(visit: Visit): Promise<VisitResult>;
  /** Throws MailboxError where the mailbox can't be opened or has another UIDVALIDITY. */
  bodies(job: BodiesJob, sinks: BodySinks): Promise<BodiesResult>;
  probe(
    job: BodiesJob,
    sizes: ReadonlyMap<number, number>,
    places: readonly number[],
    receive: (uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void>;
  /** X-GM-LABELS of these UIDs; the set fits one command. Throws MailboxError as `bodies` does. */
  labels(request: LabelRequest, receive: (uid: number, labels: string) => void): Promise<void>;
  close(): Promise<void>;
}

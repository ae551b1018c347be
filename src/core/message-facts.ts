/**
 * What a query can ask of a message, and who reads it from the octets. Reading guesses at meaning for search
 * only; the octets stay the truth.
 */

/** From the header block, decoded. A field that is missing is ''. */
export interface HeaderFacts {
  /** Names and addresses. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly subject: string;
  /** Of the Date field, milliseconds since 1970 UTC; null where it is missing or can't be read. */
  readonly date: number | null;
  /** As it stands, see header-fields.ts. */
  readonly messageId: string | null;
}

/** From the whole message. */
export interface ContentFacts extends HeaderFacts {
  /** The text parts and what HTML reduces to, at most MAX_TEXT characters. */
  readonly text: string;
  readonly attachmentNames: readonly string[];
  readonly hasAttachment: boolean;
  /** Why not all of it could be read; null if it could. */
  readonly broken: string | null;
}

/** Both never fail for what a message holds: what can't be read is missing. */
export interface FactsReader {
  /** From a header block, with or without what follows it. */
  headerFacts(header: Uint8Array): Promise<HeaderFacts>;
  messageFacts(message: Uint8Array): Promise<ContentFacts>;
}

/** What `matches` asks; what `needsContent` says is not needed may be empty. */
export interface MessageFacts extends Omit<ContentFacts, 'date' | 'broken'> {
  /** Of the Date field, else INTERNALDATE; milliseconds since 1970 UTC. */
  readonly date: number;
  /** Octets. */
  readonly size: number;
  readonly flags: readonly string[];
  /** Where it lies or lay, decoded, "/" between components. */
  readonly mailboxes: readonly { readonly path: string }[];
  /** Whether it has left the server. */
  readonly removed: boolean;
}

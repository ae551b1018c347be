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
  /** The mailboxes of the To field one by one. */
  readonly recipients: readonly string[];
  /** Message-IDs of References and In-Reply-To without angle brackets, oldest first, at most MAX_REFERENCES. */
  readonly references: readonly string[];
  readonly listId: string | null;
  /** The topmost Authentication-Results field: what the server that took the mail found. */
  readonly authentication: string | null;
}

/** More than the longest discussion needs: its newest messages name each other. */
export const MAX_REFERENCES = 100;

/** A part that is a file, or an attached message. */
export interface AttachmentFacts {
  /** As IMAP numbers it in BODY[part]. */
  readonly part: string;
  readonly filename: string | null;
  /** Lower case. */
  readonly contentType: string;
  /** Octets after decoding. */
  readonly size: number;
  /** A picture that HTML shows, a signature: nothing that a person would call attached. */
  readonly inline: boolean;
}

/** What the structure says: S/MIME (RFC 8551) or PGP (RFC 3156, or armoured in the text). Nothing is verified. */
export type Protection = 'signed' | 'encrypted';

/** From the whole message. */
export interface ContentFacts extends HeaderFacts {
  /** The text parts and what HTML reduces to, at most MAX_TEXT characters. */
  readonly text: string;
  readonly attachmentNames: readonly string[];
  readonly hasAttachment: boolean;
  readonly attachments: readonly AttachmentFacts[];
  readonly protection: Protection | null;
  /** Why not all of it could be read; null if it could. */
  readonly broken: string | null;
}

/** Of a message of which nothing can be read. */
export const NO_HEADER: HeaderFacts = {
  from: '',
  to: '',
  cc: '',
  subject: '',
  date: null,
  messageId: null,
  recipients: [],
  references: [],
  listId: null,
  authentication: null,
};

export const NO_CONTENT: ContentFacts = {
  ...NO_HEADER,
  text: '',
  attachmentNames: [],
  hasAttachment: false,
  attachments: [],
  protection: null,
  broken: null,
};

/** Both never fail for what a message holds: what can't be read is missing. */
export interface FactsReader {
  /** From a header block, with or without what follows it. */
  headerFacts(header: Uint8Array): Promise<HeaderFacts>;
  /** A message too long to be held is given as something that reads it, as often as asked. */
  messageFacts(message: Uint8Array | ChunkSource): Promise<ContentFacts>;
}

export type ChunkSource = () => AsyncIterable<Uint8Array>;

/** What `matches` asks; what `needsContent` says is not needed may be empty. */
export interface MessageFacts
  extends Pick<
    ContentFacts,
    'from' | 'to' | 'cc' | 'subject' | 'messageId' | 'text' | 'attachmentNames' | 'hasAttachment'
  > {
  /** See message-date.ts; milliseconds since 1970 UTC. */
  readonly date: number;
  /** Octets. */
  readonly size: number;
  readonly flags: readonly string[];
  /** Where it lies or lay, decoded, "/" between components. */
  readonly mailboxes: readonly { readonly path: string }[];
  /** Whether it has left the server. */
  readonly removed: boolean;
}

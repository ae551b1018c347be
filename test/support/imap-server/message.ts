// One message as a mailbox holds it. Records are never changed in place: an edit makes a new record with a
// new MODSEQ, so a session that is writing out an old one is not disturbed.

/** INTERNALDATE: the moment and the zone it is written in, both as a server would repeat them. */
export interface InternalDate {
  /** Seconds since 1970-01-01 UTC. */
  readonly seconds: number;
  /** Minutes east of UTC. */
  readonly zone: number;
}

/** The bytes of a message, at hand or made when somebody reads them. */
export type Content = Buffer | { readonly size?: number; read(): Buffer };

export interface Message {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly internalDate: InternalDate;
  readonly modseq: bigint;
  readonly content: Content;
  /** What EMAILID and X-GM-MSGID are made of; a copied or moved message keeps it. */
  readonly identity: bigint;
  /** X-GM-LABELS, as raw wire text. */
  readonly labels: readonly string[];
}

export interface NewMessage {
  readonly body: Content | string;
  readonly flags?: readonly string[];
  readonly internalDate?: InternalDate;
  readonly identity?: bigint;
  readonly labels?: readonly string[];
}

/** Many messages that are all made alike, without keeping any of them in memory. */
export interface MessageTemplate {
  body(uid: number): Buffer;
  /** Without it RFC822.SIZE has to make the body. */
  size?(uid: number): number;
  readonly flags?: readonly string[];
  internalDate?(uid: number): InternalDate;
}

export const DEFAULT_DATE: InternalDate = { seconds: 1_767_261_600, zone: 60 };

export function bodyOf(message: Message): Buffer {
  return Buffer.isBuffer(message.content) ? message.content : message.content.read();
}

export function sizeOf(message: Message): number {
  if (Buffer.isBuffer(message.content)) return message.content.length;
  return message.content.size ?? message.content.read().length;
}

/** A string body is Unicode text and is sent as UTF-8. */
export function contentOf(body: Content | string): Content {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

export function fromTemplate(
  template: MessageTemplate,
  uid: number,
  modseq: bigint,
  identity: bigint,
): Message {
  const content: Content = {
    ...(template.size === undefined ? {} : { size: template.size(uid) }),
    read: () => template.body(uid),
  };
  const internalDate = template.internalDate?.(uid) ?? DEFAULT_DATE;
  return { uid, flags: template.flags ?? [], internalDate, modseq, content, identity, labels: [] };
}

/** Flags compare without regard to case (RFC 9051 2.3.2). */
export function sameFlag(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function hasFlag(message: Message, flag: string): boolean {
  return message.flags.some((own) => sameFlag(own, flag));
}

export type FlagEdit = 'add' | 'remove' | 'replace';

/** The edited list, or the list itself when the edit changes nothing. */
export function editFlags(
  flags: readonly string[],
  edit: FlagEdit,
  wanted: readonly string[],
): readonly string[] {
  const distinct = wanted.filter((flag, at) => wanted.findIndex((other) => sameFlag(other, flag)) === at);
  const isWanted = (flag: string): boolean => distinct.some((other) => sameFlag(other, flag));
  const isSet = (flag: string): boolean => flags.some((other) => sameFlag(other, flag));
  const kept = edit === 'add' ? flags : flags.filter((flag) => isWanted(flag) === (edit === 'replace'));
  const added = edit === 'remove' ? [] : distinct.filter((flag) => !isSet(flag));
  return kept.length === flags.length && added.length === 0 ? flags : [...kept, ...added];
}

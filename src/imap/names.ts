/**
 * Wire name -> path for people. The raw octets stay the identity; decoding is for folders, globs and eyes.
 * What doesn't decode to text that encodes back to the same octets keeps its raw spelling and is marked.
 */
import type { MailboxPath, PathComponent } from '../core/mailbox/mailbox-path.js';
import { decodeMailboxName, encodeMailboxName } from './wire/mailbox-name.js';

export interface NameContext {
  readonly delimiter: string | null;
  /** Personal namespace prefix, which people don't see: Courier's "INBOX." before every name. */
  readonly prefix: string;
  readonly utf8: boolean;
}

export function pathOf(wireName: string, { delimiter, prefix, utf8 }: NameContext): MailboxPath {
  if (wireName.toUpperCase() === 'INBOX') return { components: [{ text: 'INBOX', exact: true }] };
  const own = withoutPrefix(wireName, prefix, delimiter);
  const parts = delimiter === null || delimiter === '' ? [own] : own.split(delimiter);
  return { components: parts.map((part) => component(part, utf8)) };
}

/** The wire name, one char per octet, of what imapflow made of it: it takes octets for UTF-8. */
export function wireNameOf(listed: string): string {
  return Buffer.from(listed).toString('latin1');
}

/** Text as a name on the wire, and in the folders of servers that keep names as they come (RFC 3501 5.1.3). */
export function modifiedUtf7(text: string): string {
  return encodeMailboxName(text.toWellFormed().replaceAll('\0', ''), false);
}

/** "INBOX.INBOX" keeps its prefix, or it would be taken for the INBOX itself. */
function withoutPrefix(wireName: string, prefix: string, delimiter: string | null): string {
  if (prefix === '' || !wireName.startsWith(prefix)) return wireName;
  const own = wireName.slice(prefix.length);
  const first = delimiter === null ? own : own.split(delimiter)[0]!;
  return own === '' || first.toUpperCase() === 'INBOX' ? wireName : own;
}

function component(raw: string, utf8: boolean): PathComponent {
  const { text, canonical } = decodeMailboxName(raw, utf8);
  return canonical ? { text, exact: true } : { text: raw, exact: false };
}

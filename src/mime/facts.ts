/**
 * What search asks of a message, read from its octets: the meaning of encoded words, charsets and parts.
 * A message that breaks the parser yields what its header gave and the reason; the header is read apart from
 * the body, so that a hostile body can't change it. Nothing here takes time or memory without a bound but
 * the parser itself, which the caller runs where it can be stopped.
 */
import type { AddressObject, EmailAddress, HeaderValue } from 'mailparser';
import { headerField, messageIdOf } from '../core/message/header-fields.js';
import { parseDateField } from '../core/message/mail-date.js';
import {
  type AttachmentFacts,
  type ChunkSource,
  type ContentFacts,
  type FactsReader,
  type HeaderFacts,
  MAX_REFERENCES,
  type Protection,
} from '../core/message/message-facts.js';
import { wantedFields } from './header-block.js';
import { textOfHtml } from './html-text.js';
import type { Parsed, ParsedPart } from './parse.js';
import { type QuickFields, quickFields } from './quick-header.js';
import { westernLinesInUtf8, withLineFeeds } from './undeclared.js';

/** Characters of text kept for search: some hundred thousand words, more than any person writes. */
export const MAX_TEXT = 2_000_000;

/** Messages within messages within messages. */
export const MAX_DEPTH = 3;

/** Of all of them together. */
const MAX_PARTS = 1_000;

/** What a decoder puts where octets mean nothing. */
const UNREADABLE = '\ufffd';

export const factsReader: FactsReader = { headerFacts, messageFacts };

export async function headerFacts(octets: Uint8Array): Promise<HeaderFacts> {
  const header = withLineFeeds(octets);
  const { from, to, cc, subject } = quickFields(header) ?? (await parsedFields(header));
  const date = headerField(header, 'date');
  return {
    from: from.join(', '),
    to: to.join(', '),
    cc: cc.join(', '),
    subject,
    date: date === null ? null : parseDateField(date),
    messageId: messageIdOf(header),
    recipients: to,
    references: referencesOf(header),
    listId: trimmedField(header, 'list-id'),
    authentication: trimmedField(header, 'authentication-results'),
  };
}

export async function messageFacts(octets: Uint8Array | ChunkSource): Promise<ContentFacts> {
  const { parseMessage } = await import('./parse.js');
  if (typeof octets === 'function') {
    const parsed = await parseMessage(octets);
    const facts = await factsOf(parsed, 0);
    return { ...(await headerFacts(parsed.start)), ...facts, text: facts.text.slice(0, MAX_TEXT) };
  }
  const message = withLineFeeds(octets);
  const facts = await bodyFacts(message, 0);
  return { ...(await headerFacts(message)), ...facts, text: facts.text.slice(0, MAX_TEXT) };
}

/** By mailparser. */
async function parsedFields(header: Uint8Array): Promise<QuickFields> {
  const { parseMessage } = await import('./parse.js');
  const { headers } = await parseMessage(wantedFields(header));
  return {
    from: addressList(headers.get('from')),
    to: addressList(headers.get('to')),
    cc: addressList(headers.get('cc')),
    subject: subjectText(headers.get('subject')),
  };
}

type BodyFacts = Omit<ContentFacts, keyof HeaderFacts>;

/** An attached message is searched with the one that it came in, by its names, its subject and its text. */
async function bodyFacts(message: Uint8Array, depth: number): Promise<BodyFacts> {
  return factsOf(await parsedInSomeCharset(message), depth);
}

async function factsOf(parsed: Parsed, depth: number): Promise<BodyFacts> {
  const texts = [parsed.text, textOfHtml(parsed.html)];
  const files = parsed.parts.map((part) => ({ ...part, inline: !isAttachment(part) }));
  const attachments: AttachmentFacts[] = files.map(({ part, filename, contentType, size, inline }) => ({
    part,
    filename,
    contentType,
    size,
    inline,
  }));
  let broken = parsed.broken;
  for (const { part, octets } of depth < MAX_DEPTH ? parsed.messages : []) {
    const header = await headerFacts(octets);
    const body = await bodyFacts(octets, depth + 1);
    texts.push(header.subject, header.from, header.to, header.cc, body.text);
    // As IMAP numbers the parts of a message in a message.
    attachments.push(...body.attachments.map((each) => ({ ...each, part: `${part}.${each.part}` })));
    broken ??= body.broken;
  }
  return {
    text: texts.filter((each) => each !== '').join('\n'),
    attachmentNames: attachments.flatMap(({ filename }) => (filename === null ? [] : [filename])),
    hasAttachment: attachments.some(({ inline }) => !inline),
    attachments: attachments.slice(0, MAX_PARTS),
    protection: protectionOf(parsed),
    broken,
  };
}

/** Also for octets that fit nothing that the message declares. */
export async function parsedInSomeCharset(message: Uint8Array): Promise<Parsed> {
  const { parseMessage } = await import('./parse.js');
  const parsed = await parseMessage(message);
  if (!parsed.text.includes(UNREADABLE) && !parsed.html.includes(UNREADABLE)) return parsed;
  const repaired = westernLinesInUtf8(message);
  return repaired ? parseMessage(repaired) : parsed;
}

/** Not a picture that HTML shows, nor a signature. */
function isAttachment({ filename, contentType, disposition, related }: ParsedPart): boolean {
  if (/^application\/(pgp-signature|(x-)?pkcs7-signature)$/.test(contentType)) return false;
  const embedded = related && contentType.startsWith('image/');
  return disposition === 'attachment' || (filename !== null && !embedded);
}

/** RFC 1847 and RFC 8551 say it in the type of the whole; PGP inline only in the text. */
function protectionOf({ contentType, parts, text }: Parsed): Protection | null {
  if (/^multipart\/encrypted/.test(contentType)) return 'encrypted';
  if (/^multipart\/signed/.test(contentType)) return 'signed';
  if (/^application\/(x-)?pkcs7-mime/.test(contentType)) {
    return /smime-type\s*=\s*"?(signed-data|certs-only)/.test(contentType) ? 'signed' : 'encrypted';
  }
  if (/^-----BEGIN PGP MESSAGE-----\s*$/m.test(text)) return 'encrypted';
  if (/^-----BEGIN PGP SIGNED MESSAGE-----\s*$/m.test(text)) return 'signed';
  return parts.some(({ contentType: type }) => type === 'application/pgp-encrypted') ? 'encrypted' : null;
}

/** References first, then what In-Reply-To adds. */
function referencesOf(header: Uint8Array): string[] {
  const text = `${headerField(header, 'references') ?? ''} ${headerField(header, 'in-reply-to') ?? ''}`;
  const ids = [...text.matchAll(/<([^<>\s]{1,500})>/g)].map((match) => match[1]!);
  return [...new Set(ids)].slice(-MAX_REFERENCES);
}

function trimmedField(header: Uint8Array, name: string): string | null {
  const value = headerField(header, name)?.replace(/\s+/g, ' ').trim();
  return value ? value : null;
}

function subjectText(value: HeaderValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function addressList(value: HeaderValue | undefined): string[] {
  const objects = (Array.isArray(value) ? value : [value]).filter(isAddressObject);
  return objects.flatMap((object) => object.value.flatMap(oneAddress));
}

function isAddressObject(value: unknown): value is AddressObject {
  return typeof value === 'object' && value !== null && 'value' in value && Array.isArray(value.value);
}

/** A group is its name and its members. */
function oneAddress({ name, address, group }: EmailAddress): string[] {
  const members = group?.flatMap(oneAddress) ?? [];
  const own = address ? (name ? `${name} <${address}>` : address) : name;
  return own ? [own, ...members] : members;
}

/**
 * What search asks of a message, read from its octets: the meaning of encoded words, charsets and parts.
 * A message that breaks the parser yields what its header gave and the reason; the header is read apart from
 * the body, so that a hostile body can't change it. Nothing here takes time or memory without a bound but
 * the parser itself, which the caller runs where it can be stopped.
 */
import type { AddressObject, EmailAddress, HeaderValue } from 'mailparser';
import { headerField, messageIdOf } from '../core/header-fields.js';
import type { ContentFacts, FactsReader, HeaderFacts } from '../core/message-facts.js';
import { parseDateField } from './date.js';
import { wantedFields } from './header-block.js';
import { type ParsedPart, parseMessage } from './parse.js';

/** Characters of text kept for search: some hundred thousand words, more than any person writes. */
export const MAX_TEXT = 2_000_000;

export const factsReader: FactsReader = { headerFacts, messageFacts };

export async function headerFacts(header: Uint8Array): Promise<HeaderFacts> {
  const { headers } = await parseMessage(wantedFields(header));
  const date = headerField(header, 'date');
  return {
    from: addressText(headers.get('from')),
    to: addressText(headers.get('to')),
    cc: addressText(headers.get('cc')),
    subject: subjectText(headers.get('subject')),
    date: date === null ? null : parseDateField(date),
    messageId: messageIdOf(header),
  };
}

export async function messageFacts(message: Uint8Array): Promise<ContentFacts> {
  const header = await headerFacts(message);
  const { text, html, parts, broken } = await parseMessage(message);
  const reduced = html === '' ? { text: '', broken: null } : await htmlText(html);
  const attachments = parts.filter(isAttachment);
  return {
    ...header,
    text: [text, reduced.text]
      .filter((each) => each !== '')
      .join('\n')
      .slice(0, MAX_TEXT),
    attachmentNames: parts.flatMap(({ filename }) => (filename === null ? [] : [filename])),
    hasAttachment: attachments.length > 0,
    broken: broken ?? reduced.broken,
  };
}

/** The parser reduces HTML where it is all of a message; so it is made one. */
async function htmlText(html: string): Promise<{ text: string; broken: string | null }> {
  const head = 'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n';
  return parseMessage(Buffer.from(head + html.slice(0, MAX_TEXT)), true);
}

/** Not the picture in a letter's head, nor its signature. */
function isAttachment({ filename, contentType, disposition, related }: ParsedPart): boolean {
  if (/^application\/(pgp-signature|(x-)?pkcs7-signature)$/.test(contentType)) return false;
  return (disposition === 'attachment' && !related) || (filename !== null && !related);
}

function subjectText(value: HeaderValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function addressText(value: HeaderValue | undefined): string {
  const objects = (Array.isArray(value) ? value : [value]).filter(isAddressObject);
  return objects.flatMap((object) => object.value.flatMap(oneAddress)).join(', ');
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

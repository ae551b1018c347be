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
import { textOfHtml } from './html-text.js';
import { type Parsed, type ParsedPart, parseMessage } from './parse.js';
import { westernLinesInUtf8, withLineFeeds } from './undeclared.js';

/** Characters of text kept for search: some hundred thousand words, more than any person writes. */
export const MAX_TEXT = 2_000_000;

/** Characters of HTML: most of it is not text. */
const MAX_HTML = 8_000_000;

/** Messages within messages within messages. */
const MAX_DEPTH = 3;

/** What a decoder puts where octets mean nothing. */
const UNREADABLE = '\ufffd';

export const factsReader: FactsReader = { headerFacts, messageFacts };

export async function headerFacts(octets: Uint8Array): Promise<HeaderFacts> {
  const header = withLineFeeds(octets);
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

export async function messageFacts(octets: Uint8Array): Promise<ContentFacts> {
  const message = withLineFeeds(octets);
  const body = await bodyFacts(message, 0);
  return { ...(await headerFacts(message)), ...body, text: body.text.slice(0, MAX_TEXT) };
}

type BodyFacts = Omit<ContentFacts, keyof HeaderFacts>;

/** An attached message is searched with the one that it came in, by its names, its subject and its text. */
async function bodyFacts(message: Uint8Array, depth: number): Promise<BodyFacts> {
  const parsed = await parsedInSomeCharset(message);
  const texts = [parsed.text, textOfHtml(parsed.html.slice(0, MAX_HTML))];
  const names = parsed.parts.flatMap(({ filename }) => (filename === null ? [] : [filename]));
  let broken = parsed.broken;
  for (const attached of depth < MAX_DEPTH ? parsed.messages : []) {
    const header = await headerFacts(attached);
    const body = await bodyFacts(attached, depth + 1);
    texts.push(header.subject, header.from, header.to, header.cc, body.text);
    names.push(...body.attachmentNames);
    broken ??= body.broken;
  }
  return {
    text: texts.filter((each) => each !== '').join('\n'),
    attachmentNames: names,
    hasAttachment: parsed.parts.some(isAttachment),
    broken,
  };
}

async function parsedInSomeCharset(message: Uint8Array): Promise<Parsed> {
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

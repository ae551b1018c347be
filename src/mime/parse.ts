/**
 * One run of mailparser over octets, boiled down to what search uses. It settles for every input: an error
 * within the parser keeps what had been read until then. Nothing is fetched, nothing is rendered, and of
 * attachments only attached messages are kept.
 */

import { type AttachmentStream, type HeaderValue, MailParser, type MessageText } from 'mailparser';
import type { ChunkSource } from '../core/message/message-facts.js';

export interface ParsedPart {
  /** As IMAP numbers it. */
  readonly part: string;
  /** Octets after decoding. */
  readonly size: number;
  readonly filename: string | null;
  /** Lower case. */
  readonly contentType: string;
  readonly disposition: string | null;
  /** Belongs to an HTML part, as an embedded image does. */
  readonly related: boolean;
}

export interface AttachedMessage {
  readonly part: string;
  readonly octets: Buffer;
}

export interface Parsed {
  readonly headers: ReadonlyMap<string, HeaderValue>;
  readonly text: string;
  readonly html: string;
  /** Parts that are files: all that are not text, and text with a file name. */
  readonly parts: readonly ParsedPart[];
  readonly messages: readonly AttachedMessage[];
  readonly broken: string | null;
  /** Type of the message as a whole with its parameters, lower case. */
  readonly contentType: string;
  /** The message's first octets, with its header block. */
  readonly start: Uint8Array;
}

/** A message in the message is one part, whatever its disposition; whoever wants to know what is in it reads that. */
export const PARSER_OPTIONS = {
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipTextLinks: true,
  skipImageLinks: true,
  // Of the splitter, to which the parser gives all of them.
  ignoreEmbedded: true,
};

/** More than any mail that a person reads has. */
const MAX_PARTS = 1_000;

const PIECE = 64 * 1024;

/** Octets of attached messages. */
const MAX_ATTACHED = 16 * 1024 * 1024;

/** Octets of a message given in chunks that are kept for reading its header again. */
const MAX_START = 256 * 1024;

export function parseMessage(message: Uint8Array | ChunkSource): Promise<Parsed> {
  return new Promise((resolve) => {
    const parser = new MailParser(PARSER_OPTIONS);
    let headers: ReadonlyMap<string, HeaderValue> = new Map();
    let text = '';
    let html = '';
    let broken: string | null = null;
    const parts: { -readonly [Key in keyof ParsedPart]: ParsedPart[Key] }[] = [];
    const start: Uint8Array[] = [];
    let startLength = 0;
    const attached: { part: string; chunks: Buffer[] }[] = [];
    let room = MAX_ATTACHED;
    const settle = () => {
      const messages = attached.map((each) => ({ part: each.part, octets: Buffer.concat(each.chunks) }));
      const files = [...parts, ...namedTexts(parser)].slice(0, MAX_PARTS);
      const contentType = /^content-type:(.*)/is.exec(rawContentType)?.[1]?.trim().toLowerCase() ?? '';
      resolve({
        headers,
        text,
        html,
        parts: files,
        messages,
        broken,
        contentType,
        start: Buffer.concat(start),
      });
    };
    parser.on('headers', (found) => {
      headers = found;
    });
    let rawContentType = '';
    parser.on('headerLines', (lines) => {
      rawContentType = lines.find(({ key }) => key === 'content-type')?.line ?? '';
    });
    parser.on('data', (data: AttachmentStream | MessageText) => {
      if (data.type === 'text') {
        text = data.text ?? '';
        html = typeof data.html === 'string' ? data.html : '';
        return;
      }
      const part = partOf(data);
      if (parts.length < MAX_PARTS) parts.push(part);
      const kept: Buffer[] | null = part.contentType === 'message/rfc822' ? [] : null;
      if (kept) attached.push({ part: part.part, chunks: kept });
      data.content.on('data', (chunk: Buffer) => {
        part.size += chunk.length;
        if (!kept || chunk.length > room) return;
        room -= chunk.length;
        kept.push(chunk);
      });
      data.content.on('end', () => data.release());
      data.content.on('error', (error: Error) => {
        broken ??= error.message;
        data.release();
      });
    });
    // Some errors are the end of it, others are followed by the text; no later settling counts.
    parser.on('error', (error: Error) => {
      broken ??= error.message;
      setImmediate(settle);
    });
    parser.on('end', settle);
    parser.on('close', settle);
    const keep = (chunk: Uint8Array) => {
      if (startLength >= MAX_START) return;
      start.push(chunk.subarray(0, MAX_START - startLength));
      startLength += chunk.length;
    };
    feed(parser, typeof message === 'function' ? message : () => pieces(message), keep).catch(
      (error: Error) => {
        broken ??= error.message;
        settle();
      },
    );
  });
}

/** Given all at once, the parser would hold every attachment decoded. */
async function* pieces(message: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < message.length; at += PIECE) yield message.subarray(at, at + PIECE);
}

/** `keep` hears each chunk. */
export async function feed(
  parser: MailParser,
  chunks: ChunkSource,
  keep: (chunk: Uint8Array) => void = () => undefined,
): Promise<void> {
  for await (const chunk of chunks()) {
    keep(chunk);
    if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once('drain', resolve));
  }
  parser.end();
}

function partOf(attachment: AttachmentStream) {
  return {
    part: partNumber(attachment.partId),
    filename: attachment.filename ? readableName(attachment.filename) : null,
    contentType: String(attachment.contentType).toLowerCase(),
    disposition: attachment.contentDisposition?.toLowerCase() ?? null,
    related: attachment.related === true,
    size: 0,
  };
}

/** A message that has no parts is its own part 1 (RFC 9051, 6.4.5.1). */
export function partNumber(partId: unknown): string {
  return typeof partId === 'string' && partId !== '' ? partId : '1';
}

/**
 * Text parts with a file name. The parser takes them for text and tells nothing of their names but in its tree
 * of parts, which it does not document: where that has another shape, the names are missing.
 */
function namedTexts(parser: object): ParsedPart[] {
  const named: ParsedPart[] = [];
  const pending: unknown[] = ['tree' in parser ? parser.tree : null];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (!isRecord(part)) continue;
    if (Array.isArray(part.children)) pending.push(...part.children.slice(0, MAX_PARTS).reverse());
    const { node, isAttachment, contentType } = part;
    if (!isRecord(node) || isAttachment !== false) continue;
    if (typeof node.filename !== 'string' || node.filename === '' || typeof contentType !== 'string')
      continue;
    named.push({
      part: partNumber(Array.isArray(node.partNr) ? node.partNr.filter(Number.isInteger).join('.') : null),
      size: typeof part.textContent === 'string' ? Buffer.byteLength(part.textContent) : 0,
      filename: readableName(node.filename),
      contentType: contentType.toLowerCase(),
      disposition: typeof node.disposition === 'string' ? node.disposition : null,
      related: false,
    });
  }
  return named;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** A name that came as undeclared UTF-8 arrives one character for each octet. */
function readableName(name: string): string {
  if (!/^[\u0000-\u00ff]*$/.test(name) || !/[\u0080-\u00ff]/.test(name)) return name;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(name, 'latin1'));
  } catch {
    return name;
  }
}

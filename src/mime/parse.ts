/**
 * One run of mailparser over octets, boiled down to what search uses. It settles for every input: an error
 * within the parser keeps what had been read until then. Nothing is fetched, nothing is rendered, attachments
 * pass through without being kept.
 */
import { type AttachmentStream, type HeaderValue, MailParser, type MessageText } from 'mailparser';

export interface ParsedPart {
  readonly filename: string | null;
  /** Lower case. */
  readonly contentType: string;
  readonly disposition: string | null;
  /** Belongs to an HTML part, as an embedded image does. */
  readonly related: boolean;
}

export interface Parsed {
  readonly headers: ReadonlyMap<string, HeaderValue>;
  readonly text: string;
  readonly html: string;
  readonly parts: readonly ParsedPart[];
  readonly broken: string | null;
}

/** More than any mail that a person reads has. */
const MAX_PARTS = 1_000;

/** `htmlToText`: a message that is HTML alone gets its text from it. */
export function parseMessage(message: Uint8Array, htmlToText = false): Promise<Parsed> {
  return new Promise((resolve) => {
    const parser = new MailParser({
      skipHtmlToText: !htmlToText,
      skipTextToHtml: true,
      skipTextLinks: true,
      skipImageLinks: true,
    });
    let headers: ReadonlyMap<string, HeaderValue> = new Map();
    let text = '';
    let html = '';
    let broken: string | null = null;
    const parts: ParsedPart[] = [];
    const settle = () => {
      resolve({ headers, text, html, parts, broken });
    };
    parser.on('headers', (found) => {
      headers = found;
    });
    parser.on('data', (data: AttachmentStream | MessageText) => {
      if (data.type === 'text') {
        text = data.text ?? '';
        html = typeof data.html === 'string' ? data.html : '';
        return;
      }
      if (parts.length < MAX_PARTS) parts.push(partOf(data));
      const content = data.content;
      content.on('error', (error: Error) => {
        broken ??= error.message;
        data.release();
      });
      content.on('end', () => data.release());
      content.on('data', () => {});
    });
    parser.on('error', (error: Error) => {
      broken ??= error.message;
      settle();
    });
    parser.on('end', settle);
    parser.on('close', settle);
    parser.end(message);
  });
}

function partOf(attachment: AttachmentStream): ParsedPart {
  return {
    filename: attachment.filename || null,
    contentType: String(attachment.contentType).toLowerCase(),
    disposition: attachment.contentDisposition?.toLowerCase() ?? null,
    related: attachment.related === true,
  };
}

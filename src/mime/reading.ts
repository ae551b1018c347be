/**
 * A message as a person reads it in a terminal: plain text where there is any, else what HTML reduces to.
 * HTML is never rendered, and nothing is fetched.
 */
import type { ChunkSource } from '../core/message/message-facts.js';
import { parsedInSomeCharset } from './facts.js';
import { textOfHtml } from './html-text.js';
import { parseMessage } from './parse.js';

export interface ReadableText {
  readonly text: string;
  /** Whether it was made of HTML. */
  readonly fromHtml: boolean;
  /** Why not all of it could be read; null if it could. */
  readonly broken: string | null;
}

/** Characters of HTML that are looked at. */
const MAX_HTML = 8_000_000;

export async function readableText(message: Uint8Array | ChunkSource): Promise<ReadableText> {
  const parsed = await (typeof message === 'function' ? parseMessage(message) : parsedInSomeCharset(message));
  const fromHtml = parsed.text.trim() === '' && parsed.html !== '';
  const text = fromHtml ? textOfHtml(parsed.html.slice(0, MAX_HTML)) : parsed.text;
  return { text, fromHtml, broken: parsed.broken };
}

/**
 * A message as a person reads it in a terminal: plain text where there is any, else what HTML reduces to.
 * HTML is never rendered, and nothing is fetched.
 */
import type { ChunkSource } from '../core/message/message-facts.js';
import { headerFacts, MAX_DEPTH, parsedInSomeCharset } from './facts.js';
import { textOfHtml } from './html-text.js';
import { type AttachedMessage, type Parsed, parseMessage } from './parse.js';

export interface ReadableText {
  readonly text: string;
  /** Whether it was made of HTML. */
  readonly fromHtml: boolean;
  /** Why not all of it could be read; null if it could. */
  readonly broken: string | null;
}

export async function readableText(message: Uint8Array | ChunkSource, depth = 0): Promise<ReadableText> {
  const parsed = await (typeof message === 'function' ? parseMessage(message) : parsedInSomeCharset(message));
  const fromHtml = parsed.text.trim() === '' && parsed.html !== '';
  const text = fromHtml ? textOfHtml(parsed.html) : parsed.text;
  const within =
    depth < MAX_DEPTH ? await Promise.all(inlineMessages(parsed).map((each) => shown(each, depth))) : [];
  return { text: [text, ...within].join('\n\n'), fromHtml, broken: parsed.broken };
}

/** What a sender forwarded as part of the text, not as an attachment. */
function inlineMessages({ parts, messages }: Parsed): AttachedMessage[] {
  const inline = new Set(parts.flatMap(({ part, disposition }) => (disposition === 'inline' ? [part] : [])));
  return messages.filter(({ part }) => inline.has(part));
}

async function shown({ part, octets }: AttachedMessage, depth: number): Promise<string> {
  const { from, to, subject } = await headerFacts(octets);
  const { text } = await readableText(octets, depth + 1);
  return `[message within, part ${part}]\nFrom: ${from}\nTo: ${to}\nSubject: ${subject}\n\n${text}`;
}

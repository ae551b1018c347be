/**
 * The octets of a message's parts, decoded, as they are read: memory does not grow with a part, and whoever
 * takes one sets the pace. Numbers are those of IMAP's BODY[part].
 */
import { type AttachmentStream, MailParser, type MessageText } from 'mailparser';
import type { ChunkSource } from '../core/message/message-facts.js';
import { partNumber } from './parse.js';

export interface PartSink {
  write(chunk: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
}

/**
 * Offers every part that is a file to `take`, in order; null leaves it out. Text that is no file is offered
 * last, in UTF-8. Throws what reading or a sink throws.
 */
export async function readParts(
  message: ChunkSource,
  take: (part: string) => PartSink | null,
): Promise<void> {
  const parser = new MailParser({
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
  });
  let stop: (error: unknown) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const ended = new Promise<void>((resolve) => parser.once('end', resolve));
  parser.on('error', stop);
  const offered = new Set<string>();
  let taking: Promise<void> = Promise.resolve();
  parser.on('data', (data: AttachmentStream | MessageText) => {
    if (data.type === 'text') return;
    const part = partNumber(data.partId);
    offered.add(part);
    const sink = take(part);
    taking = taking.then(() => drain(data, sink)).catch(stop);
  });
  await Promise.race([Promise.all([feed(parser, message), ended]), stopped]);
  await Promise.race([taking, stopped]);
  for (const { part, text } of textsOf(parser)) {
    const sink = offered.has(part) ? null : take(part);
    await sink?.write(new TextEncoder().encode(text));
    await sink?.end();
  }
}

async function feed(parser: MailParser, message: ChunkSource): Promise<void> {
  for await (const chunk of message()) {
    if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once('drain', resolve));
  }
  parser.end();
}

async function drain(data: AttachmentStream, sink: PartSink | null): Promise<void> {
  // It is a stream of buffers; its type says less.
  const content: object = data.content;
  if (isChunks(content)) for await (const chunk of content) await sink?.write(chunk);
  await sink?.end();
  data.release();
}

/** From the parser's own tree, see namedTexts in parse.ts. */
function textsOf(parser: object): { part: string; text: string }[] {
  const texts: { part: string; text: string }[] = [];
  const pending: unknown[] = ['tree' in parser ? parser.tree : null];
  for (let node = pending.shift(); node !== undefined; node = pending.shift()) {
    if (!isRecord(node)) continue;
    if (Array.isArray(node.children)) pending.push(...node.children);
    const numbers = isRecord(node.node) ? node.node.partNr : null;
    if (typeof node.textContent !== 'string') continue;
    const path = Array.isArray(numbers) ? numbers.filter(Number.isInteger).join('.') : '';
    texts.push({ part: partNumber(path), text: node.textContent });
  }
  return texts;
}

function isChunks(content: object): content is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in content;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * The octets of a message's parts as they are read, without their transfer encoding and otherwise as they came:
 * memory does not grow with a part, and whoever takes one sets the pace. Numbers are those of IMAP's BODY[part].
 */
import { type AttachmentStream, MailParser, type MessageText } from 'mailparser';
import type { ChunkSource } from '../core/message/message-facts.js';
import { MAX_DEPTH } from './facts.js';
import { feed, PARSER_OPTIONS, partNumber } from './parse.js';

export interface PartSink {
  write(chunk: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
}

/**
 * Offers every part that has content to `take`, in order, an attached message before its own parts; null leaves
 * it out. Throws what reading or a sink throws.
 */
export function readParts(message: ChunkSource, take: (part: string) => PartSink | null): Promise<void> {
  return readWithin(message, '', 0, take);
}

async function readWithin(
  message: ChunkSource,
  prefix: string,
  depth: number,
  take: (part: string) => PartSink | null,
): Promise<void> {
  const parser = new MailParser(PARSER_OPTIONS);
  // Undocumented: nothing is text to it, so it converts no charset. Where that is gone text comes in UTF-8.
  Object.assign(parser, { textTypes: [] });
  let stop: (error: unknown) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const ended = new Promise<void>((resolve) => parser.once('end', resolve));
  parser.on('error', stop);
  let taking: Promise<void> = Promise.resolve();
  parser.on('data', (data: AttachmentStream | MessageText) => {
    if (data.type === 'text') return;
    const part = prefix + partNumber(data.partId);
    const sink = take(part);
    const isMessage = String(data.contentType).toLowerCase() === 'message/rfc822' && depth < MAX_DEPTH;
    taking = taking
      .then(() => (isMessage ? drainMessage(data, part, depth, sink, take) : drain(octetsOf(data), sink)))
      .then(() => data.release())
      .catch(stop);
  });
  await Promise.race([Promise.all([feed(parser, message), ended]), stopped]);
  await Promise.race([taking, stopped]);
}

/** What is left of it. */
async function drain(octets: AsyncIterator<Uint8Array>, sink: PartSink | null): Promise<void> {
  for (let next = await octets.next(); next.done !== true; next = await octets.next())
    await sink?.write(next.value);
  await sink?.end();
}

/**
 * To the sink and, on the way, to whoever wants one of its own parts. What fails besides parsing ends everything;
 * a message in the message that can't be parsed is a part like any other.
 */
async function drainMessage(
  data: AttachmentStream,
  part: string,
  depth: number,
  sink: PartSink | null,
  take: (part: string) => PartSink | null,
): Promise<void> {
  let failed: { readonly error: unknown } | null = null;
  const noted = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      failed ??= { error };
      throw error;
    }
  };
  const octets = octetsOf(data);
  const next = () => noted(() => octets.next());
  const passing = async function* () {
    for (let read = await next(); read.done !== true; read = await next()) {
      const chunk = read.value;
      await noted(() => sink?.write(chunk));
      yield chunk;
    }
  };
  const takeNoted = (inner: string): PartSink | null => {
    const target = take(inner);
    return (
      target && {
        write: (chunk) => noted(() => target.write(chunk)),
        end: () => noted(() => target.end()),
      }
    );
  };
  try {
    await readWithin(passing, `${part}.`, depth + 1, takeNoted);
  } catch (error) {
    if (failed !== null) throw error;
  }
  await drain(octets, sink);
}

function octetsOf({ content }: AttachmentStream): AsyncIterator<Uint8Array> {
  // It is a stream of buffers; its type says less.
  const stream: object = content;
  if (!isChunks(stream)) throw new TypeError('a part came without a stream of its octets');
  return stream[Symbol.asyncIterator]();
}

function isChunks(content: object): content is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in content;
}

/** One message of the archive by its ID, or its whole conversation; its octets, its parts, its text. */
import type { AccountConfig } from '../config/config.js';
import { ArchiveError, UsageError } from '../core/errors.js';
import type { ChunkSource } from '../core/message/message-facts.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { FoundMessage } from '../core/ports/search.js';
import { threadOf } from '../core/query/thread.js';
import type { PartSink } from '../mime/parts.js';
import type { ReadableText } from '../mime/reading.js';
import { catchUp } from './index-text.js';
import { openSearch, openSearchReader } from './open-search.js';
import type { Wiring } from './wiring.js';

export interface ShownMessage extends FoundMessage {
  readonly account: AccountConfig;
}

/** Octets up to which a message is held as a whole. */
const MAX_WHOLE = 16 * 1024 * 1024;

/** IDs named where a prefix fits several. */
const MAX_NAMED = 5;

/**
 * The message whose SHA-256 begins with these digits. The same content in several accounts is one message.
 * Throws UsageError where there is none or several, and ArchiveError where it may be in what can't be read.
 */
export async function messageById(
  wiring: Wiring,
  accounts: readonly AccountConfig[],
  id: string,
  signal: AbortSignal,
): Promise<ShownMessage> {
  const digits = id.toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(digits)) {
    throw new UsageError(
      `${JSON.stringify(id)} is no ID: expected at least 8 hexadecimal digits`,
      'mailkeep search shows IDs',
    );
  }
  const found = new Map<string, ShownMessage>();
  const unread: ArchiveError[] = [];
  for (const account of accounts) {
    try {
      for (const message of await lookUp(wiring, account, digits, signal)) {
        if (!found.has(message.sha256)) found.set(message.sha256, { ...message, account });
      }
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      unread.push(error);
    }
  }
  const [first, ...others] = found.values();
  if (first === undefined) {
    // An account that was never backed up has nothing; only where none was is that the answer.
    const mayHaveIt = unread.find(({ code }) => code !== 'no_archive');
    const none = unread.length === accounts.length ? unread[0] : undefined;
    const problem = mayHaveIt ?? none;
    if (problem !== undefined) throw problem;
    throw new UsageError(`there is no message whose ID begins with ${digits}`, 'mailkeep search shows IDs');
  }
  if (others.length > 0) {
    const ids = [...found.keys()].slice(0, MAX_NAMED).join(', ');
    throw new UsageError(
      `several messages have an ID that begins with ${digits}: ${ids}`,
      'give more of its digits',
    );
  }
  return first;
}

/** The conversation that the message belongs to, within its account, oldest first. */
export function conversationOf(wiring: Wiring, message: ShownMessage): ShownMessage[] {
  const mailboxes = mailboxesOf(wiring, message.account);
  const reader = openSearchReader(wiring, message.account);
  try {
    return threadOf(message.sha256, reader.links())
      .flatMap((sha256) => reader.byPrefix(sha256, 1, mailboxes))
      .map((found) => ({ ...found, account: message.account }))
      .sort((a, b) => a.date - b.date);
  } finally {
    reader.close();
  }
}

export async function textOfMessage(wiring: Wiring, message: ShownMessage): Promise<ReadableText> {
  const { readableText } = await import('../mime/reading.js');
  const octets = octetsOf(wiring, message);
  return readableText(message.size > MAX_WHOLE ? octets : await joined(octets));
}

/** The header block as it stands. */
export async function headerOf(wiring: Wiring, message: ShownMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of octetsOf(wiring, message)()) {
    chunks.push(chunk);
    const start = Buffer.concat(chunks);
    const end = /^\r?\n|\n\r?\n/.exec(start.toString('latin1'));
    if (end !== null) return start.subarray(0, end.index + 1);
  }
  return Buffer.concat(chunks);
}

/** Gives a part's octets to the sink as they are read. Throws UsageError where there is no such part. */
export async function readPart(
  wiring: Wiring,
  message: ShownMessage,
  part: string,
  sink: PartSink,
): Promise<void> {
  const { readParts } = await import('../mime/parts.js');
  let found = false;
  await readParts(octetsOf(wiring, message), (number) => {
    if (found || number !== part) return null;
    found = true;
    return sink;
  });
  if (!found) {
    throw new UsageError(
      `the message has no part ${part} that can be taken out`,
      'mailkeep show without options lists the parts; --raw gives all of it',
    );
  }
}

/** Throws ArchiveError `damage` where none of its files is there. */
export function octetsOf(wiring: Wiring, message: ShownMessage): ChunkSource {
  const messages = wiring.messages(message.account);
  const place = message.places.map((each) => each.place).find((each) => messages.find(each) !== null);
  if (place === undefined) {
    throw new ArchiveError(`${message.account.name}: the file of message ${message.sha256} is missing`, {
      code: 'damage',
      hint: 'mailkeep check tells what else is',
    });
  }
  return () => messages.read(place);
}

async function lookUp(
  wiring: Wiring,
  account: AccountConfig,
  digits: string,
  signal: AbortSignal,
): Promise<FoundMessage[]> {
  const search = openSearch(wiring, account);
  try {
    await catchUp(wiring.root(account), search, { signal });
  } finally {
    search.close();
  }
  const reader = openSearchReader(wiring, account);
  try {
    return reader.byPrefix(digits, MAX_NAMED, mailboxesOf(wiring, account));
  } finally {
    reader.close();
  }
}

function mailboxesOf(wiring: Wiring, account: AccountConfig): IndexedMailbox[] {
  return wiring.look(account, (archive) => archive.mailboxes());
}

async function joined(octets: ChunkSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of octets()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

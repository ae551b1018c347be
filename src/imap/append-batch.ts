/**
 * Appends a batch: pipelined where the server takes literals without asking (LITERAL+), else as fast as it turns
 * out to go, several messages in one command where it has MULTIAPPEND. What is refused is tried in a plainer form.
 * Each message gets an outcome of its own, also where the connection ends in the middle; nothing is thrown.
 */

import { AccountError, describeError } from '../core/errors.js';
import { isKeyword } from '../core/mailbox/flags.js';
import { crlfLines } from '../core/message/crlf-lines.js';
import type { AppendItem, AppendOutcome } from '../core/ports/restore.js';
import type { AppendPace } from './append-pace.js';
import { saysSlowDown, serverText } from './errors.js';
import { type AppendMessage, append } from './wire/commands/append.js';
import { CommandRefusedError } from './wire/errors.js';
import type { WireSession } from './wire/session.js';

export interface AppendContext {
  readonly session: WireSession;
  readonly signal: AbortSignal;
  readonly account: string;
  /** Whether the server has MULTIAPPEND. */
  readonly multi: boolean;
  /** null: all at once. */
  readonly pace: AppendPace | null;
  /** Makes the mailbox that APPEND did not find; called once at most. */
  readonly create: () => Promise<void>;
}

/** Messages of one MULTIAPPEND: the server takes all or none, so a refusal costs a second try. */
const MULTI = 50;
const MULTI_OCTETS = 4 * 1024 * 1024;

export async function appendBatch(
  wireName: string,
  items: readonly AppendItem[],
  context: AppendContext,
): Promise<AppendOutcome[]> {
  const batch = new Batch(wireName, context);
  const groups = context.multi ? groupsOf(items) : items.map((item) => [item]);
  const sends = groups.map((group) => () => batch.send(group, true));
  const outcomes = context.pace?.run(sends) ?? Promise.all(sends.map((send) => send()));
  return (await outcomes).flat();
}

class Batch {
  readonly #wireName: string;
  readonly #context: AppendContext;
  #created: Promise<void> | null = null;

  constructor(wireName: string, context: AppendContext) {
    this.#wireName = wireName;
    this.#context = context;
  }

  async send(items: readonly AppendItem[], mayCreate: boolean): Promise<AppendOutcome[]> {
    const { session, signal } = this.#context;
    try {
      const { uidValidity, uids } = await append(session, this.#wireName, items.map(messageOf), { signal });
      return items.map((_, at) => ({
        kind: 'done',
        uidValidity: uidValidity?.toString() ?? null,
        uid: uids?.[at] ?? null,
      }));
    } catch (error) {
      if (error instanceof CommandRefusedError) return this.#refused(items, error, mayCreate);
      // A date or flag that IMAP has no words for; nothing was sent.
      if (error instanceof RangeError) return this.#oneByOne(items, mayCreate, describeError(error));
      return items.map(() => ({ kind: 'unknown' }));
    }
  }

  async #refused(
    items: readonly AppendItem[],
    error: CommandRefusedError,
    mayCreate: boolean,
  ): Promise<AppendOutcome[]> {
    if (error.code === 'TRYCREATE' && mayCreate) {
      this.#created ??= this.#context.create();
      const isThere = await this.#created.then(
        () => true,
        () => false,
      );
      if (isThere) return this.send(items, false);
    }
    const said = serverText(error.message);
    if (error.code === 'OVERQUOTA') return items.map(() => ({ kind: 'full', reason: said }));
    if (saysSlowDown(error.text) || error.code === 'THROTTLED') {
      const wait = new AccountError(`${this.#context.account}: the target asks to come back later: ${said}`, {
        code: 'throttled',
        hint: 'run the same command again later: it goes on from here',
        cause: error,
      });
      return items.map(() => ({ kind: 'wait', error: wait }));
    }
    return this.#oneByOne(items, mayCreate, `the target refuses it: ${said}`);
  }

  /** All or nothing: one by one, the message that was meant is found, and then tried in a plainer form. */
  async #oneByOne(
    items: readonly AppendItem[],
    mayCreate: boolean,
    reason: string,
  ): Promise<AppendOutcome[]> {
    if (items.length === 1) {
      const plainer = await plainerForm(items[0]!);
      return plainer === null ? [{ kind: 'refused', reason }] : this.send([plainer], mayCreate);
    }
    return (await Promise.all(items.map((item) => this.send([item], mayCreate)))).flat();
  }
}

/**
 * Servers refuse a message over a keyword (Dovecot: its length; Cyrus: the 129th of a mailbox), a date before 1970
 * or a line that ends with LF alone (Cyrus): what matters is the message. What it lost on the way is found when it is
 * read back. Null where nothing can be made plainer.
 */
async function plainerForm(item: AppendItem): Promise<AppendItem | null> {
  const flags = item.flags.filter((flag) => !isKeyword(flag));
  if (flags.length < item.flags.length) return { ...item, flags };
  const receivedAt = Math.min(Math.max(item.receivedAt, FIRST_DATE), LAST_DATE);
  if (receivedAt !== item.receivedAt) return { ...item, receivedAt };
  const content = () => crlfLines(item.content());
  let size = 0;
  try {
    for await (const chunk of content()) size += chunk.length;
  } catch {
    return null;
  }
  return size === item.size ? null : { ...item, size, content };
}

/** Seconds since 1970 that every server takes; to some 0 means that there is no date. */
const FIRST_DATE = 1;
const LAST_DATE = 0x7fff_ffff;

function groupsOf(items: readonly AppendItem[]): AppendItem[][] {
  const groups: AppendItem[][] = [];
  let octets = 0;
  for (const item of items) {
    const group = groups.at(-1);
    if (group === undefined || group.length >= MULTI || octets + item.size > MULTI_OCTETS) {
      groups.push([item]);
      octets = item.size;
    } else {
      group.push(item);
      octets += item.size;
    }
  }
  return groups;
}

function messageOf(item: AppendItem): AppendMessage {
  return {
    octets: item.size,
    content: buffers(item.content()),
    flags: item.flags,
    internalDate: { epochSeconds: item.receivedAt, zoneMinutes: 0 },
  };
}

async function* buffers(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

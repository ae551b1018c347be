/**
 * A server that gets mail back, through the wire: appends are pipelined where the server takes literals
 * without asking (LITERAL+), several in one command where it has MULTIAPPEND.
 */
import { AccountError, MailboxError } from '../core/errors.js';
import { messageIdOf } from '../core/header-fields.js';
import { displayPath, type MailboxPath } from '../core/mailbox-path.js';
import type {
  AppendItem,
  AppendOutcome,
  OpenTarget,
  RestoreTarget,
  TargetMailbox,
  TargetMessage,
} from '../core/restore-ports.js';
import { isSelectable, specialUseOf } from './attributes.js';
import { collecting } from './body-sinks.js';
import { connect } from './connect.js';
import { connectError, serverText } from './errors.js';
import { pathOf } from './names.js';
import type { ImapSettings } from './settings.js';
import { type AppendMessage, append } from './wire/commands/append.js';
import { fetchBodies } from './wire/commands/fetch-bodies.js';
import { create, subscribe } from './wire/commands/mailbox-commands.js';
import { search } from './wire/commands/search.js';
import { type SelectedMailbox, select } from './wire/commands/select.js';
import { CommandRefusedError } from './wire/errors.js';
import { encodeMailboxName } from './wire/mailbox-name.js';
import type { WireSession } from './wire/session.js';
import { UidSet } from './wire/uid-set.js';
import { WireReader } from './wire-reader.js';

/** Messages of one MULTIAPPEND: the server takes all or none, so a refusal costs a second try. */
const MULTI = 50;
const MULTI_OCTETS = 4 * 1024 * 1024;
/** Refusals that hold for every further message as well. */
const FULL = new Set(['OVERQUOTA', 'LIMIT']);

export async function openRestoreTarget(
  settings: ImapSettings,
  signal: AbortSignal,
  digest: (data: Uint8Array) => string,
): Promise<RestoreTarget> {
  const reader = new WireReader(await connect(settings, signal), {
    signal,
    silence: settings.silenceTimeout,
    cautious: false,
  });
  return new ImapRestoreTarget(reader, settings, signal, digest);
}

class ImapRestoreTarget implements RestoreTarget {
  readonly #reader: WireReader;
  readonly #session: WireSession;
  readonly #settings: ImapSettings;
  readonly #signal: AbortSignal;
  readonly #digest: (data: Uint8Array) => string;
  #delimiter: string | null = null;
  #selected: string | null = null;

  constructor(
    reader: WireReader,
    settings: ImapSettings,
    signal: AbortSignal,
    digest: (data: Uint8Array) => string,
  ) {
    this.#reader = reader;
    this.#session = reader.session;
    this.#settings = settings;
    this.#signal = signal;
    this.#digest = digest;
  }

  async list(): Promise<TargetMailbox[]> {
    const listed = await this.#guard(this.#reader.list());
    const { prefix, utf8 } = this.#reader;
    this.#delimiter = listed.find((mailbox) => mailbox.delimiter !== null)?.delimiter ?? null;
    return listed.map(({ wireName, delimiter, attributes }) => ({
      wireName,
      path: pathOf(wireName, { delimiter, prefix, utf8 }),
      selectable: isSelectable(attributes),
      specialUse: specialUseOf(attributes),
    }));
  }

  nameOf(path: MailboxPath): { wireName: string; changed: string | null } {
    const texts = path.components.map((component) => component.text);
    if (texts.length === 1 && texts[0]!.toUpperCase() === 'INBOX')
      return { wireName: 'INBOX', changed: null };
    const delimiter = this.#delimiter ?? '/';
    const { prefix, utf8 } = this.#reader;
    const fitted = texts.map((text) =>
      text.replaceAll(delimiter, '_').replace(/[\u0000-\u001f\u007f]/g, '_'),
    );
    const changed = fitted.every((text, at) => text === texts[at])
      ? null
      : `the target can't have that name; it is called ${fitted.join('/')} there`;
    const own = fitted.map((text) => encodeMailboxName(text, utf8)).join(delimiter);
    return {
      wireName: own.toUpperCase().startsWith(`INBOX${delimiter}`) && prefix !== '' ? own : `${prefix}${own}`,
      changed,
    };
  }

  async open(wireName: string): Promise<OpenTarget> {
    const mailbox = await this.#select(wireName);
    return {
      exists: mailbox.exists,
      uidValidity: mailbox.uidValidity?.toString() ?? null,
      permanentFlags: mailbox.permanentFlags,
    };
  }

  async inventory(wireName: string): Promise<TargetMessage[]> {
    const { exists } = await this.#select(wireName);
    if (exists === 0) return [];
    const found: TargetMessage[] = [];
    const answer = fetchBodies(
      this.#session,
      UidSet.range(1, 0xffff_ffff),
      { fields: ['Message-ID'] },
      collecting((row, octets) => {
        found.push({
          uid: row.uid,
          size: row.size ?? 0,
          receivedAt: row.internalDate?.epochSeconds ?? null,
          messageId: messageIdOf(octets),
        });
      }),
      { items: ['RFC822.SIZE', 'INTERNALDATE'], signal: this.#signal },
    );
    await this.#guard(answer, wireName);
    return found;
  }

  async uids(wireName: string): Promise<ReadonlySet<number>> {
    const { exists } = await this.#select(wireName);
    if (exists === 0) return new Set();
    const found = await this.#guard(search(this.#session, ['ALL'], { signal: this.#signal }), wireName);
    return new Set(found.uids);
  }

  async digests(wireName: string, uids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const found = new Map<number, string>();
    if (uids.length === 0) return found;
    await this.#select(wireName);
    for (const set of UidSet.from(uids).slices()) {
      const answer = fetchBodies(
        this.#session,
        set,
        '',
        collecting(({ uid }, octets) => found.set(uid, this.#digest(octets))),
        { signal: this.#signal },
      );
      await this.#guard(answer, wireName);
    }
    return found;
  }

  async create(wireName: string): Promise<void> {
    try {
      await create(this.#session, wireName, { signal: this.#signal });
    } catch (error) {
      const exists = error instanceof CommandRefusedError && error.code === 'ALREADYEXISTS';
      if (!exists) throw this.#mapped(error, wireName);
    }
    // A server that keeps no subscriptions is no reason to keep the mail back.
    await subscribe(this.#session, wireName, { signal: this.#signal }).catch((error) => {
      if (!(error instanceof CommandRefusedError)) throw this.#mapped(error, wireName);
    });
  }

  async append(wireName: string, items: readonly AppendItem[]): Promise<AppendOutcome[]> {
    const groups = this.#reader.has('MULTIAPPEND') ? groupsOf(items) : items.map((item) => [item]);
    const answers = groups.map((group) => this.#appendGroup(wireName, group));
    return (await Promise.all(answers)).flat();
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #appendGroup(wireName: string, items: readonly AppendItem[]): Promise<AppendOutcome[]> {
    try {
      const { uids } = await append(this.#session, wireName, items.map(messageOf), { signal: this.#signal });
      return items.map((_, at) => ({ kind: 'done', uid: uids?.[at] ?? null }));
    } catch (error) {
      if (!(error instanceof CommandRefusedError)) throw this.#mapped(error, wireName);
      if (FULL.has(error.code ?? '')) {
        throw new AccountError(
          `${this.#settings.account}: the target takes no more mail: ${serverText(error.message)}`,
          {
            code: 'throttled',
            hint: 'make room there, then run the same command again: it goes on from here',
            cause: error,
          },
        );
      }
      // All or nothing: one by one, the message that was meant is found.
      if (items.length > 1)
        return (await Promise.all(items.map((item) => this.#appendGroup(wireName, [item])))).flat();
      return [{ kind: 'refused', reason: `the target refuses it: ${serverText(error.message)}` }];
    }
  }

  async #select(wireName: string): Promise<SelectedMailbox> {
    this.#selected = wireName;
    return this.#guard(select(this.#session, wireName, { signal: this.#signal }), wireName);
  }

  async #guard<T>(answer: Promise<T>, wireName: string | null = this.#selected): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#mapped(error, wireName ?? 'the target');
    }
  }

  #mapped(error: unknown, wireName: string): unknown {
    if (error instanceof CommandRefusedError) {
      const { prefix, utf8 } = this.#reader;
      const path = displayPath(pathOf(wireName, { delimiter: this.#delimiter, prefix, utf8 }));
      return new MailboxError(`the target refuses ${path}: ${serverText(error.message)}`, {
        code: 'refused',
        cause: error,
      });
    }
    return connectError(error, this.#settings);
  }
}

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

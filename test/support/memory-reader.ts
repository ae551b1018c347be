// A mailbox reader that looks straight into the in-memory server's mail, without a connection: it makes
// thousands of runs cheap. It says what the wire engine says over the same mail (memory-reader.test.ts).

import { MailboxError } from '../../src/core/errors.js';
import { canonicalFlags } from '../../src/core/mailbox/flags.js';
import { Listing, NOT_ASKED } from '../../src/core/mailbox/listing.js';
import type { Probe, Source, SourceFactory } from '../../src/core/ports/source.js';
import { PROBE_SLICE, sliceOffsets } from '../../src/core/sync/probe-slices.js';
import { SortedUids } from '../../src/core/sync/sorted-uids.js';
import { Patience } from '../../src/imap/patience.js';
import type {
  BodiesJob,
  BodiesResult,
  BodySinks,
  ListedMailbox,
  MailboxReader,
  RowQuery,
  Visit,
  VisitResult,
} from '../../src/imap/reader.js';
import { ImapSource } from '../../src/imap/source.js';
import type { WindowLimit } from '../../src/imap/window-limit.js';
import { splitBody } from './imap-server/fetch-items.js';
import type { MailStore } from './imap-server/mail-store.js';
import type { Mailbox } from './imap-server/mailbox.js';
import { bodyOf, type Message, sizeOf } from './imap-server/message.js';
import type { Tier } from './imap-server/server-context.js';

export interface MemoryServer {
  readonly mail: MailStore;
  readonly tier: Tier;
  /** Whether EMAILID and MAILBOXID are told. */
  readonly objectId: boolean;
  /** Where it shows only so many messages of a mailbox, as is known of its host. */
  readonly windowLimit?: WindowLimit;
}

/** The real ImapSource over this reader. `lie` may change what the reader answers. */
export function memorySource(
  server: MemoryServer,
  lie: (reader: MailboxReader) => MailboxReader = (reader) => reader,
): SourceFactory {
  return {
    open: async (signal): Promise<Source> =>
      new ImapSource(lie(new MemoryReader(server)), {
        account: 'test',
        signal,
        reconnect: async () => lie(new MemoryReader(server)),
        mapError: (error) => error,
        windowLimit: server.windowLimit ?? null,
        patience: new Patience(async () => undefined, signal),
        connections: 1,
      }),
  };
}

export class MemoryReader implements MailboxReader {
  readonly tier: Tier;
  readonly prefix: string;
  readonly utf8 = false;
  readonly #server: MemoryServer;

  constructor(server: MemoryServer) {
    this.#server = server;
    this.tier = server.tier;
    this.prefix = server.mail.prefix;
  }

  async list(): Promise<ListedMailbox[]> {
    const { mail } = this.#server;
    const names = [...mail.mailboxes.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    return names.map((name) => {
      const mailbox = mail.mailbox(name);
      return {
        wireName: name,
        delimiter: mail.separator,
        attributes: [
          // Plain servers offer no SPECIAL-USE.
          ...mailbox.attributes.filter((name) => this.tier !== 'plain' || /^\\no/i.test(name)),
          ...(mail.subscriptions.has(name) && this.tier !== 'plain' ? ['\\Subscribed'] : []),
          mail.hasInferiors(name) ? '\\HasChildren' : '\\HasNoChildren',
        ],
        subscribed: mail.subscriptions.has(name),
        status:
          this.tier === 'plain' || !mailbox.selectable
            ? null
            : {
                messages: mailbox.size,
                uidNext: mailbox.uidNext,
                uidValidity: String(mailbox.uidValidity),
                highestModseq: mailbox.noModseq ? null : String(mailbox.highestModseq),
              },
      };
    });
  }

  async visit({ wireName, path, qresync, queries, roster, arrivedFrom }: Visit): Promise<VisitResult> {
    const mailbox = this.#open(wireName, path);
    const listing = new Listing();
    const resumes = qresync !== null && qresync.uidValidity === String(mailbox.uidValidity);
    let vanished: SortedUids | null = null;
    if (resumes) {
      const since = BigInt(qresync.modseq);
      vanished = SortedUids.from(goneSince(mailbox, since, qresync.lastUid));
      for (const message of messagesOf(mailbox))
        if (message.uid <= qresync.lastUid && message.modseq > since) this.#list(listing, message, false);
    }
    for (const query of queries) {
      for (const message of messagesOf(mailbox))
        if (answers(query, message)) this.#list(listing, message, query.details);
    }
    return {
      exists: mailbox.size,
      uidValidity: String(mailbox.uidValidity),
      uidNext: mailbox.uidNext,
      highestModseq: this.tier === 'plain' || mailbox.noModseq ? null : String(mailbox.highestModseq),
      mailboxId: this.#server.objectId ? mailbox.mailboxId : null,
      vanished,
      listing,
      roster: roster ? SortedUids.from(mailbox.uids) : null,
      arrived:
        arrivedFrom === null ? null : SortedUids.from(mailbox.uids.filter((uid) => uid >= arrivedFrom)),
    };
  }

  async bodies(job: BodiesJob, sinks: BodySinks): Promise<BodiesResult> {
    const mailbox = this.#open(job.wireName, job.path);
    if (String(mailbox.uidValidity) !== job.uidValidity)
      throw new MailboxError(`${job.path} got a new UIDVALIDITY during the run`, {
        code: 'id_space_changed',
      });
    for (const uid of job.uids) {
      const message = mailbox.get(uid);
      if (message === undefined) continue;
      const octets = bodyOf(message);
      const sink = sinks.begin(uid, octets.length);
      const middle = Math.ceil(octets.length / 2);
      await sink.write(octets.subarray(0, middle));
      await sink.write(octets.subarray(middle));
      await sink.end();
    }
    return { nil: [], refused: null };
  }

  async probe(
    job: BodiesJob,
    sizes: ReadonlyMap<number, number>,
    places: readonly number[],
    receive: (uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void> {
    const mailbox = this.#open(job.wireName, job.path);
    if (String(mailbox.uidValidity) !== job.uidValidity) return;
    for (const uid of job.uids) {
      const message = mailbox.get(uid);
      if (message === undefined) continue;
      const octets = bodyOf(message);
      const { header, text } = splitBody(octets);
      const tail = Math.max(0, (sizes.get(uid) ?? 0) - PROBE_SLICE);
      await receive(uid, {
        header,
        slices: [
          { offset: header.length, octets: text.subarray(0, PROBE_SLICE) },
          { offset: tail, octets: octets.subarray(tail, tail + PROBE_SLICE) },
          ...sliceOffsets(sizes.get(uid) ?? 0, places).map((offset) => ({
            offset,
            octets: octets.subarray(offset, offset + PROBE_SLICE),
          })),
        ],
      });
    }
  }

  /** No tier of this server has labels. */
  async labels(): Promise<void> {}

  async close(): Promise<void> {}

  #open(wireName: string, path: string): Mailbox {
    const mailbox = this.#server.mail.find(wireName);
    if (mailbox?.selectable !== true)
      throw new MailboxError(`the server does not open or list ${path}`, { code: 'refused' });
    return mailbox;
  }

  #list(listing: Listing, message: Message, details: boolean): void {
    listing.add({
      uid: message.uid,
      flags: canonicalFlags(message.flags),
      size: details ? sizeOf(message) : NOT_ASKED,
      receivedAt: details ? message.internalDate.seconds : null,
      emailId: details && this.#server.objectId ? `M${message.identity}` : null,
      labels: null,
    });
  }
}

function rank(name: string): number {
  return name === 'INBOX' ? 0 : 1;
}

function messagesOf(mailbox: Mailbox): Message[] {
  return mailbox.uids.map((uid) => mailbox.get(uid)!);
}

function answers(query: RowQuery, message: Message): boolean {
  return (
    message.uid >= query.first &&
    message.uid <= (query.last ?? Number.POSITIVE_INFINITY) &&
    (query.changedSince === null || message.modseq > BigInt(query.changedSince))
  );
}

function goneSince(mailbox: Mailbox, modseq: bigint, lastUid: number): number[] {
  const logged = mailbox.vanishedSince(modseq);
  if (logged !== undefined) return logged.filter((uid) => uid <= lastUid);
  const present = new Set(mailbox.uids);
  const all = Array.from({ length: Math.min(lastUid, mailbox.uidNext - 1) }, (_, at) => at + 1);
  return all.filter((uid) => !present.has(uid));
}

/**
 * The fall-back engine: reads through imapflow's own API, one command at a time, each message whole in
 * memory. Slower than the wire engine, same results; what imapflow drops silently shows up as undelivered.
 */
import type { FetchMessageObject, FetchQueryObject, ImapFlow, MailboxObject, SearchObject } from 'imapflow';
import { MailboxError } from '../core/errors.js';
import { canonicalFlags } from '../core/mailbox/flags.js';
import { type ListedMessage, Listing, NOT_ASKED } from '../core/mailbox/listing.js';
import type { LabelRequest, Probe, Tier } from '../core/ports/source.js';
import { PROBE_SLICE } from '../core/sync/probe-slices.js';
import { SortedUids } from '../core/sync/sorted-uids.js';
import { NO_UID_VALIDITY } from './checkpoint.js';
import type { Door } from './connect.js';
import { enabledBy } from './enabled.js';
import { isConnectionLost, isToldToWait, serverText } from './errors.js';
import { labelsOf } from './labels.js';
import { messageLimitOf, RowCount, tierWithin } from './message-limit.js';
import { type SliceQuery, slicesOf } from './probe-plan.js';
import type {
  BodiesJob,
  BodiesResult,
  BodySinks,
  ListedMailbox,
  MailboxReader,
  RowQuery,
  Visit,
  VisitResult,
} from './reader.js';
import { decodeMailboxName } from './wire/mailbox-name.js';

/** Messages whose sizes lie this close share a command of a probe. */
const TAIL_STEP = 4096;

export class ImapFlowReader implements MailboxReader {
  readonly tier: Tier;
  readonly #client: ImapFlow;
  readonly #messageLimit: number | null;
  readonly #signal: AbortSignal;
  /** imapflow knows no signal: closing the connection is what ends a FETCH under way. */
  readonly #stop = () => this.#client.close();
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ client }: Door, signal: AbortSignal) {
    this.#client = client;
    this.#messageLimit = messageLimitOf(client.capabilities.keys());
    this.tier = tierWithin(this.#messageLimit, enabledBy(client));
    this.#signal = signal;
    signal.addEventListener('abort', this.#stop, { once: true });
  }

  get prefix(): string {
    return this.#client.namespace?.prefix ?? '';
  }

  get utf8(): boolean {
    return this.#client.enabled.has('UTF8=ACCEPT');
  }

  list(): Promise<ListedMailbox[]> {
    return this.#alone(async () => {
      const statusQuery = {
        messages: true,
        uidNext: true,
        uidValidity: true,
        ...(this.tier === 'plain' ? {} : { highestModseq: true }),
      };
      const listed = await this.#client.list({ statusQuery });
      return listed.map((mailbox) => {
        const status = mailbox.status;
        return {
          wireName: Buffer.from(mailbox.pathAsListed).toString('latin1'),
          delimiter: mailbox.delimiter ?? null,
          attributes: [
            ...mailbox.flags,
            ...(mailbox.specialUseSource === 'extension' && mailbox.specialUse ? [mailbox.specialUse] : []),
          ],
          // imapflow leaves it out for what LSUB does not list.
          subscribed: mailbox.subscribed === true,
          status:
            status === undefined
              ? null
              : {
                  messages: status.messages ?? null,
                  uidNext: status.uidNext ?? null,
                  uidValidity: status.uidValidity?.toString() ?? null,
                  highestModseq: modseqText(status.highestModseq),
                },
        };
      });
    });
  }

  visit(visit: Visit): Promise<VisitResult> {
    return this.#alone(async () => {
      const listing = new Listing();
      const vanished: number[] = [];
      const onExpunge = (event: { uid?: number; vanished?: boolean }) => {
        if (event.vanished === true && event.uid !== undefined) vanished.push(event.uid);
      };
      const onFlags = (event: { uid?: number | undefined; flags?: Set<string> | undefined }) => {
        if (visit.qresync !== null && event.uid !== undefined && event.uid <= visit.qresync.lastUid) {
          listing.add(rowOf({ uid: event.uid, flags: event.flags ?? new Set() }, false, this.utf8));
        }
      };
      this.#client.on('expunge', onExpunge);
      this.#client.on('flags', onFlags);
      try {
        const mailbox = await this.#open(visit);
        this.#client.off('flags', onFlags);
        const { exists, uidNext, uidValidity, noModseq } = mailbox;
        // Copied now: imapflow raises it with every row it sees.
        const highestModseq = noModseq === true ? null : modseqText(mailbox.highestModseq);
        const resynced =
          visit.qresync !== null &&
          uidValidity.toString() === visit.qresync.uidValidity &&
          isResynced(mailbox);
        // Also where EXISTS is 0: a server that lost count still shows its rows.
        for (const query of visit.queries) {
          let rest: RowQuery | null = query;
          while (rest !== null) rest = (await this.#rows(visit, rest, listing)).rest;
        }
        const roster = visit.roster ? await this.#search(visit, { all: true }) : null;
        const from = visit.arrivedFrom;
        const arrived = from === null ? null : await this.#search(visit, { uid: `${from}:*` });
        return {
          exists,
          uidValidity: uidValidity === undefined || uidValidity === 0n ? null : uidValidity.toString(),
          uidNext: uidNext ?? null,
          highestModseq,
          mailboxId: objectId(mailbox.mailboxId),
          vanished: resynced ? SortedUids.from(vanished) : null,
          listing,
          roster: roster === null ? null : SortedUids.from(roster),
          arrived:
            from === null || arrived === null ? null : SortedUids.from(arrived.filter((uid) => uid >= from)),
        };
      } finally {
        this.#client.off('expunge', onExpunge);
        this.#client.off('flags', onFlags);
      }
    });
  }

  bodies(job: BodiesJob, sinks: BodySinks): Promise<BodiesResult> {
    return this.#alone(async () => {
      await this.#openFor(job);
      const wanted = new Set(job.uids);
      const delivered = new Set<number>();
      const nil: number[] = [];
      const refused = await this.#fetch(job, { uid: true, source: true }, async (message) => {
        const { uid, source } = message as { uid?: number; source?: Buffer | false };
        if (uid === undefined || !wanted.has(uid) || delivered.has(uid)) return;
        if (source === undefined) return;
        if (source === false) {
          nil.push(uid);
          return;
        }
        const sink = sinks.begin(uid, source.length);
        await sink.write(source);
        await sink.end();
        delivered.add(uid);
      });
      return { nil, refused };
    });
  }

  probe(
    job: BodiesJob,
    sizes: ReadonlyMap<number, number>,
    places: readonly number[],
    receive: (uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void> {
    return this.#alone(async () => {
      await this.#openFor(job);
      const between = await this.#slices(job, slicesOf(job.uids, sizes, places));
      for (const [tail, uids] of byTail(job.uids, sizes)) {
        const query: FetchQueryObject = {
          uid: true,
          source: { start: tail, maxLength: PROBE_SLICE + TAIL_STEP },
          headers: true,
          bodyParts: [{ key: 'TEXT', start: 0, maxLength: PROBE_SLICE }],
        };
        const awaited = new Set(uids);
        await this.#fetch({ ...job, uids }, query, async (message) => {
          const header = message.headers;
          const text = message.bodyParts?.get('text');
          if (!Buffer.isBuffer(header) || !Buffer.isBuffer(text) || !Buffer.isBuffer(message.source)) return;
          if (!awaited.delete(message.uid)) return;
          const places = between.get(message.uid) ?? [];
          if (places === null) return;
          await receive(message.uid, {
            header,
            slices: [
              { offset: header.length, octets: text },
              { offset: tail, octets: message.source },
              ...places,
            ],
          });
        });
      }
    });
  }

  labels(request: LabelRequest, receive: (uid: number, labels: string) => void): Promise<void> {
    return this.#alone(async () => {
      const job: BodiesJob = { ...request, weight: 0, doubts: 'none' };
      const wanted = new Set(request.uids);
      await this.#openFor(job);
      const refused = await this.#fetch(job, { uid: true, labels: true }, async ({ uid, labels }) => {
        if (labels !== undefined && wanted.has(uid)) receive(uid, spelledLabels(labels, this.utf8));
      });
      if (refused !== null)
        throw new MailboxError(`the server does not list ${request.path}: ${refused}`, { code: 'refused' });
    });
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop);
    await this.#client.logout().catch(() => undefined);
    this.#client.close();
  }

  /** imapflow keeps one command in flight, and a selected mailbox belongs to one caller at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #open(visit: Visit): Promise<MailboxObject> {
    const path = this.#spelled(visit);
    const { qresync } = visit;
    const resync =
      qresync === null
        ? {}
        : { changedSince: BigInt(qresync.modseq), uidValidity: BigInt(qresync.uidValidity) };
    let mailbox: MailboxObject;
    try {
      mailbox = await this.#client.mailboxOpen(path, { readOnly: true, ...resync });
    } catch (error) {
      throw refusal(error, `the server does not open ${visit.path}`);
    }
    // imapflow puts the namespace's prefix before names that lack it.
    if (mailbox.path !== path) throw unspellable(visit);
    return mailbox;
  }

  /** imapflow encodes the name anew; what would come out otherwise is another mailbox, or none. */
  #spelled(visit: Visit): string {
    const { text, canonical } = decodeMailboxName(visit.wireName, this.utf8);
    if (!canonical || /[\t\n\r\x7f]/.test(text)) throw unspellable(visit);
    return text;
  }

  async #openFor(job: BodiesJob): Promise<void> {
    const mailbox = await this.#open({
      ...job,
      qresync: null,
      queries: [],
      roster: false,
      arrivedFrom: null,
    });
    if ((mailbox.uidValidity ?? NO_UID_VALIDITY).toString() !== job.uidValidity) {
      throw new MailboxError(`${job.path} got a new UIDVALIDITY during the run`, {
        code: 'id_space_changed',
      });
    }
  }

  async #rows(visit: Visit, query: RowQuery, listing: Listing): Promise<RowCount> {
    const count = new RowCount(query, this.#messageLimit);
    const wanted: FetchQueryObject = {
      uid: true,
      flags: true,
      labels: true,
      ...(query.details ? { size: true, internalDate: true } : {}),
    };
    const options = {
      uid: true,
      ...(query.changedSince === null ? {} : { changedSince: BigInt(query.changedSince) }),
    };
    const last = query.last ?? Number.POSITIVE_INFINITY;
    try {
      for await (const message of this.#client.fetch(
        `${query.first}:${query.last ?? '*'}`,
        wanted,
        options,
      )) {
        const { uid, flags } = message;
        // "n:*" always answers with the last message, even if its UID is below n.
        if (uid === undefined || uid === 0 || flags === undefined || uid < query.first || uid > last)
          continue;
        count.add(uid);
        listing.add(rowOf(message, query.details, this.utf8));
      }
      return count;
    } catch (error) {
      throw refusal(error, `the server does not list ${visit.path}`);
    }
  }

  /** The slices of each message; null where one of them did not come. */
  async #slices(
    job: BodiesJob,
    queries: readonly SliceQuery[],
  ): Promise<Map<number, { offset: number; octets: Buffer }[] | null>> {
    const slices = new Map<number, { offset: number; octets: Buffer }[] | null>();
    for (const { offset, uids } of queries) {
      const source = { start: offset, maxLength: PROBE_SLICE };
      const awaited = new Set(uids);
      await this.#fetch({ ...job, uids }, { uid: true, source }, async (message) => {
        if (!Buffer.isBuffer(message.source) || !awaited.delete(message.uid)) return;
        const own = slices.get(message.uid);
        if (own === undefined) slices.set(message.uid, [{ offset, octets: message.source }]);
        else own?.push({ offset, octets: message.source });
      });
      for (const uid of awaited) slices.set(uid, null);
    }
    return slices;
  }

  async #search(visit: Visit, criteria: SearchObject): Promise<number[]> {
    const found = await this.#client.search(criteria, { uid: true });
    if (!Array.isArray(found))
      throw new MailboxError(`the server does not search ${visit.path}`, { code: 'refused' });
    return found;
  }

  /** The server's refusal as text; anything that ends the connection is thrown. */
  async #fetch(
    job: BodiesJob,
    query: FetchQueryObject,
    onMessage: (message: FetchMessageObject) => Promise<void>,
  ): Promise<string | null> {
    try {
      for await (const message of this.#client.fetch(job.uids.join(','), query, { uid: true }))
        await onMessage(message);
      return null;
    } catch (error) {
      const text = refusalText(error);
      if (text === null) throw error;
      return text;
    }
  }
}

/** UIDs by the offset from which a shared slice reaches the end of each: a command for all of a size, not for each. */
function byTail(uids: readonly number[], sizes: ReadonlyMap<number, number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const uid of uids) {
    const step = Math.max(0, Math.ceil((sizes.get(uid) ?? 0) / TAIL_STEP) - 1);
    const tail = Math.max(0, step * TAIL_STEP - PROBE_SLICE);
    const group = groups.get(tail);
    if (group === undefined) groups.set(tail, [uid]);
    else group.push(uid);
  }
  return groups;
}

function unspellable(visit: Visit): MailboxError {
  return new MailboxError(
    `imapflow can't open a mailbox with the name ${serverText(visit.path)}; engine: wire can`,
    { code: 'not_supported' },
  );
}

type FlagsAndDetails = Partial<
  Pick<FetchMessageObject, 'flags' | 'size' | 'internalDate' | 'emailId' | 'labels'>
> & {
  uid: number;
};

function rowOf(message: FlagsAndDetails, details: boolean, utf8: boolean): ListedMessage {
  const date = message.internalDate;
  return {
    uid: message.uid,
    flags: canonicalFlags(message.flags ?? []),
    size: details ? (message.size ?? NOT_ASKED) : NOT_ASKED,
    receivedAt:
      date instanceof Date && !Number.isNaN(date.getTime()) ? Math.floor(date.getTime() / 1000) : null,
    emailId: message.emailId ?? null,
    labels: message.labels === undefined ? null : spelledLabels(message.labels, utf8),
  };
}

/** imapflow takes octets for UTF-8 and decodes no modified UTF-7. */
function spelledLabels(labels: Iterable<string>, utf8: boolean): string {
  return labelsOf(
    [...labels].map((label) => Buffer.from(label).toString('latin1')),
    utf8,
  );
}

/** imapflow says so only where the server did not honour QRESYNC. */
function isResynced(mailbox: MailboxObject): boolean {
  return !('qresync' in mailbox) || (mailbox as { qresync?: boolean }).qresync !== false;
}

/** RFC 8474 section 4: what breaks the grammar is no identity. imapflow says false for an empty one. */
function objectId(id: unknown): string | null {
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,255}$/.test(id) ? id : null;
}

function modseqText(modseq: bigint | undefined): string | null {
  return modseq === undefined || modseq === 0n ? null : modseq.toString();
}

function refusalText(error: unknown): string | null {
  if (isConnectionLost(error) || isToldToWait(error) || !(error instanceof Error)) return null;
  const { responseStatus, responseText } = error as { responseStatus?: string; responseText?: string };
  return responseStatus === 'NO' || responseStatus === 'BAD'
    ? serverText(responseText ?? error.message)
    : null;
}

function refusal(error: unknown, what: string): unknown {
  const text = refusalText(error);
  return text === null ? error : new MailboxError(`${what}: ${text}`, { code: 'refused', cause: error });
}

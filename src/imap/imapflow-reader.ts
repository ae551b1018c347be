/**
 * The fall-back engine: reads through imapflow's own API, one command at a time, each message whole in
 * memory. Slower than the wire engine, same results; what imapflow drops silently shows up as undelivered.
 */
import type { FetchMessageObject, FetchQueryObject, ImapFlow, MailboxObject, SearchObject } from 'imapflow';
import { MailboxError } from '../core/errors.js';
import { Listing } from '../core/mailbox/listing.js';
import type { LabelRequest, Probe, Tier } from '../core/ports/source.js';
import { SortedUids } from '../core/sync/sorted-uids.js';
import { NO_UID_VALIDITY } from './checkpoint.js';
import { enabledBy } from './enabled.js';
import { isResynced, listedOf, modseqText, objectId, rowOf, spelledLabels } from './imapflow-answers.js';
import { type FetchMessages, fetchProbes } from './imapflow-probe.js';
import { refusal, refusalText, unspellable } from './imapflow-refusal.js';
import { messageLimitOf, RowCount, tierWithin } from './message-limit.js';
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
import { MAX_NUMBER_32 } from './wire/bytes.js';
import { uidOrNull } from './wire/commands/arguments.js';
import { decodeMailboxName } from './wire/mailbox-name.js';

export class ImapFlowReader implements MailboxReader {
  readonly tier: Tier;
  readonly #client: ImapFlow;
  readonly #messageLimit: number | null;
  readonly #signal: AbortSignal;
  /** imapflow knows no signal: closing the connection is what ends a FETCH under way. */
  readonly #stop = () => this.#client.close();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(client: ImapFlow, signal: AbortSignal) {
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
      return listed.map(listedOf);
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
          uidNext: uidOrNull(uidNext ?? 0),
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
      const refused = await this.#fetch(job.uids, { uid: true, source: true }, async (message) => {
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
      const fetch: FetchMessages = (uids, query, onMessage) => this.#fetch(uids, query, onMessage);
      await fetchProbes(fetch, { uids: job.uids, sizes, places }, receive);
    });
  }

  labels(request: LabelRequest, receive: (uid: number, labels: string) => void): Promise<void> {
    return this.#alone(async () => {
      const job: BodiesJob = { ...request, weight: 0, doubts: 'none' };
      const wanted = new Set(request.uids);
      await this.#openFor(job);
      const refused = await this.#fetch(job.uids, { uid: true, labels: true }, async ({ uid, labels }) => {
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
    const last = query.last ?? MAX_NUMBER_32;
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

  async #search(visit: Visit, criteria: SearchObject): Promise<number[]> {
    const found = await this.#client.search(criteria, { uid: true });
    if (!Array.isArray(found))
      throw new MailboxError(`the server does not search ${visit.path}`, { code: 'refused' });
    return found;
  }

  /** The server's refusal as text; anything that ends the connection is thrown. */
  async #fetch(
    uids: readonly number[],
    query: FetchQueryObject,
    onMessage: (message: FetchMessageObject) => Promise<void>,
  ): Promise<string | null> {
    try {
      for await (const message of this.#client.fetch(uids.join(','), query, { uid: true }))
        await onMessage(message);
      return null;
    } catch (error) {
      const text = refusalText(error);
      if (text === null) throw error;
      return text;
    }
  }
}

/**
 * The Source port over a mailbox reader: poll, observe, fetch, probe. Reconnects when the connection is
 * lost in the middle; what can't be read alone is reported for that UID only.
 */
import { AccountError, InterruptedError, MailboxError, throwIfAborted } from '../core/errors.js';
import { displayPath } from '../core/mailbox/mailbox-path.js';
import type {
  BodyReceiver,
  FetchRequest,
  LabelReceiver,
  LabelRequest,
  Observation,
  ObserveRequest,
  PolledMailbox,
  Probe,
  Source,
  Tier,
} from '../core/ports/source.js';
import { isSelectable, specialUseOf } from './attributes.js';
import { decodeCheckpoint, isUnchanged } from './checkpoint.js';
import { chunksOf } from './concurrently.js';
import { breaksConnection, isConnectionLost, serverText } from './errors.js';
import { FetchHelpers } from './fetch-helpers.js';
import { FetchRun } from './fetch-run.js';
import { pathOf } from './names.js';
import { observeMailbox, octetsOfArrivals } from './observe-mailbox.js';
import type { Patience } from './patience.js';
import type { BodiesJob, ListedMailbox, MailboxReader } from './reader.js';
import { LostConnections, type SharedWork, workTogether } from './suspects.js';
import type { WindowLimit } from './window-limit.js';
import { ProtocolViolationError } from './wire/errors.js';

/** Visits in flight at once: enough to hide any round trip, few enough to bound what a lost connection costs. */
const VISITS = 512;
/** Probes in flight at once. */
const PROBES = 4;
export interface ImapSourceOptions {
  readonly account: string;
  readonly signal: AbortSignal;
  /** A new signed-in connection; `cautious` after a server got out of step. */
  readonly reconnect: (cautious: boolean, signal: AbortSignal) => Promise<MailboxReader>;
  readonly mapError: (error: unknown) => unknown;
  readonly windowLimit: WindowLimit | null;
  readonly patience: Patience;
  /** Most connections at once. */
  readonly connections: number;
}

export class ImapSource implements Source {
  #reader: MailboxReader;
  readonly #options: ImapSourceOptions;
  readonly #paths = new Map<string, string>();
  /** The server got out of step once: one command at a time from then on. */
  #cautious = false;
  readonly #lost = new LostConnections();
  /** Further connections for fetching. */
  readonly #helpers: FetchHelpers;

  constructor(reader: MailboxReader, options: ImapSourceOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#helpers = new FetchHelpers(options.connections - 1, (signal) =>
      options.reconnect(this.#cautious, signal),
    );
  }

  get tier(): Tier {
    return this.#reader.tier;
  }

  get unlisted(): string | null {
    const line = this.#reader.unreadable ?? null;
    return line === null
      ? null
      : `the server lists a mailbox in a way that can't be read: ${serverText(line)}; the others are backed up, and none is taken for gone`;
  }

  async poll(checkpoints: ReadonlyMap<string, string>): Promise<PolledMailbox[]> {
    const listed = await this.#persistently(() => this.#reader.list());
    return distinct(listed).map((mailbox) => {
      const polled = this.#polled(mailbox, checkpoints.get(mailbox.wireName) ?? null);
      this.#paths.set(mailbox.wireName, displayPath(polled.path));
      return polled;
    });
  }

  async observe(
    requests: readonly ObserveRequest[],
    receive: (request: ObserveRequest, outcome: Observation | Error) => void | Promise<void>,
  ): Promise<void> {
    // Answers come side by side, but are taken one at a time: taking one may wait for the disk.
    let taking: Promise<void> = Promise.resolve();
    const take = (request: ObserveRequest, outcome: Observation | Error) => {
      const taken = taking.then(() => receive(request, outcome));
      taking = taken.catch(() => undefined);
      return taken;
    };
    await this.#together({
      items: requests,
      limit: VISITS,
      work: async (request, asking) => take(request, await this.#observe(request, asking)),
      broken: (error) => this.#mapped(error),
      giveUp: (request, error) => take(request, breaksConnection(this.#pathOf(request.wireName), error)),
    });
  }

  async fetch(requests: readonly FetchRequest[], receiver: BodyReceiver): Promise<void> {
    const run = new FetchRun(requests, receiver);
    this.#helpers.join(run);
    try {
      await this.#fetchAll(run);
    } catch (error) {
      // Nobody waits any more for what is delivered behind this.
      run.stop();
      await this.#helpers.settled().catch(() => undefined);
      throw error;
    }
  }

  async #fetchAll(run: FetchRun): Promise<void> {
    for (;;) {
      throwIfAborted(this.#options.signal);
      try {
        await run.drive(this.#reader);
        run.close();
        await this.#helpers.settled();
        await run.finish(this.#reader);
        return;
      } catch (error) {
        if (await this.#hasWaited(error)) {
          run.resume(this.#reader);
          continue;
        }
        if (this.#isThrottled(error) || !run.mayRetryAfter(error, this.#reader)) throw this.#mapped(error);
        await this.#replaceReader(error);
      }
    }
  }

  async probe(
    requests: readonly FetchRequest[],
    places: readonly number[],
    receive: (request: FetchRequest, uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void> {
    for (const request of requests) {
      const sizes = new Map(request.items.map(({ uid, size }) => [uid, size]));
      const jobs: BodiesJob[] = chunksOf(
        request.items.map(({ uid }) => uid),
        500,
      ).map((uids) => ({
        wireName: request.wireName,
        path: request.path,
        uidValidity: request.uidValidity,
        uids,
        weight: uids.length * 4096,
        doubts: 'none',
      }));
      await this.#together({
        items: jobs,
        limit: PROBES,
        work: async (job) => {
          try {
            await this.#reader.probe(job, sizes, places, (uid, probe) => receive(request, uid, probe));
          } catch (error) {
            // A probe is only a chance to save a download.
            if (!(error instanceof MailboxError)) throw error;
          }
        },
        giveUp: () => undefined,
      });
    }
  }

  async labels(requests: readonly LabelRequest[], receiver: LabelReceiver): Promise<void> {
    const jobs = requests.flatMap((request) =>
      chunksOf(request.uids, 500).map((uids) => ({ request, uids })),
    );
    await this.#together({
      items: jobs,
      limit: VISITS,
      work: async ({ request, uids }) => {
        try {
          await this.#reader.labels({ ...request, uids }, (uid, labels) =>
            receiver.told(request, uid, labels),
          );
        } catch (error) {
          if (!(error instanceof MailboxError)) throw error;
          receiver.mailboxFailed(request, error.message);
        }
      },
      giveUp: ({ request }, error) =>
        receiver.mailboxFailed(request, breaksConnection(request.path, error).message),
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#reader.close(), this.#helpers.close()]);
  }

  #polled(mailbox: ListedMailbox, checkpoint: string | null): PolledMailbox {
    const { prefix, utf8 } = this.#reader;
    return {
      wireName: mailbox.wireName,
      path: pathOf(mailbox.wireName, { delimiter: mailbox.delimiter, prefix, utf8 }),
      selectable: isSelectable(mailbox.attributes),
      specialUse: specialUseOf(mailbox.attributes),
      subscribed: mailbox.subscribed,
      messages: mailbox.status?.messages ?? null,
      uidValidity: mailbox.status?.uidValidity ?? null,
      changed: !isUnchanged(decodeCheckpoint(checkpoint), mailbox.status),
    };
  }

  #pathOf(wireName: string): string {
    return this.#paths.get(wireName) ?? wireName;
  }

  /** Connections for what is new are opened as soon as it is listed. */
  async #observe(request: ObserveRequest, asking: () => void): Promise<Observation | Error> {
    const path = this.#pathOf(request.wireName);
    const { windowLimit } = this.#options;
    const outcome = await observeMailbox(this.#reader, { request, path, windowLimit, asking });
    if (!(outcome instanceof MailboxError)) this.#helpers.expect(octetsOfArrivals(request, outcome));
    return outcome;
  }

  #together<T>(shared: Omit<SharedWork<T>, 'recover' | 'lost'>): Promise<void> {
    return workTogether({
      ...shared,
      work: (item, asking) => {
        throwIfAborted(this.#options.signal);
        return shared.work(item, asking);
      },
      recover: (error) => this.#recover(error),
      lost: this.#lost,
    });
  }

  /** Work that may be begun again is, on another connection, as long as that promises anything. */
  async #persistently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  async #recover(error: unknown): Promise<'waited' | 'reconnected'> {
    if (await this.#hasWaited(error)) return 'waited';
    if (!isConnectionLost(error) || this.#isThrottled(error) || !this.#lost.mayGoOn())
      throw this.#mapped(error);
    await this.#replaceReader(error);
    return 'reconnected';
  }

  /** Whether the server asked for a short time, and has had it: the same may be tried again. */
  async #hasWaited(error: unknown): Promise<boolean> {
    if (!this.#isThrottled(error) || !(await this.#options.patience.waitOut(error))) return false;
    if (isConnectionLost(error)) await this.#replaceReader(error);
    return true;
  }

  async #replaceReader(error: unknown): Promise<void> {
    this.#cautious ||= error instanceof ProtocolViolationError;
    await this.#reader.close();
    throwIfAborted(this.#options.signal);
    this.#reader = await this.#options.reconnect(this.#cautious, this.#options.signal);
  }

  /** A server that asks for patience gets it: no second knock at once. */
  #isThrottled(error: unknown): boolean {
    const mapped = this.#options.mapError(error);
    return mapped instanceof AccountError && mapped.code === 'throttled';
  }

  #mapped(error: unknown): unknown {
    return this.#options.signal.aborted && !(error instanceof AccountError)
      ? new InterruptedError()
      : this.#options.mapError(error);
  }
}

/** Some servers list a mailbox twice, or INBOX in two spellings (RFC 9051 section 5.1: it is one mailbox). */
function distinct(listed: readonly ListedMailbox[]): ListedMailbox[] {
  const byName = new Map<string, ListedMailbox>();
  for (const mailbox of listed) {
    const wireName = mailbox.wireName.toUpperCase() === 'INBOX' ? 'INBOX' : mailbox.wireName;
    const before = byName.get(wireName);
    if (before === undefined || (before.status === null && mailbox.status !== null))
      byName.set(wireName, { ...mailbox, wireName });
  }
  return [...byName.values()];
}

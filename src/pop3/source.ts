/**
 * The Source port over POP3: one mailbox, INBOX, whose listing is asked for once a session. Numbers of messages
 * hold for a session only, so after each reconnect the mailbox is looked into again and everything is found by
 * what identifies it.
 */
import { AccountError, InterruptedError, throwIfAborted } from '../core/errors.js';
import { Listing } from '../core/mailbox/listing.js';
import { mailboxPath } from '../core/mailbox/mailbox-path.js';
import { headerField } from '../core/message/header-fields.js';
import type {
  BodyReceiver,
  FetchRequest,
  Observation,
  ObserveRequest,
  PolledMailbox,
  Probe,
  RemovalOutcome,
  ServerCleaner,
  Source,
} from '../core/ports/source.js';
import type { Door } from './connect.js';
import { ConnectionLostError, RefusedError } from './errors.js';
import { FetchRun } from './fetch-run.js';
import { identify } from './identify.js';
import { lookInto, type NumberedMessage } from './maildrop.js';
import { isInUse } from './refusal.js';
import { readTop, type Top } from './top.js';
import {
  decodeMap,
  encodeMap,
  type IdentifiedMessage,
  isUnchanged,
  numberMessages,
  type UidMap,
} from './uid-map.js';

const INBOX = 'INBOX';
/** A server takes a while to notice that a connection is gone, and keeps the mailbox locked meanwhile. */
const IN_USE_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** Reconnects that looking and probing may cost in one run. */
const MAX_RECONNECTS = 5;
/** Up to here a message is recognised by all of its octets. */
const PROBED_WHOLE = 16 * 1024;
/** Of longer ones, by their header block, which must be one of a kind, and so many lines. */
const PROBED_LINES = 100;
const PROBES_AT_ONCE = 200;
/** How long a server may take to say goodbye. */
const GOODBYE_MS = 5_000;

export interface Pop3SourceOptions {
  readonly account: string;
  readonly signal: AbortSignal;
  readonly reconnect: () => Promise<Door>;
  /** What `reconnect` and the session throw, as errors by reach. */
  readonly mapError: (error: unknown) => Error;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly mayDelete: boolean;
  readonly warn: (message: string) => void;
  readonly clock: () => number;
}

/** The mailbox as the session at hand sees it. */
interface View {
  readonly count: number;
  readonly incomplete: string | null;
  readonly messages: readonly IdentifiedMessage[];
}

export class Pop3Source implements Source {
  readonly tier = 'pop3';
  readonly #options: Pop3SourceOptions;
  #door: Door;
  #view: View | null = null;
  #map: UidMap | null = null;
  #reconnects = 0;
  readonly #told = new Set<string>();

  constructor(door: Door, options: Pop3SourceOptions) {
    this.#door = door;
    this.#options = options;
  }

  async poll(checkpoints: ReadonlyMap<string, string>): Promise<PolledMailbox[]> {
    const view = await this.#persistently(() => this.#look());
    this.#map = decodeMap(checkpoints.get(INBOX) ?? null);
    const changed = this.#map === null || view.incomplete !== null || !isUnchanged(this.#map, view.messages);
    return [
      {
        wireName: INBOX,
        path: mailboxPath(INBOX),
        selectable: true,
        specialUse: null,
        subscribed: true,
        messages: view.count,
        uidValidity: this.#map?.uidValidity ?? null,
        changed,
      },
    ];
  }

  async observe(
    requests: readonly ObserveRequest[],
    receive: (request: ObserveRequest, outcome: Observation | Error) => void | Promise<void>,
  ): Promise<void> {
    for (const request of requests) {
      const view = await this.#persistently(() => this.#look());
      await receive(request, this.#observation(request, view));
    }
  }

  async fetch(requests: readonly FetchRequest[], receiver: BodyReceiver): Promise<void> {
    for (const request of requests) {
      if (request.uidValidity !== this.#map?.uidValidity) {
        receiver.mailboxFailed(request, 'its messages were identified in another way meanwhile');
        continue;
      }
      const run = new FetchRun(request, receiver, this.#options.clock);
      for (;;) {
        throwIfAborted(this.#options.signal);
        try {
          await this.#look();
          await run.drive(this.#door.session, this.#byUid());
          break;
        } catch (error) {
          if (!run.mayGoOn(error)) throw this.#mapped(error);
          await this.#reopen();
        }
      }
    }
  }

  async probe(
    requests: readonly FetchRequest[],
    _places: readonly number[],
    receive: (request: FetchRequest, uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void> {
    for (const request of requests) {
      for (let at = 0; at < request.items.length; at += PROBES_AT_ONCE) {
        throwIfAborted(this.#options.signal);
        const uids = request.items.slice(at, at + PROBES_AT_ONCE).map(({ uid }) => uid);
        for (const [uid, probe] of await this.#persistently(() => this.#probeAll(uids)))
          await receive(request, uid, probe);
      }
    }
  }

  /** POP3 has none. */
  async labels(): Promise<void> {}

  get cleaner(): ServerCleaner | null {
    if (!this.#options.mayDelete) return null;
    return {
      listed: new Set(this.#byUid().keys()),
      remove: (uids, marked) => this.#remove(uids, marked),
    };
  }

  /** Never after a deletion that is not to be: only QUIT makes one come true (RFC 1939 section 6). */
  async close(): Promise<void> {
    const { session } = this.#door;
    if (!session.usable) return;
    const timer = setTimeout(() => session.destroy(), GOODBYE_MS);
    await session.command('QUIT', 'QUIT\r\n').catch(() => undefined);
    clearTimeout(timer);
    session.destroy();
  }

  /** Once a session. */
  async #look(): Promise<View> {
    if (this.#view !== null) return this.#view;
    const { session, capabilities } = this.#door;
    const drop = await lookInto(session, capabilities.has('UIDL'));
    const { messages, duplicates } = await identify(session, drop);
    if (!drop.hasUidl)
      this.#tell(
        'the server has no UIDL: messages are told apart by their headers, which are read in every run',
      );
    if (duplicates > 0)
      this.#tell(
        `the server gives ${duplicates} messages a UIDL that another has too: their headers tell them apart`,
      );
    this.#view = { count: drop.count, incomplete: drop.incomplete, messages };
    return this.#view;
  }

  #observation(request: ObserveRequest, view: View): Observation {
    const former = decodeMap(request.checkpoint);
    const before = former !== null && isStillRight(former, view) ? former : null;
    const { map, uids, reused } = numberMessages(before, view.messages, {
      forget: request.keptHere ?? new Set(),
      above: former === null ? (request.highestUid ?? 0) : former.next - 1,
      whole: view.incomplete === null,
    });
    this.#map = map;
    if (reused > 0)
      this.#tell(
        `${reused} messages have another size than those that had their UIDL before; they are fetched as new ones`,
      );
    const listing = new Listing();
    view.messages.forEach(({ size }, at) => {
      listing.add({ uid: uids[at]!, flags: '', size, receivedAt: null, emailId: null, labels: null });
    });
    return {
      sameIdSpace: before !== null,
      checkpoint: encodeMap(map),
      checkpointNamesUids: true,
      uidValidity: map.uidValidity,
      listing,
      roster: new Set(uids),
      vanished: null,
      exists: view.count,
      incomplete: view.incomplete,
    };
  }

  /** What this session's server lists, by UID. */
  #byUid(): Map<number, NumberedMessage> {
    const found = new Map<number, NumberedMessage>();
    for (const { key, number, size } of this.#view?.messages ?? []) {
      const entry = this.#map?.entries.get(key);
      if (entry?.size === size) found.set(entry.uid, { number, size });
    }
    return found;
  }

  async #probeAll(uids: readonly number[]): Promise<(readonly [number, Probe])[]> {
    await this.#look();
    const messages = this.#byUid();
    const probes = await Promise.all(
      uids.map(async (uid) => {
        const message = messages.get(uid);
        const probe = message === undefined ? null : await this.#probeOne(message);
        return probe === null ? [] : [[uid, probe] as const];
      }),
    );
    return probes.flat();
  }

  /** null where what can be asked for would not tell the message from any other. */
  async #probeOne({ number, size }: NumberedMessage): Promise<Probe | null> {
    const isWhole = size <= PROBED_WHOLE;
    let top: Top;
    try {
      top = await readTop(this.#door.session, number, isWhole ? size : PROBED_LINES);
    } catch (error) {
      // A probe is only a chance to save a download.
      if (error instanceof RefusedError) return null;
      throw error;
    }
    const { header } = top;
    const body = top.body.subarray(0, Math.max(0, size - header.length));
    if (isWhole ? header.length + body.length !== size : !isOneOfAKind(header)) return null;
    return { header, slices: [{ offset: header.length, octets: body }] };
  }

  async #remove(uids: readonly number[], marked: (uids: readonly number[]) => void): Promise<RemovalOutcome> {
    const nothing = { marked: 0, confirmed: false };
    try {
      if (!this.#door.session.usable) await this.#reopen();
      await this.#look();
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      return nothing;
    }
    const { session } = this.#door;
    const messages = this.#byUid();
    const outcomes = await Promise.all(
      uids.map(async (uid) => {
        const message = messages.get(uid);
        if (message === undefined) return 'refused';
        const answer = session.command('DELE', `DELE ${message.number}\r\n`);
        return answer.then(
          () => 'marked' as const,
          (error) => (error instanceof RefusedError ? 'refused' : 'lost'),
        );
      }),
    );
    const agreed = uids.filter((_, at) => outcomes[at] === 'marked');
    // Without QUIT the server forgets all marks.
    if (outcomes.includes('lost') || agreed.length === 0) return nothing;
    try {
      marked(agreed);
      await session.command('QUIT', 'QUIT\r\n');
      return { marked: agreed.length, confirmed: true };
    } catch (error) {
      if (error instanceof RefusedError || error instanceof ConnectionLostError)
        return { marked: agreed.length, confirmed: false };
      throw error;
    } finally {
      session.destroy();
    }
  }

  /** Work that may be begun again is, on another connection. */
  async #persistently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      throwIfAborted(this.#options.signal);
      try {
        return await work();
      } catch (error) {
        if (this.#reconnects >= MAX_RECONNECTS || !(error instanceof ConnectionLostError))
          throw this.#mapped(error);
        this.#reconnects += 1;
        await this.#reopen();
      }
    }
  }

  async #reopen(): Promise<void> {
    this.#door.session.destroy();
    this.#view = null;
    for (let attempt = 0; ; attempt++) {
      throwIfAborted(this.#options.signal);
      try {
        this.#door = await this.#options.reconnect();
        return;
      } catch (error) {
        const wait = IN_USE_PAUSES_MS[attempt];
        const refusal = (error as { cause?: unknown } | null)?.cause;
        if (wait === undefined || !isInUse(refusal)) throw this.#mapped(error);
        await this.#options.pause(wait);
      }
    }
  }

  #mapped(error: unknown): Error {
    if (this.#options.signal.aborted && !(error instanceof AccountError)) return new InterruptedError();
    return this.#options.mapError(error);
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.warn(`${this.#options.account}: ${message}`);
  }
}

/** false where nothing of what was there before is to be found under its identifier: UIDs then begin anew. */
function isStillRight(map: UidMap, { messages, incomplete }: View): boolean {
  if (map.listed === 0 || messages.length === 0 || incomplete !== null) return true;
  return messages.some(({ key, size }) => map.entries.get(key)?.size === size);
}

/** Written by the server that took the message in, or meant to be unique in the world. */
function isOneOfAKind(header: Uint8Array): boolean {
  return headerField(header, 'received') !== null && headerField(header, 'message-id') !== null;
}

/**
 * The bodies of many messages, window by window, on one connection or several that share the work. Keeps
 * account of what was asked and what came: a UID that was not delivered is asked for once more alone, and only
 * then reported. A window that kills the connection is halved until the message that does it stands alone.
 */
import { MailboxError } from '../core/errors.js';
import type { BodyReceiver, BodySink, FetchRequest } from '../core/ports/source.js';
import { breaksConnection, isConnectionLost, lossText } from './errors.js';
import { halves, type Window, windowOf, windowsOf } from './fetch-windows.js';
import type { BodiesJob, BodiesResult, MailboxReader } from './reader.js';

/** Windows in flight on one connection, and their octets: more than any link holds, and something left for the others. */
const IN_FLIGHT = 64;
const OCTETS_IN_FLIGHT = 8 * 1024 * 1024;
/** Connections that one run may use up before the account is given up for now. */
const MAX_RECONNECTS = 40;
/** So many in a row over one mailbox, and no message of it: halving takes fewer to find one that does it alone. */
const MAX_FRUITLESS = 12;

export class FetchRun {
  readonly #receiver: BodyReceiver;
  readonly #queue: Window[];
  /** Windows of one message each, asked for when nothing else is in flight. */
  readonly #alone: Window[] = [];
  /** Messages whose RFC822.SIZE proved wrong when fetched alone: some servers estimate it. */
  #wrongSizes = 0;
  readonly #inFlight = new Map<MailboxReader, Set<Window>>();
  readonly #closedMailboxes = new Set<FetchRequest>();
  #reconnects = 0;
  #closed = false;

  constructor(requests: readonly FetchRequest[], receiver: BodyReceiver) {
    this.#receiver = receiver;
    this.#queue = requests.flatMap(windowsOf);
  }

  /** Octets that nobody has asked for yet. */
  get waiting(): number {
    return this.#queue.reduce((sum, window) => sum + window.weight, 0);
  }

  /** From here on no further connection may join. */
  close(): void {
    this.#closed = true;
  }

  /** Also those that joined ask for nothing more. */
  stop(): void {
    this.#closed = true;
    this.#queue.length = 0;
  }

  get mayBeJoined(): boolean {
    return !this.#closed && this.#queue.length > 0;
  }

  /** Returns when this connection has nothing left to ask for; throws what ended it. */
  async drive(reader: MailboxReader): Promise<void> {
    await this.#drain(reader, this.#queue, IN_FLIGHT);
  }

  /** The last of it, on one connection: whatever others gave back, and what is to be asked for alone. */
  async finish(reader: MailboxReader): Promise<void> {
    await this.#drain(reader, this.#queue, IN_FLIGHT);
    await this.#drain(reader, this.#alone, 1);
  }

  async #drain(reader: MailboxReader, queue: Window[], most: number): Promise<void> {
    const inFlight = new Set<Window>();
    this.#inFlight.set(reader, inFlight);
    const asked = new Set<Promise<void>>();
    let octets = 0;
    let failure: { readonly error: unknown } | null = null;
    const ask = async (window: Window): Promise<void> => {
      octets += window.weight;
      try {
        await this.#ask(reader, window);
        inFlight.delete(window);
      } catch (error) {
        failure ??= { error };
      }
      octets -= window.weight;
    };
    while (failure === null) {
      const next = queue[0];
      if (
        next === undefined ||
        asked.size >= most ||
        (asked.size > 0 && octets + next.weight > OCTETS_IN_FLIGHT)
      ) {
        // A window that is answered may bring new ones: what it lacked is asked for again.
        if (asked.size === 0) return;
        await Promise.race(asked);
        continue;
      }
      queue.shift();
      if (this.#closedMailboxes.has(next.request)) continue;
      inFlight.add(next);
      const asking: Promise<void> = ask(next).finally(() => asked.delete(asking));
      asked.add(asking);
    }
    await Promise.all(asked);
    throw (failure as { readonly error: unknown }).error;
  }

  /** Puts the unanswered windows of a connection back, smaller; false where another connection won't help. */
  mayRetryAfter(error: unknown, reader: MailboxReader): boolean {
    if (!isConnectionLost(error)) return false;
    this.#reconnects += 1;
    const lost = [...(this.#inFlight.get(reader) ?? [])];
    this.#inFlight.delete(reader);
    if (this.#reconnects > MAX_RECONNECTS) return false;
    // The oldest one was being answered: it is the suspect. The others only waited behind it.
    if (lost[0] !== undefined) this.#blame(lost[0].request, error);
    lost.forEach((window, at) => {
      const rest = this.#undelivered(window);
      if (rest.length === 0) return;
      if (at > 0) this.#queue.unshift(windowOf(window.request, rest, window.sizes));
      else if (rest.length > 1) this.#queue.unshift(...halves(window, rest));
      else this.#suspect(window, rest[0]!, error);
    });
    return true;
  }

  /** Puts the unanswered windows of a connection back as they were: it ended over something else than them. */
  resume(reader: MailboxReader): void {
    for (const window of [...(this.#inFlight.get(reader) ?? [])].reverse()) {
      const uids = this.#undelivered(window);
      if (uids.length > 0) (window.alone ? this.#alone : this.#queue).unshift({ ...window, uids });
    }
    this.#inFlight.delete(reader);
  }

  readonly #delivered = new WeakMap<FetchRequest, Set<number>>();
  readonly #suspected = new Map<FetchRequest, Map<number, number>>();
  /** Connections lost over a mailbox since so many of its messages were here. */
  readonly #fruitless = new Map<FetchRequest, { readonly delivered: number; readonly losses: number }>();

  /** A mailbox that nothing comes out of must not use up the connections that the others need. */
  #blame(request: FetchRequest, error: unknown): void {
    if (this.#closedMailboxes.has(request)) return;
    const delivered = this.#deliveredOf(request).size;
    const before = this.#fruitless.get(request);
    const losses = before?.delivered === delivered ? before.losses + 1 : 1;
    this.#fruitless.set(request, { delivered, losses });
    if (losses < MAX_FRUITLESS) return;
    this.#closedMailboxes.add(request);
    this.#receiver.mailboxFailed(request, breaksConnection(request.path, error).message);
  }

  /** Two lost connections with this UID alone in the first window are its fault. */
  #suspect(window: Window, uid: number, error: unknown): void {
    const counts = this.#suspected.get(window.request) ?? new Map<number, number>();
    this.#suspected.set(window.request, counts);
    const count = (counts.get(uid) ?? 0) + 1;
    counts.set(uid, count);
    if (count >= 2) {
      this.#receiver.failed(
        window.request,
        uid,
        `the server breaks the connection over this message (${lossText(error)})`,
      );
    } else this.#alone.push({ ...window, alone: true });
  }

  #deliveredOf(request: FetchRequest): Set<number> {
    let delivered = this.#delivered.get(request);
    if (delivered === undefined) {
      delivered = new Set();
      this.#delivered.set(request, delivered);
    }
    return delivered;
  }

  #undelivered(window: Window): number[] {
    const delivered = this.#deliveredOf(window.request);
    return window.uids.filter((uid) => !delivered.has(uid));
  }

  async #ask(reader: MailboxReader, window: Window): Promise<void> {
    const delivered = this.#deliveredOf(window.request);
    const doubts = this.#doubts(window);
    const empty: number[] = [];
    let result: BodiesResult;
    try {
      result = await reader.bodies(
        { ...window, doubts },
        {
          begin: (uid, size) => {
            const expected = window.sizes.get(uid) ?? 0;
            if (size === 0 && expected > 0) empty.push(uid);
            // Another size than the listing's may be another message's octets, sent under this UID.
            if (delivered.has(uid) || empty.includes(uid) || (doubts === 'all' && size !== expected))
              return NOWHERE;
            const sink = this.#receiver.begin(window.request, uid, size);
            const proved = window.uids.length === 1 && size !== expected;
            return new Delivery(sink, uid, delivered, proved ? () => this.#noteWrongSize() : null);
          },
        },
      );
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      this.#closedMailboxes.add(window.request);
      this.#receiver.mailboxFailed(window.request, error.message);
      return;
    }
    const missing = this.#undelivered(window);
    if (missing.length === 0) return;
    if (window.alone)
      this.#receiver.failed(window.request, missing[0]!, reasonFor(missing[0]!, result, empty));
    else if (result.refused !== null && missing.length > 1) this.#queue.unshift(...halves(window, missing));
    else
      this.#alone.push(
        ...missing.map((uid) => ({ ...windowOf(window.request, [uid], window.sizes), alone: true })),
      );
  }

  #noteWrongSize(): void {
    this.#wrongSizes += 1;
  }

  /** Alone, a message is what it is; and a server whose sizes are known to be wrong proves nothing by them. */
  #doubts(window: Window): BodiesJob['doubts'] {
    if (window.alone) return 'none';
    return this.#wrongSizes < 3 ? 'all' : 'not-size';
  }
}

/** A body on its way to the receiver. An object of few parts: there is one for each message. */
class Delivery implements BodySink {
  readonly #sink: BodySink;
  readonly #uid: number;
  readonly #delivered: Set<number>;
  readonly #wrongSize: (() => void) | null;

  constructor(sink: BodySink, uid: number, delivered: Set<number>, wrongSize: (() => void) | null) {
    this.#sink = sink;
    this.#uid = uid;
    this.#delivered = delivered;
    this.#wrongSize = wrongSize;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    return this.#sink.write(chunk);
  }

  end(): void | Promise<void> {
    this.#delivered.add(this.#uid);
    this.#wrongSize?.();
    return this.#sink.end();
  }

  abort(): void {
    this.#sink.abort();
  }
}

/** For octets that are not wanted. */
const NOWHERE: BodySink = { write: () => undefined, end: () => undefined, abort: () => undefined };

function reasonFor(uid: number, result: BodiesResult, empty: readonly number[]): string {
  if (result.refused !== null) return `the server refuses it: ${result.refused}`;
  if (empty.includes(uid)) return 'the server says it has a size but sends it empty';
  if (result.nil.includes(uid)) return 'the server lists it but sends no content (NIL)';
  return 'the server lists it but does not send it';
}

/**
 * The bodies of many messages, window by window. Keeps account of what was asked and what came: a UID that
 * was not delivered is asked for once more alone, and only then reported. A window that kills the
 * connection is halved until the message that does it stands alone.
 */
import { MailboxError } from '../core/errors.js';
import type { BodyReceiver, BodySink, FetchRequest } from '../core/ports.js';
import { isConnectionLost } from './errors.js';
import type { BodiesJob, BodiesResult, MailboxReader } from './reader.js';

const MAX_MESSAGES = 500;
const MAX_OCTETS = 16 * 1024 * 1024;
/** Windows in flight at once; the reader bounds octets. */
const IN_FLIGHT = 64;
/** Connections that one run may use up before the account is given up for now. */
const MAX_RECONNECTS = 40;

interface Window extends Omit<BodiesJob, 'doubts'> {
  readonly alone: boolean;
  readonly request: FetchRequest;
  readonly sizes: ReadonlyMap<number, number>;
}

export class FetchRun {
  readonly #receiver: BodyReceiver;
  readonly #queue: Window[];
  /** Windows of one message each, asked for when nothing else is in flight. */
  readonly #alone: Window[] = [];
  /** Messages whose RFC822.SIZE proved wrong when fetched alone: some servers estimate it. */
  #wrongSizes = 0;
  readonly #inFlight = new Set<Window>();
  readonly #closedMailboxes = new Set<FetchRequest>();
  #reconnects = 0;

  constructor(requests: readonly FetchRequest[], receiver: BodyReceiver) {
    this.#receiver = receiver;
    this.#queue = requests.flatMap(windowsOf);
  }

  /** Returns when every window is answered; throws what ended the connection. */
  async drive(reader: MailboxReader): Promise<void> {
    await this.#drain(reader, this.#queue, IN_FLIGHT);
    await this.#drain(reader, this.#alone, 1);
  }

  async #drain(reader: MailboxReader, queue: Window[], inFlight: number): Promise<void> {
    let broken = false;
    const worker = async (): Promise<void> => {
      for (let window = queue.shift(); window !== undefined; window = broken ? undefined : queue.shift()) {
        if (this.#closedMailboxes.has(window.request)) continue;
        this.#inFlight.add(window);
        await this.#ask(reader, window).catch((error) => {
          broken = true;
          throw error;
        });
        this.#inFlight.delete(window);
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: inFlight }, worker));
    const first = outcomes.find((outcome) => outcome.status === 'rejected');
    if (first !== undefined) throw first.reason;
  }

  /** Puts unanswered windows back, smaller; false where another connection won't help. */
  mayRetryAfter(error: unknown): boolean {
    if (!isConnectionLost(error)) return false;
    this.#reconnects += 1;
    const lost = [...this.#inFlight];
    this.#inFlight.clear();
    if (this.#reconnects > MAX_RECONNECTS) return false;
    // The oldest one was being answered: it is the suspect. The others only waited behind it.
    lost.forEach((window, at) => {
      const rest = this.#undelivered(window);
      if (rest.length === 0) return;
      if (at > 0) this.#queue.unshift(windowOf(window.request, rest, window.sizes));
      else if (rest.length > 1) this.#queue.unshift(...halves(window, rest));
      else this.#suspect(window, rest[0]!, error);
    });
    return true;
  }

  /** Puts unanswered windows back as they were: nothing is wrong with them, the server only asked to wait. */
  resume(): void {
    for (const window of [...this.#inFlight].reverse()) {
      const uids = this.#undelivered(window);
      if (uids.length > 0) (window.alone ? this.#alone : this.#queue).unshift({ ...window, uids });
    }
    this.#inFlight.clear();
  }

  readonly #delivered = new WeakMap<FetchRequest, Set<number>>();
  readonly #suspected = new Map<FetchRequest, Map<number, number>>();

  /** Two lost connections with this UID alone in the first window are its fault. */
  #suspect(window: Window, uid: number, error: unknown): void {
    const counts = this.#suspected.get(window.request) ?? new Map<number, number>();
    this.#suspected.set(window.request, counts);
    const count = (counts.get(uid) ?? 0) + 1;
    counts.set(uid, count);
    if (count >= 2) {
      const why = error instanceof Error ? error.message : String(error);
      this.#receiver.failed(
        window.request,
        uid,
        `the server breaks the connection over this message (${why})`,
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
            return {
              write: (chunk) => sink.write(chunk),
              end: () => {
                delivered.add(uid);
                if (window.uids.length === 1 && size !== expected) this.#wrongSizes += 1;
                return sink.end();
              },
              abort: () => sink.abort(),
            };
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

  /** Alone, a message is what it is; and a server whose sizes are known to be wrong proves nothing by them. */
  #doubts(window: Window): BodiesJob['doubts'] {
    if (window.alone) return 'none';
    return this.#wrongSizes < 3 ? 'all' : 'not-size';
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

function windowsOf(request: FetchRequest): Window[] {
  const windows: Window[] = [];
  const sizes = new Map(request.items.map(({ uid, size }) => [uid, size]));
  let uids: number[] = [];
  let octets = 0;
  for (const { uid, size } of request.items) {
    if (uids.length > 0 && (uids.length >= MAX_MESSAGES || octets + size > MAX_OCTETS)) {
      windows.push(windowOf(request, uids, sizes));
      uids = [];
      octets = 0;
    }
    uids.push(uid);
    octets += size;
  }
  if (uids.length > 0) windows.push(windowOf(request, uids, sizes));
  return windows;
}

function windowOf(
  request: FetchRequest,
  uids: readonly number[],
  sizes: ReadonlyMap<number, number>,
): Window {
  const weight = uids.reduce((sum, uid) => sum + (sizes.get(uid) ?? 0), 0);
  const { wireName, path, uidValidity } = request;
  return { request, sizes, wireName, path, uidValidity, uids, weight, alone: false };
}

function halves(window: Window, uids: readonly number[]): Window[] {
  const middle = Math.ceil(uids.length / 2);
  return [uids.slice(0, middle), uids.slice(middle)]
    .filter((half) => half.length > 0)
    .map((half) => windowOf(window.request, half, window.sizes));
}

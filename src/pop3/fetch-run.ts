/**
 * The bodies of many messages over as many connections as it takes, one at a time. Keeps account of what was
 * asked and what came: a message of another size than listed is fetched once more before it is believed, and
 * one that ends the connection twice when it is the next to come is given up.
 */
import type { BodyReceiver, FetchRequest } from '../core/ports/source.js';
import { BodyRelay } from './body-relay.js';
import { ConnectionLostError, RefusedError, SilenceError, serverText } from './errors.js';
import type { NumberedMessage } from './maildrop.js';
import { receivedDate } from './received-date.js';
import type { Session } from './session.js';

/** Messages asked for at once; how many go out is the session's business. */
const ASKED = 128;
/** Connections that one run may use up, and how many in a row without a single message. */
const MAX_LOST = 40;
const MAX_LOST_IN_VAIN = 4;
/** So many wrong sizes prove that the server's sizes mean nothing. */
const ENOUGH_WRONG_SIZES = 3;

export class FetchRun {
  readonly #request: FetchRequest;
  readonly #receiver: BodyReceiver;
  readonly #clock: () => number;
  #queue: number[];
  /** To be fetched when nothing else is on its way: what was doubtful once. */
  #alone: number[] = [];
  readonly #doubted = new Set<number>();
  readonly #suspected = new Map<number, number>();
  #wrongSizes = 0;
  #lost = 0;
  #lostInVain = 0;

  constructor(request: FetchRequest, receiver: BodyReceiver, clock: () => number) {
    this.#request = request;
    this.#receiver = receiver;
    this.#clock = clock;
    this.#queue = request.items.map(({ uid }) => uid);
  }

  /** `messages` by UID, as this session numbers them. Throws what ended the session. */
  async drive(session: Session, messages: ReadonlyMap<number, NumberedMessage>): Promise<void> {
    await this.#drain(session, messages, this.#queue, ASKED);
    // What is doubted on the way comes again.
    while (this.#alone.length > 0) await this.#drain(session, messages, this.#alone, 1);
  }

  /** false where another connection won't help. */
  mayGoOn(error: unknown): boolean {
    if (!(error instanceof ConnectionLostError)) return false;
    this.#lost += 1;
    this.#lostInVain += 1;
    return this.#lost <= MAX_LOST && this.#lostInVain <= MAX_LOST_IN_VAIN;
  }

  async #drain(
    session: Session,
    messages: ReadonlyMap<number, NumberedMessage>,
    queue: number[],
    most: number,
  ): Promise<void> {
    const asked = new Map<number, Promise<void>>();
    let failure: { readonly error: unknown } | null = null;
    while (failure === null && (queue.length > 0 || asked.size > 0)) {
      if (queue.length === 0 || asked.size >= most) {
        await asked.values().next().value;
        continue;
      }
      const uid = queue.shift()!;
      const message = messages.get(uid);
      if (message === undefined) {
        this.#receiver.failed(this.#request, uid, 'the server holds it no more');
        continue;
      }
      const fetching = this.#fetch(session, uid, message).then(
        () => void asked.delete(uid),
        (error: unknown) => {
          failure ??= { error };
        },
      );
      asked.set(uid, fetching);
    }
    if (failure === null) return;
    await Promise.all(asked.values());
    const { error } = failure as { readonly error: unknown };
    this.#putBack([...asked.keys()], error);
    throw error;
  }

  /** The first one was being answered: it is the suspect. The others only waited behind it. */
  #putBack([suspect, ...rest]: readonly number[], error: unknown): void {
    this.#queue.unshift(...rest);
    if (suspect === undefined) return;
    const times = (this.#suspected.get(suspect) ?? 0) + 1;
    this.#suspected.set(suspect, times);
    if (times < 2 || !(error instanceof ConnectionLostError)) this.#alone.push(suspect);
    else
      this.#receiver.failed(
        this.#request,
        suspect,
        `the server ${error instanceof SilenceError ? 'falls silent' : 'breaks the connection'} over this message (${serverText(error.message)})`,
      );
  }

  async #fetch(session: Session, uid: number, message: NumberedMessage): Promise<void> {
    const relay = new BodyRelay({
      size: message.size,
      begin: (header) =>
        this.#receiver.begin(this.#request, uid, message.size, receivedDate(header, this.#clock())),
      accept: (octets) => this.#isBelievable(uid, octets, message.size),
    });
    try {
      await session.octets('RETR', `RETR ${message.number}\r\n`, relay);
      this.#lostInVain = 0;
    } catch (error) {
      relay.abort();
      if (!(error instanceof RefusedError)) throw error;
      this.#receiver.failed(this.#request, uid, `the server refuses it: ${serverText(error.text)}`);
    }
  }

  #isBelievable(uid: number, octets: number, size: number): boolean {
    if (octets === size) return true;
    if (this.#doubted.has(uid)) {
      this.#wrongSizes += 1;
      return true;
    }
    if (this.#wrongSizes >= ENOUGH_WRONG_SIZES) return true;
    this.#doubted.add(uid);
    this.#alone.push(uid);
    return false;
  }
}

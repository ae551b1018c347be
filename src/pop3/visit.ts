/**
 * The mailbox over as many sessions as it takes. Numbers of messages hold for one session only, so after each
 * reconnect the mailbox is looked into again. One look a session: the view does not change under whoever has it.
 */
import { AccountError, InterruptedError, throwIfAborted } from '../core/errors.js';
import type { Door } from './connect.js';
import { ConnectionLostError } from './errors.js';
import { identify } from './identify.js';
import { lookInto } from './maildrop.js';
import { isInUse } from './refusal.js';
import type { Session } from './session.js';
import type { IdentifiedMessage } from './uid-map.js';

/** A server takes a while to notice that a connection is gone, and keeps the mailbox locked meanwhile. */
const IN_USE_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** Reconnects that looking and probing may cost in one run. */
const MAX_RECONNECTS = 5;
/** How long a server may take to say goodbye. */
const GOODBYE_MS = 5_000;

export interface VisitOptions {
  readonly account: string;
  readonly signal: AbortSignal;
  readonly reconnect: () => Promise<Door>;
  /** What `reconnect` and the session throw, as errors by reach. */
  readonly mapError: (error: unknown) => Error;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly warn: (message: string) => void;
}

/** The mailbox as the session at hand sees it. */
export interface View {
  readonly count: number;
  readonly incomplete: string | null;
  readonly messages: readonly IdentifiedMessage[];
}

export class Visit {
  readonly #options: VisitOptions;
  #door: Door;
  #view: View | null = null;
  #reconnects = 0;
  readonly #told = new Set<string>();

  constructor(door: Door, options: VisitOptions) {
    this.#door = door;
    this.#options = options;
  }

  get session(): Session {
    return this.#door.session;
  }

  /** Whether a message that is listed no more may be there all the same. */
  get hidesMail(): boolean {
    return this.#door.hidesMail;
  }

  get messages(): readonly IdentifiedMessage[] {
    return this.#view?.messages ?? [];
  }

  /** Asks the server once a session. */
  async look(): Promise<View> {
    if (this.#view !== null) return this.#view;
    const { session, capabilities } = this.#door;
    const drop = await lookInto(session, capabilities.has('UIDL'));
    const { messages, duplicates, refused } = await identify(session, drop);
    if (!drop.hasUidl)
      this.tell(
        'the server has no UIDL: messages are told apart by their headers, which are read in every run',
      );
    if (duplicates > 0)
      this.tell(
        `the server gives ${duplicates} messages a UIDL that another has too: their headers tell them apart`,
      );
    if (this.hidesMail)
      this.tell(
        'Gmail shows the last 30 days only: no message counts as gone from there, whatever happens to it',
      );
    const unknown = refused === 0 ? null : `the server refuses the headers of ${refused} messages`;
    this.#view = { count: drop.count, incomplete: drop.incomplete ?? unknown, messages };
    return this.#view;
  }

  /** Work that may be begun again is, on another connection. */
  async persistently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      throwIfAborted(this.#options.signal);
      try {
        return await work();
      } catch (error) {
        if (this.#reconnects >= MAX_RECONNECTS || !(error instanceof ConnectionLostError))
          throw this.mapped(error);
        this.#reconnects += 1;
        await this.reopen();
      }
    }
  }

  async reopen(): Promise<void> {
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
        if (wait === undefined || !isInUse(refusal)) throw this.mapped(error);
        await this.#options.pause(wait);
      }
    }
  }

  mapped(error: unknown): Error {
    if (this.#options.signal.aborted && !(error instanceof AccountError)) return new InterruptedError();
    return this.#options.mapError(error);
  }

  /** Once a run. */
  tell(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.warn(`${this.#options.account}: ${message}`);
  }

  /** Never after a deletion that is not to be: only QUIT makes one come true (RFC 1939 section 6). */
  async close(): Promise<void> {
    const { session } = this.#door;
    if (!session.usable) return;
    // To Gmail it would say that what was fetched need not be shown again.
    if (!this.hidesMail) {
      const timer = setTimeout(() => session.destroy(), GOODBYE_MS);
      await session.command('QUIT', 'QUIT\r\n').catch(() => undefined);
      clearTimeout(timer);
    }
    session.destroy();
  }
}

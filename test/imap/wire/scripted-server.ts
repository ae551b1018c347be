/**
 * An IMAP server that is a list of exchanges: when the client has sent the expected text, the reply goes
 * out, cut where the test wants it cut. In memory, so that thousands of runs take no ports and no time.
 */
import { PassThrough, Writable } from 'node:stream';
import type { BodySink } from '../../../src/imap/wire/body-sink.js';
import { WireSession } from '../../../src/imap/wire/session.js';
import type { WireOptions } from '../../../src/imap/wire/wire-command.js';

/** What the client must send (CRLF left out at the end), and what the server then says (latin1). */
export interface Exchange {
  readonly client: string;
  readonly server: string | Buffer;
}

export interface Connection {
  readonly session: WireSession;
  readonly server: ScriptedServer;
}

/** The tags are `tg1`, `tg2`, ...: dialogues can be written down whole. */
export const TAG_PREFIX = 'tg';

export function connect(
  exchanges: readonly Exchange[],
  options: WireOptions & { readonly cut?: Cut; readonly hangUp?: boolean } = {},
): Connection {
  const server = new ScriptedServer(exchanges, options.cut ?? whole, options.hangUp ?? false);
  const { cut: _cut, hangUp: _hangUp, ...wire } = options;
  const session = new WireSession(
    { readSocket: server.toClient, writeSocket: server.fromClient },
    { tagPrefix: TAG_PREFIX, literals: 'plus', ...wire },
  );
  return { session, server };
}

/** How a reply is cut into chunks. */
export type Cut = (reply: Buffer) => Buffer[];

export const whole: Cut = (reply) => [reply];

export const everyByte: Cut = (reply) => Array.from(reply, (_, at) => reply.subarray(at, at + 1));

/** Two chunks, cut at `at`. */
export function cutAt(at: number): Cut {
  return (reply) => [reply.subarray(0, at), reply.subarray(at)].filter((chunk) => chunk.length > 0);
}

export class ScriptedServer {
  readonly toClient = new PassThrough();
  readonly fromClient: Writable;
  /** All the client sent. */
  received = '';
  #expected: string[];
  #replies: Buffer[];
  readonly #cut: Cut;
  readonly #hangUp: boolean;
  #matched = 0;

  constructor(exchanges: readonly Exchange[], cut: Cut, hangUp: boolean) {
    this.#expected = exchanges.map(({ client }) => `${client}\r\n`);
    this.#replies = exchanges.map(({ server }) =>
      typeof server === 'string' ? Buffer.from(server, 'latin1') : server,
    );
    this.#cut = cut;
    this.#hangUp = hangUp;
    this.fromClient = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.received += chunk.toString('latin1');
        this.#answer();
        done();
      },
    });
    this.#answer();
  }

  /** Says something, whatever the client has sent. */
  say(text: string | Buffer): void {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
    // After the client's turn, as a socket would: the client may write several commands in one.
    process.nextTick(() => this.#send(bytes));
  }

  hangUp(): void {
    process.nextTick(() => this.toClient.end());
  }

  /** Ends the connection once neither side has said anything for a while. */
  async hangUpWhenQuiet(): Promise<void> {
    for (let quiet = 0, last = ''; quiet < 10; quiet += 1) {
      await new Promise(setImmediate);
      const now = `${this.received.length} ${this.toClient.writableLength} ${this.toClient.readableLength}`;
      if (now !== last) quiet = 0;
      last = now;
    }
    this.hangUp();
  }

  #answer(): void {
    while (this.#expected.length > 0 && this.received.startsWith(this.#expected[0]!, this.#matched)) {
      this.#matched += this.#expected.shift()!.length;
      this.say(this.#replies.shift()!);
    }
    if (this.#hangUp && this.#expected.length === 0) this.hangUp();
  }

  #send(reply: Buffer): void {
    for (const chunk of this.#cut(reply)) {
      if (!this.toClient.writableEnded && !this.toClient.destroyed) this.toClient.write(chunk);
    }
  }
}

/** A sink that keeps what it was given, and how it ended. */
export class MemorySink {
  readonly chunks: Buffer[] = [];
  uid: number | null = null;
  doubts: readonly string[] = [];
  ended = false;
  aborted: Error | null = null;

  write(chunk: Buffer): void | Promise<void> {
    this.chunks.push(Buffer.from(chunk));
  }

  end(row: { readonly uid: number | null }, doubts: readonly string[]): void | Promise<void> {
    this.ended = true;
    this.uid = row.uid;
    this.doubts = doubts;
  }

  abort(reason: Error): void {
    this.aborted = reason;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

/** Answers the `examine(session, 'a')` that comes first. */
export const OPEN: Exchange = { client: 'tg1 EXAMINE "a"', server: '* 3 EXISTS\r\ntg1 OK\r\n' };

/** A sink that takes everything and keeps nothing. */
export const IGNORE: BodySink = { write: () => {}, end: () => {}, abort: () => {} };

/** What a promise came to: its value, or the error. */
export function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value,
    (reason: unknown) => reason,
  );
}

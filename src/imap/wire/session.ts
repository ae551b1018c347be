/**
 * One authenticated IMAP connection. Commands are written in order, as soon as depth and window allow;
 * whose answer a response is, the queue knows. Every promise it gives settles:
 * by the answer, or by the one error that ended the session. After a failure nothing is read or written.
 */
import { randomBytes } from 'node:crypto';
import { CommandQueue, isOrphan, type PendingCommand } from './command-queue.js';
import { CommandWriter } from './command-writer.js';
import { CommandRefusedError, ConnectionLostError, MailboxNotSelectedError, TimeoutError } from './errors.js';
import type { StatusResponse } from './response-code.js';
import { ResponseReader } from './response-reader.js';
import { ResponseRouter } from './response-router.js';
import { Scanner } from './scanner.js';
import { asFailure, endsSession, errorCode } from './session-failure.js';
import { SilenceTimer } from './silence-timer.js';
import type { WireCommand, WireOptions, WireStreams } from './wire-command.js';

const DEFAULTS = {
  maxDepth: 256,
  window: 64_000_000,
  silence: 120_000,
  literals: 'none',
  maxBody: 4 * 1024 ** 3,
  maxLine: 32 * 1024 ** 2,
  maxLines: 2 * 1024 ** 3,
  maxLiteral: 65_536,
} as const;

export class WireSession {
  /** Begins every tag; looked for in bodies by the swallow check. */
  readonly tagPrefix: string;
  readonly #streams: WireStreams;
  readonly #silence: SilenceTimer;
  readonly #queue: CommandQueue;
  readonly #writer: CommandWriter;
  readonly #router: ResponseRouter;
  readonly #reader: ResponseReader;
  readonly #scanner: Scanner;
  #failure: Error | null = null;
  /** The reader waits for a sink; what arrives meanwhile (little: the socket is paused) waits in line. */
  #held = false;
  #backlog: Buffer[] = [];
  #ended: Error | null = null;
  #bye: string | null = null;
  #mailboxOpen = false;

  constructor(streams: WireStreams, options: WireOptions = {}) {
    const settings = { ...DEFAULTS, ...options };
    this.tagPrefix = settings.tagPrefix ?? randomTagPrefix();
    if (!/^[a-z][a-z0-9]{1,9}$/.test(this.tagPrefix)) throw new RangeError('not a tag prefix');
    this.#streams = streams;
    this.#silence = new SilenceTimer(settings.silence, (milliseconds) => {
      this.#fail(new TimeoutError(milliseconds, this.#uid()));
    });
    this.#queue = new CommandQueue(this.tagPrefix, settings.maxDepth, settings.window);
    this.#writer = new CommandWriter(streams.writeSocket, settings.literals, {
      progress: () => this.#silence.advance(),
      sourceHolds: () => this.#watch(),
      idle: () => this.#pump(),
      failed: (error, pending) => this.#fail(error, pending),
    });
    this.#router = new ResponseRouter(this.#queue, {
      tagged: (pending, response) => this.#tagged(pending, response),
      bye: (response) => this.#sayBye(response),
      proceed: () => this.#writer.proceed(),
      unsolicited: (name, cursor) => options.onUnsolicited?.(name, cursor),
    });
    this.#reader = new ResponseReader(this.#router, settings);
    this.#scanner = new Scanner(this.#reader, settings.maxLine);
    this.#reader.attach(this.#scanner);
    this.#listen();
  }

  /** What ended the session, null while it is usable. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Commands written and not yet answered. */
  get inFlight(): number {
    return this.#queue.inFlight.length;
  }

  /** Raw name of the mailbox in which a command given now will run, null where there is none. */
  get mailbox(): string | null {
    return this.#queue.lastSelection?.mailbox ?? null;
  }

  /** True where the server has a mailbox open, as of the answers read so far. */
  get mailboxOpen(): boolean {
    return this.#mailboxOpen;
  }

  /**
   * Queues a command. Commands are written, and run by the server, in the order of these calls. Rejects with a
   * WireError, with what a receiver threw, or with the signal's reason: at once where the command was not
   * yet written; otherwise the session ends with it, since IMAP has no way to take a command back.
   * The promise may be dropped: its rejection never counts as unhandled.
   */
  execute<T>(command: WireCommand<T>, options: { signal?: AbortSignal | undefined } = {}): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      const { signal } = options;
      if (signal?.aborted) {
        this.#queue.refuseSelection(command, signal.reason);
        return reject(signal.reason);
      }
      const how = { resolve: resolve as (value: unknown) => void, reject, signal: signal ?? null };
      this.#queue.add(command as WireCommand<unknown>, how, (aborted) => this.#abort(aborted));
      this.#pump();
    });
    promise.catch(() => {});
    return promise;
  }

  /** Ends the connection at once; commands in flight or queued reject. May be called twice. */
  close(): void {
    this.#fail(new ConnectionLostError('the session was closed'));
  }

  #listen(): void {
    const { readSocket, writeSocket, socket } = this.#streams;
    readSocket.on('data', (chunk: Buffer) => this.#receive(chunk));
    readSocket.on('end', () => this.#end('the server closed the connection'));
    for (const stream of new Set([readSocket, writeSocket, ...(socket === undefined ? [] : [socket])])) {
      // These stay for good: a destroyed stream may still report an error.
      stream.on('error', (cause: Error) => this.#lost(`the connection failed (${errorCode(cause)})`, cause));
      stream.on('close', () => this.#end('the connection was closed'));
    }
    if (readSocket.destroyed || readSocket.readableEnded || writeSocket.destroyed) {
      this.#end('the connection was closed before it was taken over');
      return;
    }
    // imapflow leaves the stream paused.
    readSocket.resume();
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== null) return;
    this.#silence.touch(chunk.length);
    if (this.#held) {
      this.#backlog.push(chunk);
      return;
    }
    try {
      const held = this.#scanner.feed(chunk);
      if (held !== undefined) this.#hold(held);
    } catch (error) {
      this.#fail(error);
    }
  }

  #hold(held: Promise<void>): void {
    this.#held = true;
    this.#streams.readSocket.pause();
    this.#watch();
    held.then(
      () => {
        this.#held = false;
        if (this.#failure !== null) return;
        this.#watch();
        while (!this.#held && this.#failure === null && this.#backlog.length > 0)
          this.#receive(this.#backlog.shift()!);
        if (this.#held || this.#failure !== null) return;
        if (this.#ended === null) this.#streams.readSocket.resume();
        else this.#fail(this.#ended);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #pump(): void {
    const { writeSocket } = this.#streams;
    if (this.#failure !== null) return;
    writeSocket.cork();
    try {
      while (this.#writer.ready) {
        const pending = this.#queue.next();
        if (pending === null) break;
        if (isOrphan(pending)) {
          this.#queue.forget(pending);
          pending.reject(
            new MailboxNotSelectedError(pending.command.name, pending.selection?.failure?.cause),
          );
          continue;
        }
        this.#queue.start(pending);
        this.#writer.write(pending);
      }
    } finally {
      writeSocket.uncork();
    }
    this.#watch();
  }

  #tagged(pending: PendingCommand, response: StatusResponse): void {
    const orphan = isOrphan(pending);
    this.#queue.finish(pending);
    this.#silence.advance();
    this.#writer.answered(pending);
    this.#queue.forget(pending);
    const { command } = pending;
    if (orphan) {
      pending.reject(new MailboxNotSelectedError(command.name, pending.selection?.failure?.cause));
    } else if (response.status === 'OK') {
      try {
        if (command.mailbox !== undefined && command.mailbox !== 'needs') {
          this.#mailboxOpen = command.mailbox !== 'leaves';
        }
        pending.resolve(command.complete(response));
      } catch (error) {
        pending.reject(error);
        throw error;
      }
    } else {
      const error = new CommandRefusedError(command.name, response);
      if (typeof command.mailbox === 'object') {
        // RFC 9051 6.3.2: a failed SELECT leaves no mailbox selected.
        this.#mailboxOpen = false;
        pending.selection!.failure = { cause: error };
      }
      pending.reject(error);
    }
    if (command.endsSession) this.close();
    else this.#pump();
  }

  #sayBye(response: StatusResponse): void {
    const code = response.code === null ? '' : `[${`${response.code} ${response.codeArguments}`.trim()}] `;
    this.#bye = `${code}${response.text}`;
    if (this.#queue.inFlight.some(({ command }) => command.endsSession)) return;
    this.#lost('the server said BYE');
  }

  #abort(signal: AbortSignal): void {
    const reason: unknown = signal.reason;
    for (const pending of this.#queue.withdraw(signal)) {
      this.#queue.forget(pending);
      if (pending.selection !== null && typeof pending.command.mailbox === 'object') {
        pending.selection.failure = { cause: reason };
      }
      pending.reject(reason);
    }
    const running = this.#queue.inFlight.find((pending) => pending.signal === signal);
    if (running === undefined) this.#pump();
    else this.#lost(`${running.command.name} was aborted`, reason);
  }

  #end(why: string): void {
    if (this.#failure !== null) return;
    const error = new ConnectionLostError(why, { bye: this.#bye, uid: this.#uid() });
    // What came before the end is still being read; the sink may yet let it finish.
    if (this.#held) this.#ended ??= error;
    else this.#fail(error);
  }

  #lost(why: string, cause?: unknown): void {
    this.#fail(new ConnectionLostError(why, { bye: this.#bye, uid: this.#uid(), cause }));
  }

  #fail(reason: unknown, culprit: PendingCommand | undefined = this.#router.addressee): void {
    if (this.#failure !== null) return;
    const error = asFailure(reason, this.#uid());
    this.#failure = error;
    this.#scanner.stop();
    this.#backlog = [];
    this.#watch();
    const { readSocket, writeSocket, socket } = this.#streams;
    for (const stream of [writeSocket, readSocket, socket]) stream?.destroy();
    this.#writer.stop();
    for (const pending of this.#queue.drain()) {
      this.#queue.forget(pending);
      try {
        pending.command.receiver.abort?.(error);
      } catch {
        // The session's error is the one to report; a sink that can't even be told is beyond help.
      }
      if (pending.signal?.aborted) pending.reject(pending.signal.reason);
      else if (pending.command.endsSession && (this.#bye !== null || error instanceof ConnectionLostError)) {
        pending.resolve(undefined);
      } else pending.reject(pending === culprit && !endsSession(reason) ? reason : error);
    }
  }

  #uid(): number | null {
    return this.#reader.uidInProgress;
  }

  /** The timer runs exactly while the server, and nobody on this side, is the one to be waited for. */
  #watch(): void {
    const due = this.#failure === null && this.#queue.inFlight.length > 0;
    this.#silence.run(due && !this.#held && !this.#writer.waitsForSource);
  }
}

function randomTagPrefix(): string {
  return `k${randomBytes(3).toString('hex')}x`;
}

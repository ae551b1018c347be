/**
 * Puts commands on the wire one after the other, none beginning before the one before is written to its
 * end. Respects the socket's back-pressure, waits for the server's `+` where a literal needs it (RFC 7888),
 * and streams message content without collecting it.
 */
import type { Writable } from 'node:stream';
import type { PendingCommand } from './command-queue.js';
import type { CommandLiteral } from './command-text.js';
import { AppendSizeError } from './errors.js';

/** Which literals may be sent without waiting: any, those up to 4,096 octets, none. */
export type LiteralMode = 'plus' | 'minus' | 'none';

export interface WriterEvents {
  /** Bytes were accepted by the socket, so the peer is alive. */
  progress(): void;
  /** `waitsForSource` changed. */
  sourceHolds(): void;
  /** The writer became ready for the next command. */
  idle(): void;
  failed(error: unknown, pending: PendingCommand | undefined): void;
}

const LITERAL_MINUS_LIMIT = 4096;

export class CommandWriter {
  readonly #stream: Writable;
  readonly #mode: LiteralMode;
  readonly #events: WriterEvents;
  #current: PendingCommand | null = null;
  #blocked = false;
  #stopped = false;
  #waitsForSource = false;
  /** Settles the wait for `+`: true to go on, false where the command was answered instead. */
  #resolvePlus: ((proceed: boolean) => void) | null = null;
  #resolveDrain: (() => void) | null = null;

  constructor(stream: Writable, mode: LiteralMode, events: WriterEvents) {
    this.#stream = stream;
    this.#mode = mode;
    this.#events = events;
    stream.on('drain', () => this.#drained());
  }

  get ready(): boolean {
    return this.#current === null && !this.#blocked && !this.#stopped;
  }

  /** True while message content is being waited for, which is not the server's fault. */
  get waitsForSource(): boolean {
    return this.#waitsForSource;
  }

  /** Call only when `ready`. */
  write(pending: PendingCommand): void {
    const { tag, command } = pending;
    if (command.parts.every((part) => typeof part === 'string')) {
      this.#put(`${tag} ${command.parts.join('')}\r\n`);
      return;
    }
    this.#current = pending;
    this.#writeParts(pending).then(
      () => {
        this.#current = null;
        if (this.ready) this.#events.idle();
      },
      (error: unknown) => this.#events.failed(error, pending),
    );
  }

  /** The server sent `+`. False where nobody waits for one. */
  proceed(): boolean {
    return this.#settlePlus(true);
  }

  /** The command got its tagged answer; where it was waiting for `+`, its rest is not sent. */
  answered(pending: PendingCommand): void {
    if (this.#current === pending) this.#settlePlus(false);
  }

  stop(): void {
    this.#stopped = true;
    this.#settlePlus(false);
    this.#drained();
  }

  async #writeParts(pending: PendingCommand): Promise<void> {
    let text = `${pending.tag} `;
    for (const part of pending.command.parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const immediate = this.#mayFollowAtOnce(part);
      // Armed before the announcement goes out, so that no answer can come too early.
      const plus = immediate ? null : new Promise<boolean>((resolve) => (this.#resolvePlus = resolve));
      this.#put(`${text}${part.binary ? '~' : ''}{${part.octets}${immediate ? '+' : ''}}\r\n`);
      text = '';
      if (plus !== null && !(await plus)) return;
      await this.#writeContent(part);
      if (this.#stopped) return;
    }
    this.#put(`${text}\r\n`);
  }

  #mayFollowAtOnce(literal: CommandLiteral): boolean {
    return this.#mode === 'plus' || (this.#mode === 'minus' && literal.octets <= LITERAL_MINUS_LIMIT);
  }

  async #writeContent(literal: CommandLiteral): Promise<void> {
    let sent = 0;
    for await (const chunk of this.#watched(literal.content)) {
      sent += chunk.length;
      if (sent > literal.octets) break;
      if (chunk.length === 0) continue;
      if (!this.#put(chunk)) await this.#drain();
      if (this.#stopped) return;
    }
    // Neither the missing nor the surplus octets can be taken back: the connection is lost either way.
    if (sent !== literal.octets) throw new AppendSizeError(literal.octets, sent);
  }

  /** The same chunks; says meanwhile that it is the content, not the server, that is waited for. */
  async *#watched(content: CommandLiteral['content']): AsyncGenerator<Buffer> {
    this.#setWaitsForSource(true);
    try {
      for await (const chunk of content) {
        this.#setWaitsForSource(false);
        yield chunk;
        if (this.#stopped) return;
        this.#setWaitsForSource(true);
      }
    } finally {
      this.#setWaitsForSource(false);
    }
  }

  #setWaitsForSource(waits: boolean): void {
    this.#waitsForSource = waits;
    this.#events.sourceHolds();
  }

  /** False: wait for `#drain` before writing more. */
  #put(data: string | Buffer): boolean {
    if (this.#stopped) return true;
    const free =
      typeof data === 'string'
        ? this.#stream.write(data, 'latin1', this.#written)
        : this.#stream.write(data, this.#written);
    if (!free) this.#blocked = true;
    return free;
  }

  readonly #written = (error?: Error | null) => {
    if (!error) this.#events.progress();
  };

  #drain(): Promise<void> {
    if (!this.#blocked || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => (this.#resolveDrain = resolve));
  }

  #drained(): void {
    this.#blocked = false;
    const resolve = this.#resolveDrain;
    this.#resolveDrain = null;
    resolve?.();
    if (this.ready) this.#events.idle();
  }

  #settlePlus(proceed: boolean): boolean {
    const resolve = this.#resolvePlus;
    this.#resolvePlus = null;
    resolve?.(proceed);
    return resolve !== null;
  }
}

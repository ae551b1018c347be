/**
 * Commands and answers on one connection. Answers come in the order of the commands, so several may be on their
 * way where the server has PIPELINING (RFC 2449 section 6.6); without it each waits for the one before. A body
 * streams through: while its taker is busy, the socket is not read. Every wait for the server is bounded.
 */
import type { Socket } from 'node:net';
import { InterruptedError } from '../core/errors.js';
import { secretEraser } from '../net/without-secret.js';
import type { Answer, BodyTaker } from './answer.js';
import { ConnectionLostError, ProtocolError, RefusedError, SilenceError, serverText } from './errors.js';
import { Incoming } from './incoming.js';

/** Commands in flight where the server has PIPELINING. */
const MAX_IN_FLIGHT = 128;
/** Octets of one message, as in IMAP: POP3 does not say ahead how many come. */
const MAX_MESSAGE = 4 * 1024 ** 3;
/** So many times the silence allowed may pass with fewer octets than these: a byte a minute is no answer either. */
const TRICKLE_TIMES = 10;
const TRICKLE_OCTETS = 65_536;

export interface SessionOptions {
  readonly silenceTimeout: number;
  /** Most octets of one message; default 4 GiB. */
  readonly maxMessage?: number;
  readonly signal: AbortSignal;
}

interface Pending {
  /** The word that names the command in errors; arguments may be secret. */
  readonly name: string;
  readonly line: string;
  readonly answer: Answer;
  readonly resolve: (status: string) => void;
  readonly reject: (error: Error) => void;
}

export class Session {
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  readonly #incoming: Incoming;
  readonly #waiting: Pending[] = [];
  readonly #sent: Pending[] = [];
  #pipelining = false;
  /** Of the list that is coming, once its +OK was read. */
  #lines: { readonly status: string; count: number } | null = null;
  /** Octets that came, of whatever, since this moment. */
  #came = 0;
  #since = performance.now();
  #failure: Error | null = null;
  /** A taker or the disk is behind: the server is not to blame for the silence. */
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #erase = (text: string) => text;
  readonly #onAbort = () => this.#fail(new InterruptedError());

  constructor(socket: Socket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#incoming = new Incoming((line) => this.#line(line), options.maxMessage ?? MAX_MESSAGE);
    socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setTimeout(() => this.#onSilence(), options.silenceTimeout);
    if (options.signal.aborted) this.#onAbort();
  }

  /** Whether commands may still be sent. */
  get usable(): boolean {
    return this.#failure === null;
  }

  set pipelining(on: boolean) {
    this.#pipelining = on;
  }

  /** The server's first words. */
  greeting(): Promise<string> {
    return this.#ask('greeting', '', { kind: 'line' });
  }

  /** Rejects with RefusedError for -ERR, with ConnectionLostError where the connection is of no use any more. */
  command(name: string, line: string): Promise<string> {
    return this.#ask(name, line, { kind: 'line' });
  }

  /** For AUTH: what the server says after "+ ", or null for +OK. */
  async exchange(name: string, line: string): Promise<string | null> {
    let challenge: string | null = null;
    const asked = (text: string) => {
      challenge = text;
    };
    await this.#ask(name, line, { kind: 'exchange', asked });
    return challenge;
  }

  /** From now on the server's words are quoted without these. */
  conceal(secrets: readonly string[]): void {
    const former = this.#erase;
    const eraser = secretEraser(secrets);
    this.#erase = (text) => eraser(former(text));
  }

  withoutSecrets(text: string): string {
    return this.#erase(text);
  }

  /** A list of short lines, one char per octet. More than `most` lines end the connection. */
  lines(name: string, line: string, most: number, take: (line: string) => void): Promise<string> {
    return this.#ask(name, line, { kind: 'lines', most, take });
  }

  octets(name: string, line: string, body: BodyTaker): Promise<string> {
    return this.#ask(name, line, { kind: 'octets', body });
  }

  /** Gives the socket away, for TLS. Throws ProtocolError if more came than was asked for. */
  detach(): Socket {
    if (this.#failure !== null) throw this.#failure;
    if (this.#incoming.isInLine || this.#sent.length > 0)
      throw new ProtocolError('octets came before TLS began');
    this.#release();
    this.#failure = new ConnectionLostError('the connection was given away');
    this.#socket.pause();
    return this.#socket;
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#fail(new ConnectionLostError('the connection was closed'));
  }

  #ask(name: string, line: string, answer: Answer): Promise<string> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, line, answer, resolve, reject });
      this.#send();
    });
  }

  #send(): void {
    const room = this.#pipelining ? MAX_IN_FLIGHT : 1;
    let text = '';
    while (this.#waiting.length > 0 && this.#sent.length < room) {
      const next = this.#waiting.shift()!;
      if (this.#sent.length === 0) {
        this.#timer?.refresh();
        this.#begin();
      }
      this.#sent.push(next);
      text += next.line;
    }
    if (text !== '') this.#socket.write(text);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#timer?.refresh();
    if (this.#trickles(chunk.length)) return;
    try {
      const wait = this.#incoming.take(chunk);
      if (wait === undefined) return;
      this.#busy = true;
      this.#socket.pause();
      wait.then(
        () => {
          this.#busy = false;
          this.#timer?.refresh();
          this.#begin();
          if (this.#failure === null) this.#socket.resume();
        },
        (error: Error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error as Error);
    }
  };

  /** Whether too little came for so long that the server is as good as silent; the session is over then. */
  #trickles(octets: number): boolean {
    const now = performance.now();
    this.#came += octets;
    if (this.#came >= TRICKLE_OCTETS || this.#sent.length === 0) this.#begin(now);
    if (now - this.#since <= this.#options.silenceTimeout * TRICKLE_TIMES) return false;
    this.#silent(this.#options.silenceTimeout * TRICKLE_TIMES);
    return true;
  }

  /** An answer is awaited from now on. */
  #begin(now = performance.now()): void {
    this.#came = 0;
    this.#since = now;
  }

  #line(line: string): void {
    const pending = this.#sent[0];
    if (pending === undefined) throw new ProtocolError(`"${this.#quoted(line)}" came unasked`);
    const { answer } = pending;
    if (this.#lines !== null && answer.kind === 'lines') {
      if (line === '.') {
        const { status } = this.#lines;
        this.#lines = null;
        this.#answered(status);
        return;
      }
      this.#lines.count += 1;
      if (this.#lines.count > answer.most) throw new ProtocolError(`${pending.name} lists without end`);
      answer.take(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    if (/^\+OK(?: |$)/i.test(line)) {
      const status = line.slice(4);
      if (answer.kind === 'lines') this.#lines = { status, count: 0 };
      else if (answer.kind === 'octets') this.#incoming.expectBody(answer.body, () => this.#answered(status));
      else this.#answered(status);
    } else if (/^-ERR(?: |$)/i.test(line)) {
      this.#sent.shift();
      this.#send();
      pending.reject(new RefusedError(pending.name, this.#erase(line.slice(5))));
    } else if (answer.kind === 'exchange' && line.startsWith('+')) {
      answer.asked(line.slice(1).trim());
      this.#answered('');
    } else throw new ProtocolError(`"${this.#quoted(line)}" answers ${pending.name}`);
  }

  #quoted(line: string): string {
    return serverText(this.#erase(line));
  }

  #answered(status: string): void {
    const pending = this.#sent.shift();
    this.#begin();
    this.#send();
    pending?.resolve(status);
  }

  #onSilence(): void {
    if (this.#busy || this.#sent.length === 0) {
      this.#timer?.refresh();
      return;
    }
    this.#silent(this.#options.silenceTimeout);
  }

  #silent(milliseconds: number): void {
    const seconds = Math.round(milliseconds / 1000);
    this.#fail(new SilenceError(`${this.#sent[0]!.name} was not answered within ${seconds} seconds`));
  }

  readonly #onError = (error: Error): void => {
    this.#fail(
      Object.assign(new ConnectionLostError(error.message, { cause: error }), { code: codeOf(error) }),
    );
  };

  readonly #onClose = (): void => {
    this.#fail(new ConnectionLostError('the server hung up'));
  };

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#release();
    // A reset that arrives after this must not end the process.
    this.#socket.on('error', () => undefined);
    this.#socket.destroy();
    for (const pending of [...this.#sent.splice(0), ...this.#waiting.splice(0)]) pending.reject(error);
  }

  #release(): void {
    this.#incoming.stop();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#socket.off('data', this.#onData);
    this.#socket.off('error', this.#onError);
    this.#socket.off('close', this.#onClose);
  }
}

function codeOf(error: Error): string | undefined {
  return (error as { code?: string }).code;
}

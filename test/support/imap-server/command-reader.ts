// Turns the bytes a client sends into commands, in whatever pieces they arrive. Pulls: a command is read
// only once the one before it is answered, so pipelined commands keep their order and the `+` for a
// synchronising literal (RFC 9051 4.3) is never given while an earlier answer is still being written.

import { bad, type CommandError } from './command-error.js';

/** Text between literals, and the literals, in order: `['LOGIN a ', <Buffer>, '']`. */
export type CommandPart = string | Buffer;

export interface ClientCommand {
  readonly tag: string;
  /** Upper case; `UID FETCH` and its like are one name. */
  readonly name: string;
  /** What follows the name, space included. */
  readonly parts: readonly CommandPart[];
  /** Set when the command has to be refused unread, e.g. for a literal the server doesn't take. */
  readonly failure?: CommandError;
}

export interface LiteralHeader {
  readonly size: number;
  readonly synchronising: boolean;
  /** `~{n}`, literal8 of BINARY (RFC 3516). */
  readonly binary: boolean;
}

export interface CommandReaderOptions {
  /** Longest command in bytes, literals not counted. */
  readonly limit: number;
  /** Why a literal is refused; undefined to take it. */
  refuseLiteral(literal: LiteralHeader): CommandError | undefined;
  /** Asks the client for a synchronising literal. */
  invite(): void;
  /** Called when the reader wants more bytes than it holds, and when it holds plenty. */
  flow(wanted: boolean): void;
}

const PLENTY = 1 << 20;

export class CommandReader {
  readonly #options: CommandReaderOptions;
  #chunks: Buffer[] = [];
  #held = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(options: CommandReaderOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#wake === undefined && this.#held > PLENTY) this.#options.flow(false);
    this.#wake?.();
  }

  /** No more bytes will come; a pending or later read gives undefined. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Forgets the bytes nobody has read yet. */
  discard(): void {
    this.#chunks = [];
    this.#held = 0;
  }

  /** The next command, or undefined when the client is gone. */
  async read(): Promise<ClientCommand | undefined> {
    const parts: CommandPart[] = [];
    let textLength = 0;
    let failure: CommandError | undefined;
    for (;;) {
      const line = await this.readLine();
      if (line === undefined) return undefined;
      textLength += line.length;
      if (textLength > this.#options.limit) failure ??= bad('Too long argument');
      const header = /(~?)\{(\d{1,10})(\+?)\}$/.exec(line.subarray(-14).toString('latin1'));
      if (header === null) {
        parts.push(line.toString('latin1'));
        return commandOf(parts, failure);
      }
      parts.push(line.toString('latin1', 0, line.length - header[0].length));
      const literal = {
        size: Number(header[2]),
        synchronising: header[3] === '',
        binary: header[1] === '~',
      };
      failure ??= this.#options.refuseLiteral(literal);
      if (literal.synchronising) {
        if (failure !== undefined) return commandOf(parts, failure);
        this.#options.invite();
      }
      // A refused non-synchronising literal is on its way all the same and has to be read past.
      const bytes = await this.#take(literal.size);
      if (bytes === undefined) return undefined;
      if (failure === undefined) parts.push(bytes);
    }
  }

  /** One line without its CRLF, e.g. `DONE` or a SASL answer. */
  async readLine(): Promise<Buffer | undefined> {
    let searched = 0;
    for (;;) {
      const held = this.#joined();
      const end = held.indexOf('\n', searched, 'latin1');
      if (end >= 0) {
        const line = await this.#take(end + 1);
        const bare = line !== undefined && line[end - 1] === 0x0d ? end - 1 : end;
        return line?.subarray(0, bare);
      }
      searched = held.length;
      if (!(await this.#more(searched + 1))) return undefined;
    }
  }

  async #take(size: number): Promise<Buffer | undefined> {
    if (!(await this.#more(size))) return undefined;
    const held = this.#joined();
    this.#chunks = held.length > size ? [held.subarray(size)] : [];
    this.#held -= size;
    return held.subarray(0, size);
  }

  async #more(size: number): Promise<boolean> {
    while (this.#held < size && !this.#ended) {
      this.#options.flow(true);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return this.#held >= size;
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}

function commandOf(parts: readonly CommandPart[], failure: CommandError | undefined): ClientCommand {
  const first = String(parts[0] ?? '');
  const match = /^([^\s(){%*"\\+\x00-\x1f\x7f]+) (UID )?([^\s(){%*"\\\x00-\x1f\x7f]+)/i.exec(first);
  if (match === null) return { tag: '*', name: '', parts: [], failure: bad('Error in IMAP command') };
  const rest = first.slice(match[0].length);
  return {
    tag: match[1]!,
    name: `${match[2] ?? ''}${match[3]}`.toUpperCase(),
    parts: [rest, ...parts.slice(1)],
    ...(failure === undefined ? {} : { failure }),
  };
}

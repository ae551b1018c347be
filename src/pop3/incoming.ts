/**
 * Cuts what a server sends, in chunks cut anywhere, into lines and bodies. It is told by the line before it that a
 * body follows; the body streams through, and while its taker is busy nothing behind it is looked at.
 */
import type { BodyTaker } from './answer.js';
import { DotUnstuffer } from './dot-unstuffer.js';
import { ProtocolError } from './errors.js';

/** Octets of a status line or of a line of a list: RFC 2449 allows 512, and servers take liberties. */
const MAX_LINE = 8192;

export class Incoming {
  readonly #onLine: (line: string) => void;
  readonly #maxMessage: number;
  /** The beginning of a line whose end has not come. */
  #partial: Buffer = EMPTY;
  #body: {
    readonly taker: BodyTaker;
    readonly unstuffer: DotUnstuffer;
    readonly whole: () => void;
  } | null = null;
  /** Octets of the body that is coming. */
  #octets = 0;
  #stopped = false;

  /** `onLine` takes each line without its end, one char per octet. A body has at most `maxMessage` octets. */
  constructor(onLine: (line: string) => void, maxMessage: number) {
    this.#onLine = onLine;
    this.#maxMessage = maxMessage;
  }

  /** Whether a line began and its end has not come. */
  get isInLine(): boolean {
    return this.#partial.length > 0;
  }

  /** What comes next is a body; `whole` is called once its taker has all of it. */
  expectBody(taker: BodyTaker, whole: () => void): void {
    this.#octets = 0;
    this.#body = { taker, unstuffer: new DotUnstuffer(taker.write), whole };
  }

  /** Nothing is handed out any more, not even what came already. */
  stop(): void {
    this.#stopped = true;
  }

  /** A promise where the caller should wait before it goes on. Throws ProtocolError for what has no end. */
  take(chunk: Buffer, from = 0): void | Promise<void> {
    let at = from;
    while (at < chunk.length && !this.#stopped) {
      if (this.#body !== null) {
        this.#octets += chunk.length - at;
        if (this.#octets > this.#maxMessage) throw new ProtocolError('a message without end');
        const next = this.#body.unstuffer.feed(chunk, at);
        if (next instanceof Promise) {
          return next.then((then) => this.#ended(chunk, then) ?? this.take(chunk, then));
        }
        at = next;
        const wait = this.#ended(chunk, at);
        if (wait !== undefined) return wait;
        continue;
      }
      const end = chunk.indexOf(0x0a, at);
      if (end === -1) {
        this.#partial = Buffer.concat([this.#partial, chunk.subarray(at)]);
        if (this.#partial.length > MAX_LINE) throw new ProtocolError('a line without end');
        return;
      }
      const line =
        this.#partial.length === 0
          ? chunk.subarray(at, end)
          : Buffer.concat([this.#partial, chunk.subarray(at, end)]);
      this.#partial = EMPTY;
      at = end + 1;
      if (line.length > MAX_LINE) throw new ProtocolError('a line that is too long');
      this.#onLine(line.toString('latin1', 0, line.at(-1) === 0x0d ? line.length - 1 : line.length));
    }
  }

  /** A promise if the end of the body has to be waited for; the rest of the chunk is then taken by it. */
  #ended(chunk: Buffer, at: number): Promise<void> | undefined {
    const body = this.#body;
    if (body === null || !body.unstuffer.ended) return undefined;
    this.#body = null;
    const wait = body.taker.end(body.unstuffer.endsWithLine);
    if (wait === undefined) {
      body.whole();
      return undefined;
    }
    return wait.then(() => {
      body.whole();
      return this.take(chunk, at);
    });
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * One message on its way from the wire to its receiver. Its header is looked at first, for the date of receipt;
 * at the end its length decides whether the CR LF before the terminator is its own: a server puts one there
 * where a message does not end with a line (RFC 1939 section 3 knows no other way to say ".").
 */
import { EmptyLine } from '../core/message/empty-line.js';
import type { BodySink } from '../core/ports/source.js';
import type { BodyTaker } from './answer.js';
import { CRLF } from './dot-unstuffer.js';

/** Longer header blocks tell their date in their first part as well. */
const MAX_HEADER = 256 * 1024;

export interface RelayOptions {
  /** As LIST says. */
  readonly size: number;
  readonly begin: (header: Buffer) => BodySink;
  /** Whether a message of this length is taken; otherwise it is thrown away. */
  readonly accept: (octets: number) => boolean;
}

export class BodyRelay implements BodyTaker {
  readonly #options: RelayOptions;
  #sink: BodySink | null = null;
  /** What has come before the sink was there. */
  #waiting: Uint8Array[] = [];
  readonly #emptyLine = new EmptyLine();
  #octets = 0;
  #isDone = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  write = (chunk: Uint8Array): void | Promise<void> => {
    const before = this.#octets;
    this.#octets += chunk.length;
    if (this.#sink !== null) return this.#sink.write(chunk);
    this.#waiting.push(chunk);
    const end = this.#emptyLine.endIn(chunk);
    if (end !== -1) return this.#open(before + end);
    if (this.#octets > MAX_HEADER) return this.#open(this.#octets);
  };

  end(lastLine: boolean): void | Promise<void> {
    // Cut by the sink's own promises into steps that wait for each other.
    return after(this.#open(this.#octets), () => {
      const isOwnLine = lastLine && this.#octets !== this.#options.size;
      return after(isOwnLine ? this.write(CRLF) : undefined, () => this.#finish());
    });
  }

  /** The connection was lost on the way; harmless afterwards. */
  abort(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#sink?.abort();
  }

  #open(headerOctets: number): void | Promise<void> {
    if (this.#sink !== null) return;
    const start = this.#waiting.length === 1 ? asBuffer(this.#waiting[0]!) : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#sink = this.#options.begin(start.subarray(0, headerOctets));
    if (start.length > 0) return this.#sink.write(start);
  }

  #finish(): void | Promise<void> {
    if (this.#options.accept(this.#octets)) {
      this.#isDone = true;
      return this.#sink!.end();
    }
    this.abort();
  }
}

function after(first: void | Promise<void>, then: () => void | Promise<void>): void | Promise<void> {
  return first === undefined ? then() : first.then(then);
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

/**
 * The header block of a message, up to and including the empty line that ends it: where it ends, its hash,
 * and its start for what the index keeps of it. A message without an empty line is all header.
 */
import { createHash, type Hash } from 'node:crypto';

/** As much of the header block as is kept for the index; longer ones are hashed whole all the same. */
const MAX_HEADER = 64 * 1024;

/** Octets of the header block of a whole message. */
export function headerEnd(octets: Uint8Array): number {
  const end = new EmptyLine().endIn(octets);
  return end === -1 ? octets.length : end;
}

/** What is kept of a header block of so many octets: a copy, so that it may outlive the message's. */
export function headerStart(octets: Uint8Array, headerLength: number): Uint8Array {
  return Buffer.from(octets.subarray(0, Math.min(headerLength, MAX_HEADER)));
}

/** The same of a message that comes in chunks of any size. */
export class HeaderBlock {
  readonly #hash: Hash = createHash('sha256');
  readonly #emptyLine = new EmptyLine();
  readonly #kept: Uint8Array[] = [];
  #keptLength = 0;
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  update(chunk: Uint8Array): void {
    if (this.#ended) return;
    const end = this.#emptyLine.endIn(chunk);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    this.#ended = end !== -1;
    this.#hash.update(part);
    if (this.#keptLength < MAX_HEADER) {
      // A copy: a view would keep the socket's whole buffer alive until the batch is stored.
      const kept = Buffer.from(part.subarray(0, MAX_HEADER - this.#keptLength));
      this.#kept.push(kept);
      this.#keptLength += kept.length;
    }
  }

  /** Once, when all has come. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  start(): Uint8Array {
    return this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept);
  }
}

/** Looks for the line that ends the header block, over chunks of any size. */
class EmptyLine {
  /** Whether the octet before was the LF that ends a line, CRs since then ignored. */
  #lineStart = true;

  /** Index after the LF of the empty line, or -1. */
  endIn(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#lineStart) {
        const octet = chunk[at]!;
        at += 1;
        if (octet === LF) return at;
        if (octet !== CR) this.#lineStart = false;
      } else {
        const lf = chunk.indexOf(LF, at);
        if (lf === -1) return -1;
        at = lf + 1;
        this.#lineStart = true;
      }
    }
    return -1;
  }
}

const LF = 0x0a;
const CR = 0x0d;

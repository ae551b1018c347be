/**
 * The header block of a message, up to and including the empty line that ends it: where it ends, its hash,
 * and what the index keeps of it. A message without an empty line is all header.
 */
import { createHash, type Hash } from 'node:crypto';
import { EmptyLine } from '../core/message/empty-line.js';
import { messageIdOf } from '../core/message/header-fields.js';

/** As much of the header block as is read for the index; longer ones are hashed whole all the same. */
const MAX_HEADER = 64 * 1024;

/** Octets of the header block of a whole message. */
export function headerEnd(octets: Uint8Array): number {
  const end = new EmptyLine().endIn(octets);
  return end === -1 ? octets.length : end;
}

/** What a whole message with a header block of so many octets names itself. */
export function messageIdIn(octets: Uint8Array, headerLength: number): string | null {
  return messageIdOf(octets.subarray(0, Math.min(headerLength, MAX_HEADER)));
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
      // A copy: the chunk may be used again once it is hashed.
      const kept = Buffer.from(part.subarray(0, MAX_HEADER - this.#keptLength));
      this.#kept.push(kept);
      this.#keptLength += kept.length;
    }
  }

  /** Once, when all has come. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  messageId(): string | null {
    return messageIdOf(this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept));
  }
}

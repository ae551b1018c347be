/** The beginning of a message, by TOP or, where the server has none, by RETR. Bounded in memory. */
import { EmptyLine } from '../core/message/empty-line.js';
import type { BodyTaker } from './answer.js';
import { CRLF } from './dot-unstuffer.js';
import { RefusedError } from './errors.js';
import type { Session } from './session.js';

export interface Top {
  /** The header block with the empty line that ends it. */
  readonly header: Buffer;
  /** What follows, as far as it was asked for and fits. */
  readonly body: Buffer;
}

const MAX_OCTETS = 1024 * 1024;

/** Throws RefusedError where the server gives the message in neither way. */
export async function readTop(session: Session, number: number, lines: number): Promise<Top> {
  const start = new Start();
  try {
    await session.octets('TOP', `TOP ${number} ${lines}\r\n`, start);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    await session.octets('RETR', `RETR ${number}\r\n`, start);
  }
  const octets = start.octets();
  const end = new EmptyLine().endIn(octets);
  if (end === -1) return { header: octets, body: octets.subarray(octets.length) };
  return { header: octets.subarray(0, end), body: octets.subarray(end) };
}

class Start implements BodyTaker {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  write = (chunk: Uint8Array): void => {
    if (this.#length >= MAX_OCTETS) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  };

  end(lastLine: boolean): void {
    if (lastLine) this.write(CRLF);
  }

  octets(): Buffer {
    return Buffer.concat(this.#chunks).subarray(0, MAX_OCTETS);
  }
}

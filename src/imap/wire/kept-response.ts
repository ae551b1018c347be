/**
 * A response, or the rest of a FETCH row, that has literals inside values (a mailbox name, a label): its bytes are
 * kept until all of them are there, since values are read in one piece. A server can't fill the memory with it.
 * Message bodies never come here.
 */
import { ProtocolViolationError } from './errors.js';

export class KeptResponse {
  readonly #maxLiteral: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #literals = 0;

  /** `maxLiteral`: octets of one literal; all of a response may have four times as many. */
  constructor(maxLiteral: number) {
    this.#maxLiteral = maxLiteral;
  }

  /** A new response begins. */
  begin(): void {
    this.#literals = 0;
  }

  /** Copies the piece: the scanner's buffers don't live that long. Throws ProtocolViolationError. */
  add(piece: Buffer): void {
    this.#pieces.push(Buffer.from(piece));
    this.#length += piece.length;
    if (this.#length > this.#maxLiteral * 4)
      throw new ProtocolViolationError('a response longer than allowed');
  }

  /** What was added ends in `{octets}`, the octets come next. Throws ProtocolViolationError. */
  announce(octets: number): void {
    this.#literals += 1;
    if (octets > this.#maxLiteral || this.#literals > MAX_LITERALS) {
      throw new ProtocolViolationError('literals longer or more than allowed outside a body');
    }
    this.add(CRLF);
  }

  /** All of it, which is then forgotten. */
  take(): Buffer {
    const whole = Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    return whole;
  }
}

const CRLF = Buffer.from('\r\n');
const MAX_LITERALS = 256;

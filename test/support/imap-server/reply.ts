// One command's answer on its way out. Lines gather up to a block, then go to the socket as fast as the
// client reads them; a fault may need the whole answer first, cut it short, hold it or chop it up.

import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Ending, FaultPlan } from './faults.js';
import { type FetchRow, formatRow } from './responses.js';
import type { TrafficStats } from './traffic.js';

const BLOCK = 1 << 16;

export class Reply {
  readonly #output: Output;
  readonly #plan: FaultPlan;
  #pieces: (string | Buffer)[] = [];
  #size = 0;
  #sent = 0;
  #ending: Ending | undefined;

  constructor(output: Output, plan: FaultPlan) {
    this.#output = output;
    this.#plan = plan;
    for (const line of plan.opening) this.line(line);
  }

  /** A response line, raw wire text without its CRLF. */
  line(text: string): void {
    this.raw(`${text}\r\n`);
  }

  raw(bytes: string | Buffer): void {
    if (this.#ending !== undefined) return;
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }

  row(row: FetchRow): void {
    for (const part of this.#plan.row(row)) {
      if (typeof part === 'string') this.line(part);
      else if ('end' in part) this.#ending ??= part.end;
      else for (const piece of formatRow(part)) this.raw(piece);
    }
  }

  /** The value to report for a number of a mailbox; undefined to leave it out. */
  number(item: string, mailbox: string, value: bigint | number): bigint | undefined {
    return this.#plan.number(item, mailbox, BigInt(value));
  }

  /** True when it is time to `flush`. */
  get full(): boolean {
    return this.#size >= BLOCK && !this.#plan.rewrites;
  }

  /** True when nobody will see what is still to come. */
  get closed(): boolean {
    return this.#ending !== undefined || !this.#output.open;
  }

  /** Resolves when the socket takes more. */
  async flush(): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#size = 0;
    for (const bytes of gathered(pieces)) await this.#send(bytes);
  }

  /** Sends what is left, with the tagged line if there is one, and ends the connection if a fault says so. */
  async finish(tagged?: string): Promise<void> {
    for (const line of this.#plan.closing) this.line(line);
    if (tagged !== undefined) this.line(tagged);
    if (this.#plan.rewrites) {
      const answer = this.#plan.rewrite(Buffer.concat([...gathered(this.#pieces)]));
      this.#pieces = [answer];
    }
    await this.flush();
    const { stop } = this.#plan;
    if (stop !== undefined && stop.how !== 'hold') this.#ending ??= stop.how;
    if (this.#ending !== undefined) await this.#output.end(this.#ending);
  }

  async #send(bytes: Buffer): Promise<void> {
    const { stop, segment } = this.#plan;
    const room = stop === undefined ? Number.POSITIVE_INFINITY : Math.max(0, stop.after - this.#sent);
    this.#sent += bytes.length;
    if (bytes.length < room || stop === undefined) return this.#output.write(bytes, segment);
    await this.#output.write(bytes.subarray(0, room), segment);
    if (stop.how !== 'hold') return this.#output.end(stop.how);
    await stop.released;
    await this.#output.write(bytes.subarray(room), segment);
  }
}

/** Joins neighbouring strings and passes buffers through uncopied. */
function* gathered(pieces: readonly (string | Buffer)[]): Generator<Buffer> {
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      text += piece;
      continue;
    }
    if (text !== '') yield Buffer.from(text, 'latin1');
    text = '';
    yield piece;
  }
  if (text !== '') yield Buffer.from(text, 'latin1');
}

/** The writing side of one connection. Writing to a connection that is gone does nothing. */
export class Output {
  /** What is written to: the TCP connection or the TLS on top of it. */
  socket: Socket;
  /** True once this side has ended the connection. */
  ended = false;
  readonly #tcp: Socket;
  readonly #stats: TrafficStats;

  constructor(tcp: Socket, stats: TrafficStats) {
    this.socket = tcp;
    this.#tcp = tcp;
    this.#stats = stats;
  }

  get open(): boolean {
    return this.socket.writable;
  }

  async write(bytes: Buffer, segment = bytes.length): Promise<void> {
    for (let at = 0; at < bytes.length && this.open; at += segment) {
      const piece = bytes.subarray(at, at + segment);
      this.#stats.bytesOut += piece.length;
      if (!this.socket.write(piece)) await this.#drained();
      if (segment < bytes.length) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends what is buffered, then FIN or RST. */
  async end(how: Ending): Promise<void> {
    const { socket } = this;
    this.ended = true;
    if (!this.open) return;
    if (how === 'rst') {
      await new Promise<void>((resolve) => socket.write('', () => resolve()));
      // libuv takes a reset that comes together with data for an orderly end: let the data get there first.
      await wait(10);
      this.#tcp.resetAndDestroy();
      return;
    }
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.end(() => resolve());
    });
  }

  #drained(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }
}

// A name service on the loopback (RFC 1035, UDP) that knows the records a test gives it, and says of every other
// name that it does not exist. Writes down what it was asked.

import { createSocket, type Socket } from 'node:dgram';

export type NameRecord =
  | { readonly type: 'SRV'; readonly priority?: number; readonly port: number; readonly target: string }
  | { readonly type: 'MX'; readonly priority?: number; readonly target: string };

const NUMBERS = { MX: 15, SRV: 33 } as const;
const NXDOMAIN = 3;

export class NameService implements AsyncDisposable {
  /** By name, in lower case. */
  readonly records = new Map<string, readonly NameRecord[]>();
  readonly asked: string[] = [];
  /** While it is set, nothing is answered. */
  silent = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, { address, port }) => {
      const { name, type, end } = questionOf(query);
      this.asked.push(name);
      if (this.silent) return;
      const found = (this.records.get(name) ?? []).filter((record) => NUMBERS[record.type] === type);
      socket.send(answerTo(query.subarray(0, end), found), port, address);
    });
  }

  static async start(): Promise<NameService> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new NameService(socket);
  }

  /** As dns.Resolver.setServers takes it. */
  get server(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length !== 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(question: Buffer, records: readonly NameRecord[]): Buffer {
  const head = Buffer.from(question);
  // A response with recursion; one question, these answers and nothing else.
  head.writeUInt16BE(0x8180 | (records.length === 0 ? NXDOMAIN : 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  return Buffer.concat([head, ...records.map(answerOf)]);
}

function answerOf(record: NameRecord): Buffer {
  const target = Buffer.concat([
    ...record.target
      .split('.')
      .filter((label) => label !== '')
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
  const numbers = record.type === 'SRV' ? [record.priority ?? 0, 0, record.port] : [record.priority ?? 10];
  const data = Buffer.concat([Buffer.from(numbers.flatMap((number) => [number >> 8, number & 255])), target]);
  // The name is that of the question, by a pointer.
  const head = Buffer.from([0xc0, 12, 0, NUMBERS[record.type], 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([head, data]);
}

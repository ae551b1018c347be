// A client that says exactly what a test writes and hears exactly what the server sends, for dialogues no
// well-behaved library would hold. All text is latin1, one character a byte.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class RawClient {
  readonly socket: Socket;
  /** Everything received that no `until` has taken yet. */
  received = '';
  /** How the connection ended; settles when it has. */
  readonly ended: Promise<'fin' | 'rst'>;
  #closed = false;
  #tags = 0;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    let how: 'fin' | 'rst' = 'fin';
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('error', () => {
      how = 'rst';
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#closed = true;
        this.#wake();
        resolve(how);
      });
    });
  }

  /** Connects and takes the greeting. */
  static async connect(port: number): Promise<RawClient> {
    const client = await RawClient.open(port);
    await client.until(/^\* .*\r\n/);
    return client;
  }

  /** Connects without waiting for a greeting. */
  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Sends one command under a tag of its own and takes its answer, tagged line included. */
  async command(text: string): Promise<string> {
    const tag = `r${++this.#tags}`;
    this.send(`${tag} ${text}\r\n`);
    return this.until(new RegExp(`^${tag} .*\r\n`, 'm'));
  }

  /** Takes all that is received up to the end of the first match; fails when the connection ends first. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.received);
      if (match !== null) {
        const end = match.index + match[0].length;
        const taken = this.received.slice(0, end);
        this.received = this.received.slice(end);
        return taken;
      }
      if (this.#closed)
        throw new Error(`connection ended before ${pattern}: ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

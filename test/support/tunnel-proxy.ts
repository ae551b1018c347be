// A SOCKS5 (RFC 1928, 1929) and an HTTP CONNECT proxy in one, by the first octet. Every host name leads to
// 127.0.0.1. It remembers where it was asked to go and who asked.

import { createServer, connect as openSocket, type Socket } from 'node:net';
import { closeServer, listenAnywhere, portOf } from './loopback.js';

export interface TunnelProxy {
  readonly port: number;
  /** `host:port` of every tunnel that was asked for. */
  readonly destinations: readonly string[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** With `login` (`user:password`) nobody else gets through. */
export async function startTunnelProxy(login: string | null = null): Promise<TunnelProxy> {
  const destinations: string[] = [];
  const open = new Set<Socket>();
  const listener = createServer((client) => {
    track(client, open);
    const pieces = new Pieces(client);
    const tunnel = async () => {
      const host =
        (await pieces.peek()) === 5 ? await socks(client, pieces, login) : await http(client, pieces, login);
      if (host === null) {
        client.end();
        return;
      }
      destinations.push(`${host.name}:${host.port}`);
      const server = openSocket({ host: '127.0.0.1', port: host.port });
      track(server, open);
      client.write(host.welcome);
      server.write(pieces.release());
      client.pipe(server);
      server.pipe(client);
    };
    tunnel().catch(() => client.destroy());
  });
  await listenAnywhere(listener);
  const close = async () => {
    const closed = closeServer(listener);
    for (const socket of open) socket.destroy();
    await closed;
  };
  return { port: portOf(listener), destinations, close, [Symbol.asyncDispose]: close };
}

interface Destination {
  readonly name: string;
  readonly port: number;
  /** What tells the client that the tunnel stands. */
  readonly welcome: Buffer | string;
}

async function socks(client: Socket, pieces: Pieces, login: string | null): Promise<Destination | null> {
  const [, methods] = await pieces.take(2);
  const offered = await pieces.take(methods!);
  const wanted = login === null ? 0 : 2;
  if (!offered.includes(wanted)) {
    client.write(Buffer.of(5, 0xff));
    return null;
  }
  client.write(Buffer.of(5, wanted));
  if (login !== null) {
    const [, length] = await pieces.take(2);
    const user = (await pieces.take(length!)).toString();
    const [rest] = await pieces.take(1);
    const accepted = `${user}:${(await pieces.take(rest!)).toString()}` === login;
    client.write(Buffer.of(1, accepted ? 0 : 1));
    if (!accepted) return null;
  }
  const [, , , kind] = await pieces.take(4);
  let name: string;
  if (kind === 1) name = [...(await pieces.take(4))].join('.');
  else {
    const [length] = await pieces.take(1);
    name = (await pieces.take(length!)).toString();
  }
  const port = (await pieces.take(2)).readUInt16BE();
  return { name, port, welcome: Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0) };
}

async function http(client: Socket, pieces: Pieces, login: string | null): Promise<Destination | null> {
  const head = await pieces.until('\r\n\r\n');
  const target = /^CONNECT ([^ ]+):(\d+) HTTP/.exec(head);
  const given = /^proxy-authorization: Basic (\S+)/im.exec(head)?.[1] ?? '';
  if (target === null || (login !== null && Buffer.from(given, 'base64').toString() !== login)) {
    client.write('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    return null;
  }
  return { name: target[1]!, port: Number(target[2]), welcome: 'HTTP/1.1 200 Connected\r\n\r\n' };
}

function track(socket: Socket, open: Set<Socket>): void {
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
  open.add(socket);
}

/** Reads a socket in pieces of known length. */
class Pieces {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#add);
    socket.on('close', () => this.#wake?.());
  }

  readonly #add = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake?.();
  };

  async peek(): Promise<number> {
    await this.#atLeast(1);
    return this.#bytes[0]!;
  }

  async take(length: number): Promise<Buffer> {
    await this.#atLeast(length);
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  async until(mark: string): Promise<string> {
    while (!this.#bytes.includes(mark)) await this.#more();
    return (await this.take(this.#bytes.indexOf(mark) + mark.length)).toString('latin1');
  }

  /** Reads no more; what it has beyond what was taken. */
  release(): Buffer {
    this.#socket.off('data', this.#add);
    return this.#bytes;
  }

  async #atLeast(length: number): Promise<void> {
    while (this.#bytes.length < length) await this.#more();
  }

  async #more(): Promise<void> {
    if (this.#socket.destroyed) throw new Error('the client hung up');
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

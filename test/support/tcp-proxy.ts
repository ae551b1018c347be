// The common part of the proxies: listens on 127.0.0.1, opens one connection to the target for each that comes in,
// and closes all of them with itself. What happens to the bytes is the caller's.

import { createServer, connect as openSocket, type Socket } from 'node:net';
import { closeServer, listenAnywhere, portOf } from './loopback.js';

export interface Target {
  readonly host?: string;
  readonly port: number;
}

export interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** 1 for the proxy's first connection. */
  readonly number: number;
}

export interface TcpProxy {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Resets every open connection; new ones are welcome. */
  cutAll(): void;
  /** Resets every open connection and stops listening. */
  close(): Promise<void>;
}

export async function startTcpProxy(target: Target, join: (pair: Pair) => void): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let count = 0;
  const track = (socket: Socket) => {
    socket.setNoDelay(true);
    // A reset connection is what these proxies are for; the other side hears of it through 'close'.
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    open.add(socket);
  };
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = openSocket({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true });
    track(client);
    track(server);
    count += 1;
    join({ client, server, number: count });
  });
  await listenAnywhere(listener);
  const cutAll = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    host: '127.0.0.1',
    port: portOf(listener),
    cutAll,
    close: async () => {
      const closed = closeServer(listener);
      cutAll();
      await closed;
    },
  };
}

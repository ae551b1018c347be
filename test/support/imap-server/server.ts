// An IMAP4rev1 server on the loopback interface, with its mail in memory, for the test suite and the demo.
// It does what a real server does as the RFCs have it, until a test scripts a fault; it is not meant to
// face anybody but tests.

import { createServer, type Server, type Socket } from 'node:net';
import type { FaultScript } from './faults.js';
import type { MailStore } from './mail-store.js';
import { ServerContext, type ServerOptions } from './server-context.js';
import { Session } from './session.js';
import type { CommandLog, TrafficStats } from './traffic.js';

export class ImapServer {
  readonly port: number;
  readonly #state: ServerContext;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #crashes: unknown[];

  private constructor(
    port: number,
    state: ServerContext,
    server: Server,
    sockets: Set<Socket>,
    crashes: unknown[],
  ) {
    this.port = port;
    this.#state = state;
    this.#server = server;
    this.#sockets = sockets;
    this.#crashes = crashes;
  }

  /** Listens on 127.0.0.1, on a free port unless one is given. */
  static async start(options: ServerOptions & { readonly port?: number }): Promise<ImapServer> {
    const state = new ServerContext(options);
    const sockets = new Set<Socket>();
    const crashes: unknown[] = [];
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      state.stats.opened();
      socket.on('close', () => {
        sockets.delete(socket);
        state.stats.connectionsOpen--;
      });
      connections++;
      serve(state, connections, socket).catch((error: unknown) => {
        crashes.push(error);
        socket.destroy();
      });
    });
    let connections = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
    return new ImapServer(address.port, state, server, sockets, crashes);
  }

  get host(): string {
    return '127.0.0.1';
  }

  /** By user name. */
  get stores(): ReadonlyMap<string, MailStore> {
    return this.#state.stores;
  }

  get faults(): FaultScript {
    return this.#state.faults;
  }

  get log(): CommandLog {
    return this.#state.log;
  }

  get stats(): TrafficStats {
    return this.#state.stats;
  }

  get latency(): number {
    return this.#state.latency;
  }

  /** Milliseconds of round trip from now on. */
  set latency(milliseconds: number) {
    this.#state.latency = milliseconds;
  }

  /** The mail of one user; throws when there is no such user. */
  store(user: string): MailStore {
    const store = this.stores.get(user);
    if (store === undefined) throw new Error(`no user named ${user}`);
    return store;
  }

  /** Cuts every connection that is open, as when a server is restarted. */
  disconnectAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Stops listening, cuts every connection, and throws if a session failed by a defect of this server. */
  async close(): Promise<void> {
    this.faults.clear();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.disconnectAll();
    await closed;
    if (this.#crashes.length > 0) throw new AggregateError(this.#crashes, 'the test IMAP server failed');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function serve(state: ServerContext, connection: number, socket: Socket): Promise<void> {
  const { tls } = state.options;
  const session = new Session(state, connection, socket);
  if (tls?.mode === 'implicit') session.secure(tls);
  await session.run();
}

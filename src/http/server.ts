/**
 * Listens on a TCP address or a Unix socket for what app.ts serves. Bounded in every direction: connections,
 * header size, and the time a request may take. A socket file is replaced only if nobody listens on it.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { ConfigError, MailkeepError } from '../core/errors.js';
import { fileProblem } from '../core/text/file-problem.js';
import { type HttpSources, httpApp } from './app.js';

export type HttpAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface HttpServer {
  /** As people write it; with the port that was taken where 0 was asked for. */
  readonly address: string;
  /** Ends open connections too. */
  close(): Promise<void>;
}

export interface HttpServerOptions {
  readonly listen: HttpAddress;
  /** Whether only this machine can reach the address. */
  readonly local: boolean;
  readonly onError: (error: unknown) => void;
}

const MOST_CONNECTIONS = 64;
const LIMITS = {
  maxHeaderSize: 8192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
} as const;

/** @throws MailkeepError where the address can't be had: `io`, or `config` where it never can */
export async function serveHttp(sources: HttpSources, options: HttpServerOptions): Promise<HttpServer> {
  const { listen } = options;
  const app = httpApp(sources, {
    // No browser reaches a Unix socket, and one that is open to the network has no name to hold it to.
    local: listen.kind === 'tcp' && options.local,
    host: listen.kind === 'tcp' ? listen.host : '',
    onError: options.onError,
  });
  // The name that hono builds its URLs with; nothing reads it.
  const listener = getRequestListener((request) => app.fetch(request), {
    hostname: 'localhost',
    overrideGlobalObjects: false,
  });
  const server = createServer(LIMITS, (request, response) => {
    listener(request, response).catch(options.onError);
  });
  server.maxConnections = MOST_CONNECTIONS;
  if (listen.kind === 'unix') await removeStaleSocket(listen.path);
  await listening(server, listen);
  server.on('error', options.onError);
  return { address: shownAddress(server, listen), close: () => closed(server) };
}

function listening(server: Server, address: HttpAddress): Promise<void> {
  // The socket is nobody else's from the moment it is there; nothing of this process is.
  if (address.kind === 'unix') process.umask(0o077);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(address, error)));
    server.listen(
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port },
    );
    server.once('listening', () => {
      server.removeAllListeners('error');
      if (address.kind === 'unix') chmodSync(address.path, 0o600);
      resolve();
    });
  });
}

/** A daemon that was killed leaves its socket file behind; one that lives still answers on it. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ConfigError(`http.listen: ${path} is there and is no socket`, {
      hint: 'name another path; mailkeep removes nothing but its own socket',
    });
  }
  if (await answers(path)) {
    throw new MailkeepError(`http.listen: another process listens on ${path}`, {
      code: 'io',
      hint: 'stop it, or name another path',
    });
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // Only a refusal proves that nobody is there.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function shownAddress(server: Server, listen: HttpAddress): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  const taken = server.address();
  const port = typeof taken === 'object' && taken !== null ? taken.port : listen.port;
  return `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`;
}

/** Not the config's fault for certain: at boot an address may still be on its way, so systemd tries again. */
function cannotListen(address: HttpAddress, cause: Error): MailkeepError {
  const where = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
  return new MailkeepError(`http.listen: cannot listen on ${where}: ${fileProblem(cause)}`, {
    code: 'io',
    hint: 'nothing was started; choose another address',
    cause,
  });
}

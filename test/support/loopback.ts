// Loopback ports for servers that must be told a port number, and the wait until such a server answers.

import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * `count` distinct ports on 127.0.0.1 that were free a moment ago. Somebody else may take one before the caller
 * does, so whoever uses them retries with new ones.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listenAnywhere(createServer())));
  const ports = held.map(portOf);
  await Promise.all(held.map(closeServer));
  return ports;
}

/** Listens on a port of the kernel's choice and resolves once that is done. */
export function listenAnywhere(server: Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return address.port;
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/**
 * Resolves once an IMAP greeting (`* OK`) comes from the port. Throws after `timeoutMs`, and at once when `signal`
 * aborts (the server has died). A starting server gives no event to wait for, so this asks again every 10 ms.
 */
export async function greeting(port: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    if ((await firstBytes(port)).startsWith('* OK')) return;
    await pause(10);
  }
  throw new Error(`no IMAP greeting from 127.0.0.1:${port} within ${timeoutMs} ms`);
}

function firstBytes(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = openSocket(port, '127.0.0.1');
    const finish = (text: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(2000, () => finish(''));
    socket.once('data', (chunk) => finish(chunk.toString('latin1')));
    socket.once('error', () => finish(''));
    socket.once('close', () => finish(''));
  });
}

/**
 * A TCP connection to the server, straight or through the account's proxy. Through a proxy the server's name is
 * looked up there, and no octet that the server sends ahead is lost.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { throughHttp } from './http-tunnel.js';
import { opening, type StepBounds } from './opening.js';
import { ProxyError } from './proxy-error.js';
import type { ServerSettings } from './server-settings.js';
import { throughSocks } from './socks-tunnel.js';

export type Way = Pick<ServerSettings, 'host' | 'port' | 'proxy' | 'connectTimeout'>;

/** Throws what `networkError` tells about, and InterruptedError. */
export async function dial({ host, port, proxy, connectTimeout }: Way, signal: AbortSignal): Promise<Socket> {
  const bounds = { timeout: connectTimeout, signal };
  const socket =
    proxy === null
      ? await opening(connectTcp({ host, port }), 'connect', bounds)
      : await knock(proxy, bounds);
  // Between one owner and the next nobody listens; whoever comes next hears 'close'.
  socket.on('error', () => undefined);
  socket.setNoDelay(true);
  if (proxy === null) return socket;
  try {
    const url = new URL(proxy.reveal());
    if (url.protocol.startsWith('http')) await throughHttp(socket, url, { host, port }, bounds);
    else await throughSocks(socket, url, { host, port }, bounds);
    return socket;
  } catch (error) {
    socket.destroy();
    throw asProxyError(error);
  }
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
const SOCKS_PORT = 1080;

async function knock(proxy: NonNullable<Way['proxy']>, bounds: StepBounds): Promise<Socket> {
  const { protocol, hostname, port: given } = new URL(proxy.reveal());
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(given) || (DEFAULT_PORTS[protocol] ?? SOCKS_PORT);
  try {
    if (protocol !== 'https:') return await opening(connectTcp({ host, port }), 'connect', bounds);
    const name = isIP(host) === 0 ? { servername: host } : {};
    return await opening(connectTls({ host, port, ...name }), 'secureConnect', bounds);
  } catch (error) {
    throw asProxyError(error);
  }
}

/** What goes wrong before the tunnel stands is never the server's doing. */
function asProxyError(error: unknown): unknown {
  return error instanceof Error && 'code' in error && error.code !== 'interrupted'
    ? new ProxyError(error.message)
    : error;
}

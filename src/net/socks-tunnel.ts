/** SOCKS 5 (RFC 1928, 1929), 4 and 4a: asks a proxy for a way to a server. */
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6, type Socket } from 'node:net';
import { opening, type StepBounds } from './opening.js';
import { ProxyError } from './proxy-error.js';

interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Throws ProxyError, and what `opening` throws. Reads no octet beyond the proxy's answer. */
export async function throughSocks(
  socket: Socket,
  proxy: URL,
  to: Destination,
  bounds: StepBounds,
): Promise<void> {
  if (proxy.protocol === 'socks4:' || proxy.protocol === 'socks4a:')
    await version4(socket, proxy, to, bounds);
  else await version5(socket, proxy, to, bounds);
}

const NO_LOGIN = 0;
const BY_PASSWORD = 2;

async function version5(socket: Socket, proxy: URL, to: Destination, bounds: StepBounds): Promise<void> {
  const user = Buffer.from(decodeURIComponent(proxy.username));
  const password = Buffer.from(decodeURIComponent(proxy.password));
  const methods = user.length + password.length === 0 ? [NO_LOGIN] : [NO_LOGIN, BY_PASSWORD];
  socket.write(Buffer.of(5, methods.length, ...methods));
  const [version, method] = await take(socket, 2, bounds);
  if (version !== 5) throw new ProxyError('it does not speak SOCKS 5');
  if (method === BY_PASSWORD && methods.includes(BY_PASSWORD)) {
    if (user.length > 255 || password.length > 255) throw new ProxyError('its user or password is too long');
    socket.write(Buffer.concat([Buffer.of(1, user.length), user, Buffer.of(password.length), password]));
    const [, refusal] = await take(socket, 2, bounds);
    if (refusal !== 0) throw new ProxyError('it refuses user and password');
  } else if (method !== NO_LOGIN) throw new ProxyError('it wants another sign-in');
  socket.write(Buffer.concat([Buffer.of(5, 1, 0), address(to.host), portOf(to)]));
  const [, reply, , kind] = await take(socket, 4, bounds);
  if (reply !== 0) throw new ProxyError(REPLIES[reply ?? 0] ?? `it answers ${reply}`);
  // Where the proxy itself is bound, which is nobody's business here.
  const length = kind === 1 ? 4 : kind === 4 ? 16 : (await take(socket, 1, bounds))[0]!;
  await take(socket, length + 2, bounds);
}

const REPLIES: readonly (string | undefined)[] = [
  undefined,
  'it failed',
  'its rules do not allow it',
  'the network is out of reach',
  'the host is out of reach',
  'nothing listens there',
  'the way is too long',
  'it can make no connections',
  'it knows no such kind of address',
];

function address(host: string): Buffer {
  if (isIPv6(host)) return Buffer.of(4, ...octetsOfIPv6(host));
  if (isIP(host) === 4) return Buffer.of(1, ...host.split('.').map(Number));
  const name = Buffer.from(host);
  if (name.length > 255) throw new ProxyError('the name of the host is too long for it');
  return Buffer.concat([Buffer.of(3, name.length), name]);
}

/** The URL parser writes an address as eight groups at most, with one "::". */
function octetsOfIPv6(host: string): number[] {
  const plain = new URL(`http://[${host.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

const GRANTED = 90;

async function version4(socket: Socket, proxy: URL, to: Destination, bounds: StepBounds): Promise<void> {
  // 4a (and no lookup here) by an address that can't be, 0.0.0.1.
  const byName = proxy.protocol === 'socks4a:' && isIP(to.host) === 0;
  const ip = byName ? '0.0.0.1' : await addressOf(to.host);
  const user = Buffer.from(`${decodeURIComponent(proxy.username)}\0`);
  const name = Buffer.from(byName ? `${to.host}\0` : '');
  socket.write(
    Buffer.concat([Buffer.of(4, 1), portOf(to), Buffer.from(ip.split('.').map(Number)), user, name]),
  );
  const [, reply] = await take(socket, 8, bounds);
  if (reply !== GRANTED) throw new ProxyError(`it answers ${reply}`);
}

async function addressOf(host: string): Promise<string> {
  if (isIPv6(host)) throw new ProxyError('SOCKS 4 knows no IPv6; use socks5');
  return (await lookup(host, { family: 4 })).address;
}

function portOf({ port }: Destination): Buffer {
  return Buffer.of(port >> 8, port & 0xff);
}

async function take(socket: Socket, length: number, bounds: StepBounds): Promise<Buffer> {
  for (;;) {
    const octets = socket.read(length) as Buffer | null;
    if (octets?.length === length) return octets;
    if (octets !== null || socket.readableEnded || socket.destroyed) throw new ProxyError('it hung up');
    await opening(socket, 'readable', bounds);
  }
}

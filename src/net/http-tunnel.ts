/** CONNECT (RFC 9110 section 9.3.6): asks an HTTP proxy for a way to a server. */
import { isIPv6, type Socket } from 'node:net';
import { opening, type StepBounds } from './opening.js';
import { ProxyError } from './proxy-error.js';

/** Octets of the proxy's answer; it is thrown away. */
const LONGEST_ANSWER = 65_536;

/** Throws ProxyError, and what `opening` throws. What follows the proxy's answer stays in the socket. */
export async function throughHttp(
  socket: Socket,
  proxy: URL,
  to: { readonly host: string; readonly port: number },
  bounds: StepBounds,
): Promise<void> {
  const target = `${isIPv6(to.host) ? `[${to.host}]` : to.host}:${to.port}`;
  const { username, password } = proxy;
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const proof =
    username + password === '' ? '' : `Proxy-Authorization: Basic ${login.toString('base64')}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${proof}\r\n`);
  const answer = await headerOf(socket, bounds);
  const status = /^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1];
  if (status === undefined) throw new ProxyError('it does not speak HTTP');
  if (!status.startsWith('2')) throw new ProxyError(`it answers ${status}`);
}

async function headerOf(socket: Socket, bounds: StepBounds): Promise<string> {
  let answer = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) throw new ProxyError('it hung up');
      await opening(socket, 'readable', bounds);
      continue;
    }
    answer = Buffer.concat([answer, chunk]);
    const end = answer.indexOf('\r\n\r\n');
    if (end === -1) {
      if (answer.length > LONGEST_ANSWER) throw new ProxyError('its answer has no end');
      continue;
    }
    const rest = answer.subarray(end + 4);
    if (rest.length > 0) socket.unshift(rest);
    return answer.toString('latin1', 0, end);
  }
}

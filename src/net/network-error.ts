/** What Node says about a way that leads nowhere, in words that tell who is affected, what is safe and what to do. */
import { AccountError, describeError } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { ProxyError } from './proxy-error.js';
import type { ServerPlace } from './server-settings.js';

const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['EHOSTUNREACH', 'the host is out of reach'],
  ['ENETUNREACH', 'the network is out of reach'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['EAI_AGAIN', 'the name could not be looked up'],
]);

/** Whether an error's code is about a connection that came to nothing, so that another one may come to something. */
export function isNetworkCode(code: string): boolean {
  return PROBLEMS.has(code);
}

/** null where the error is about something else than the network. `said`: what the server said at last, quoted. */
export function networkError(error: unknown, place: ServerPlace, said = ''): AccountError | null {
  if (error instanceof ProxyError) return noWayThrough(error, place);
  const code = codeOf(error);
  if (code === 'ENOTFOUND') {
    return new AccountError(`${place.account}: there is no host called ${place.host}`, {
      code: 'unreachable',
      hint: 'check host in the config and the name service of this machine; nothing was changed',
      cause: error,
    });
  }
  const problem = PROBLEMS.get(code);
  return problem === undefined ? null : unreachable(`${problem}${said}`, place, error);
}

/** `problem` completes "cannot reach HOST:". */
export function unreachable(
  problem: string,
  { account, host, port }: ServerPlace,
  cause: unknown,
  hint = 'check host, port and tls in the config and the network; what was stored is safe, the next run tries again',
): AccountError {
  return new AccountError(`${account}: cannot reach ${host}:${port}: ${problem}`, {
    code: 'unreachable',
    hint,
    cause,
  });
}

/** No `cause`: it could hold the URL, and that the proxy's password. */
export function noWayThrough(why: unknown, { account, host, port }: ServerPlace): AccountError {
  const said = printable(describeError(why).trim().slice(0, 300));
  return new AccountError(`${account}: the proxy lets nobody through to ${host}:${port}: ${said}`, {
    code: 'unreachable',
    hint: 'check proxy in the config, with its user and password; nothing was changed, the next run tries again',
  });
}

/** An error's code, or "" where it has none. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

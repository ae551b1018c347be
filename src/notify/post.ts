/**
 * One HTTP POST. The URL may hold a token, so nothing of it but the host is ever said, and a redirect is
 * refused instead of carrying the message to somebody else.
 */
import type { Secret } from '../core/secret.js';
import { DeliveryError } from './notifier.js';

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
}

const TIMEOUT_MS = 10_000;

/** @throws DeliveryError */
export async function post({ url, body, contentType }: Post, signal: AbortSignal): Promise<void> {
  const { address, authorization } = withoutLogin(url);
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new DOMException('too slow', 'TimeoutError')), TIMEOUT_MS);
  const stop = () => patience.abort();
  signal.addEventListener('abort', stop, { once: true });
  let response: Response;
  try {
    response = await fetch(address, {
      method: 'POST',
      body,
      headers: { 'content-type': contentType, 'user-agent': 'mailkeep', ...authorization },
      redirect: 'manual',
      signal: patience.signal,
    });
    // What it answers is of no interest, and could be without end.
    await response.body?.cancel().catch(() => undefined);
  } catch (error) {
    throw new DeliveryError(whyNot(error), { permanent: false, cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
  if (response.ok) return;
  if (response.status >= 300 && response.status < 400) {
    throw new DeliveryError(
      `HTTP ${response.status}: it redirects elsewhere; name the final URL in the config`,
      {
        permanent: true,
      },
    );
  }
  throw new DeliveryError(`HTTP ${response.status}`, { permanent: !isPassing(response.status) });
}

/** `hooks.example.org:8443` of a URL whose rest may be secret. */
export function hostOf(url: Secret): string {
  return new URL(url.reveal()).host;
}

/** fetch takes no `https://user:password@host`; it goes as Basic authentication (RFC 7617). */
function withoutLogin(url: string): { address: URL; authorization: { authorization?: string } } {
  const address = new URL(url);
  if (address.username === '' && address.password === '') return { address, authorization: {} };
  const login = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
  address.username = '';
  address.password = '';
  return { address, authorization: { authorization: `Basic ${Buffer.from(login).toString('base64')}` } };
}

function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

function whyNot(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `no answer within ${TIMEOUT_MS / 1000} seconds`;
  if (error instanceof DOMException) return 'given up';
  // fetch says only "fetch failed"; its cause has a code such as ECONNREFUSED. Its message could name the URL.
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /^[A-Z0-9_]{2,60}$/.test(code) ? `no connection (${code})` : 'no connection';
}

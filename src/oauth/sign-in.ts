/**
 * The sign-in by a person, once: by device code where the provider has it, else by a browser that comes back to
 * this machine, with PKCE (RFC 7636, RFC 8252). Over ssh the browser is elsewhere and its way back leads nowhere;
 * then the address it ends at is pasted. What it leaves is the tokens' file.
 */
import { createServer, type Server } from 'node:http';
import type { TokenEndpointResponse } from 'openid-client';
import { CredentialsError, InterruptedError } from '../core/errors.js';
import { tokensFrom } from './access-token.js';
import { type OAuthClient, type OAuthSettings, oauthClient } from './client.js';
import { oauthError } from './oauth-error.js';
import { type Tokens, writeTokens } from './tokens.js';

export interface SignInDesk {
  /** Says what the person has to do; several lines. */
  readonly tell: (text: string) => void;
  /** Lines that the person types or pastes. */
  readonly lines: AsyncIterable<string>;
  readonly signal: AbortSignal;
  /** Even if the provider has a device code. */
  readonly browser: boolean;
}

export interface SignedIn {
  readonly flow: 'device' | 'browser';
  readonly tokens: Tokens;
}

/** Nobody needs longer than that for a page and a second factor. */
const PATIENCE_MS = 15 * 60_000;

/** Throws CredentialsError, AccountError or InterruptedError; then the tokens of before are still there. */
export async function signIn(settings: OAuthSettings, desk: SignInDesk): Promise<SignedIn> {
  const { account, reference } = settings;
  const late = AbortSignal.timeout(PATIENCE_MS);
  const signal = AbortSignal.any([desk.signal, late]);
  try {
    const client = await oauthClient(settings, signal);
    const metadata = client.configuration.serverMetadata();
    const device = metadata.device_authorization_endpoint !== undefined && !desk.browser;
    if (!device && metadata.authorization_endpoint === undefined) {
      throw new CredentialsError(`${account}: the OAuth2 provider names no way to sign in`, {
        hint: 'give authorization_endpoint or device_authorization_endpoint under oauth in the config',
      });
    }
    const answer = device
      ? await byDevice(client, desk, signal)
      : await byBrowser(client, settings, desk, signal);
    const tokens = tokensFrom(answer, settings, null);
    await writeTokens(settings.file, tokens);
    return { flow: device ? 'device' : 'browser', tokens };
  } catch (error) {
    if (desk.signal.aborted) throw new InterruptedError('interrupted; nothing was changed');
    if (late.aborted) {
      throw new CredentialsError(`${account}: nobody signed in within a quarter of an hour`, {
        hint: `run mailkeep auth ${account} again`,
      });
    }
    throw oauthError(error, { account, provider: reference.provider });
  }
}

/** RFC 8628. */
async function byDevice(
  { library, configuration, place }: OAuthClient,
  desk: SignInDesk,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  const started = await library.initiateDeviceAuthorization(configuration, { scope: place.scopes.join(' ') });
  desk.tell(
    `Open this page in any browser:\n\n  ${started.verification_uri}\n\nand enter the code\n\n  ${started.user_code}\n`,
  );
  return await library.pollDeviceAuthorizationGrant(configuration, started, undefined, { signal });
}

async function byBrowser(
  { library, configuration, place }: OAuthClient,
  settings: OAuthSettings,
  desk: SignInDesk,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  const state = library.randomState();
  const verifier = library.randomPKCECodeVerifier();
  const landing = await Landing.open(place.redirectHost, state);
  try {
    const url = library.buildAuthorizationUrl(configuration, {
      redirect_uri: landing.address,
      response_type: 'code',
      scope: place.scopes.join(' '),
      state,
      code_challenge: await library.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      login_hint: settings.user,
      ...place.extra,
    });
    desk.tell(
      `Open this page in a browser:\n\n  ${url.href}\n\nIf the browser runs on another machine, it ends at a page that can't be shown. Paste that page's address here.\n`,
    );
    const came = await Promise.race([landing.visited, pasted(desk, landing, state), ended(signal)]);
    return await library.authorizationCodeGrant(configuration, came, {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
  } finally {
    await landing.close();
  }
}

/** Never resolves where nothing fitting is pasted. */
async function pasted(desk: SignInDesk, landing: Landing, state: string): Promise<URL> {
  for await (const line of desk.lines) {
    const text = line.trim();
    if (text === '') continue;
    const url = landing.addressOf(text);
    if (url !== null && url.searchParams.get('state') === state) return url;
    desk.tell(`That is not the address of the last page: it begins with ${landing.address}?`);
  }
  return await new Promise<never>(() => {});
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new InterruptedError());
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** Where the browser comes back to: a server on the loopback that knows one page. */
class Landing {
  /** The redirect URI. */
  readonly address: string;
  /** The address of the visit that brought the answer. */
  readonly visited: Promise<URL>;
  readonly #server: Server;

  private constructor(server: Server, address: string, visited: Promise<URL>) {
    this.#server = server;
    this.address = address;
    this.visited = visited;
  }

  static async open(host: string, state: string): Promise<Landing> {
    let arrive: (url: URL) => void = () => {};
    const visited = new Promise<URL>((resolve) => {
      arrive = resolve;
    });
    let address = '';
    const server = createServer((request, response) => {
      const url =
        request.method === 'GET' ? addressWithin(address, `${new URL(request.url ?? '/', address)}`) : null;
      // Whoever does not know the state (a page in the same browser, a scanner) ends nothing.
      const ours = url !== null && url.searchParams.get('state') === state;
      response.writeHead(ours ? 200 : 404, {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        connection: 'close',
      });
      response.end(ours ? 'mailkeep has the answer. You can close this page.\n' : 'Nothing is here.\n');
      if (ours) arrive(url);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the loopback server has no port');
    address = `http://${host}:${bound.port}/`;
    return new Landing(server, address, visited);
  }

  /** null where the text is no address of the landing page. */
  addressOf(text: string): URL | null {
    return addressWithin(this.address, text);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function addressWithin(address: string, text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.origin + url.pathname === address ? url : null;
}

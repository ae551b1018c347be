// An OAuth2 provider on the loopback: authorization code with PKCE (RFC 7636), device code (RFC 8628), refresh,
// revocation, metadata (RFC 8414) and introspection (RFC 7662) for a mail server that wants to know whom a token
// belongs to. The person at it agrees at once, unless a test says otherwise.

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { closeServer, listenAnywhere, portOf } from './loopback.js';

export interface ProviderOptions {
  readonly user: string;
  readonly clientId: string;
  /** null: a public client. */
  readonly clientSecret: string | null;
  /** Seconds that an access token lives; default 3600. */
  readonly lifetime?: number;
  /** Each refresh token is good for one use, as RFC 9700 advises for public clients. */
  readonly rotate?: boolean;
}

type Parameters = Readonly<Record<string, string>>;

interface Grant {
  readonly scope: string;
  readonly challenge: string | null;
  readonly redirect: string | null;
}

export class OAuthProvider {
  readonly address: string;
  /** What clients asked for: the path, with the grant type where there is one. */
  readonly asked: string[] = [];
  /** Everything secret that it gave away or was told. */
  readonly secrets = new Set<string>();
  readonly #options: ProviderOptions;
  readonly #close: () => Promise<void>;
  readonly #codes = new Map<string, Grant>();
  readonly #devices = new Map<string, { scope: string; state: 'waiting' | 'agreed' | 'denied' }>();
  readonly #refreshTokens = new Map<string, string>();
  readonly #accessTokens = new Map<string, number>();
  /** What the token endpoint says in place of an answer. */
  refusal: { readonly error: string; readonly error_description?: string } | null = null;
  /** Times that a device is told to go on asking. */
  hesitation = 0;

  private constructor(address: string, options: ProviderOptions, close: () => Promise<void>) {
    this.address = address;
    this.#options = options;
    this.#close = close;
    if (options.clientSecret !== null) this.secrets.add(options.clientSecret);
  }

  static async start(options: ProviderOptions): Promise<OAuthProvider> {
    let provider: OAuthProvider | undefined;
    const server = createServer(async (request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const parameters = { ...Object.fromEntries(url.searchParams), ...(await formOf(request)) };
      const { status, headers, body } = provider!.#answer(url.pathname, parameters, request);
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers });
      response.end(JSON.stringify(body));
    });
    await listenAnywhere(server);
    const close = async () => {
      const closed = closeServer(server);
      server.closeAllConnections();
      await closed;
    };
    provider = new OAuthProvider(`http://127.0.0.1:${portOf(server)}`, options, close);
    return provider;
  }

  /** Ends all access tokens, as when their time is over. */
  expireAccessTokens(): void {
    this.#accessTokens.clear();
  }

  /** Ends everything, as when the person revokes the app's access. */
  revokeAll(): void {
    this.#accessTokens.clear();
    this.#refreshTokens.clear();
  }

  /** Whether a mail server should let the bearer in. */
  isGood(token: string): boolean {
    return (this.#accessTokens.get(token) ?? 0) > Date.now();
  }

  close(): Promise<void> {
    return this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #answer(path: string, parameters: Parameters, request: IncomingMessage): Answer {
    this.asked.push(parameters.grant_type === undefined ? path : `${path} ${parameters.grant_type}`);
    switch (path) {
      case '/.well-known/openid-configuration':
        return ok({
          issuer: this.address,
          authorization_endpoint: `${this.address}/authorize`,
          token_endpoint: `${this.address}/token`,
          device_authorization_endpoint: `${this.address}/device`,
        });
      case '/authorize':
        return this.#authorize(parameters);
      case '/device':
        return this.#device(parameters);
      case '/token':
        return this.#token(parameters);
      case '/introspect':
        return this.#introspect(bearerOf(request) ?? parameters.token ?? '');
      default:
        return { status: 404, body: {} };
    }
  }

  #authorize(given: Parameters): Answer {
    if (given.client_id !== this.#options.clientId || given.code_challenge_method !== 'S256')
      return failed('invalid_request');
    const back = new URL(given.redirect_uri!);
    back.searchParams.set('state', given.state!);
    if (this.refusal !== null) back.searchParams.set('error', this.refusal.error);
    else {
      const code = this.#fresh();
      this.#codes.set(code, {
        scope: given.scope ?? '',
        challenge: given.code_challenge!,
        redirect: given.redirect_uri!,
      });
      back.searchParams.set('code', code);
    }
    return { status: 302, headers: { location: back.href }, body: {} };
  }

  #device(given: Parameters): Answer {
    if (given.client_id !== this.#options.clientId) return failed('invalid_client', 401);
    const code = this.#fresh();
    this.#devices.set(code, { scope: given.scope ?? '', state: 'agreed' });
    return ok({
      device_code: code,
      user_code: 'WDJB-MJHT',
      verification_uri: `${this.address}/activate`,
      expires_in: 900,
      interval: 0.05,
    });
  }

  #token(given: Parameters): Answer {
    if (given.client_id !== this.#options.clientId) return failed('invalid_client', 401);
    if (this.#options.clientSecret !== null && given.client_secret !== this.#options.clientSecret)
      return failed('invalid_client', 401);
    if (this.refusal !== null) return { status: 400, body: this.refusal };
    switch (given.grant_type) {
      case 'authorization_code': {
        const grant = this.#codes.get(given.code ?? '');
        this.#codes.delete(given.code ?? '');
        const challenge = createHash('sha256')
          .update(given.code_verifier ?? '')
          .digest('base64url');
        if (grant === undefined || grant.challenge !== challenge || grant.redirect !== given.redirect_uri)
          return failed('invalid_grant');
        return this.#tokens(grant.scope, this.#fresh());
      }
      case 'urn:ietf:params:oauth:grant-type:device_code': {
        const device = this.#devices.get(given.device_code ?? '');
        if (device === undefined) return failed('invalid_grant');
        if (this.hesitation-- > 0) return failed('authorization_pending');
        this.#devices.delete(given.device_code!);
        return this.#tokens(device.scope, this.#fresh());
      }
      case 'refresh_token': {
        const scope = this.#refreshTokens.get(given.refresh_token ?? '');
        if (scope === undefined) return failed('invalid_grant', 400, 'Token has been expired or revoked.');
        if (this.#options.rotate !== true) return this.#tokens(scope, null);
        this.#refreshTokens.delete(given.refresh_token!);
        return this.#tokens(scope, this.#fresh());
      }
      default:
        return failed('unsupported_grant_type');
    }
  }

  #tokens(scope: string, refreshToken: string | null): Answer {
    const { lifetime = 3600 } = this.#options;
    const access = this.#fresh();
    this.#accessTokens.set(access, Date.now() + lifetime * 1000);
    if (refreshToken !== null) this.#refreshTokens.set(refreshToken, scope);
    return ok({
      access_token: access,
      token_type: 'Bearer',
      expires_in: lifetime,
      scope,
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    });
  }

  #introspect(token: string): Answer {
    if (!this.isGood(token)) return ok({ active: false });
    return ok({ active: true, username: this.#options.user, scope: 'mail' });
  }

  #fresh(): string {
    const secret = randomBytes(24).toString('base64url');
    this.secrets.add(secret);
    return secret;
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

function ok(body: object): Answer {
  return { status: 200, body };
}

function failed(error: string, status = 400, description?: string): Answer {
  return {
    status,
    body: { error, ...(description === undefined ? {} : { error_description: description }) },
  };
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
}

async function formOf(request: IncomingMessage): Promise<Parameters> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return Object.fromEntries(new URLSearchParams(text));
}

/**
 * An access token for one sign-in: the one in the file while it is good, else a new one for the refresh token.
 * Asked for at each connection. Several connections that ask at once share one refresh, and a provider that
 * replaces the refresh token with each use finds only the newest in the file.
 */
import type { TokenEndpointResponse } from 'openid-client';
import { CredentialsError, InterruptedError, throwIfAborted } from '../core/errors.js';
import { type OAuthSettings, oauthClient } from './client.js';
import { oauthError } from './oauth-error.js';
import { readTokens, type Tokens, writeTokens } from './tokens.js';

/** A token that ends within this time is not good for a sign-in any more. */
const MARGIN_MS = 5 * 60_000;
/** Where the provider doesn't say (RFC 6749 section 5.1 only recommends it). */
const USUAL_LIFE_S = 3600;

/** Refreshes in flight, by file. */
const refreshing = new Map<string, Promise<Tokens>>();

/**
 * @param refused the token that the server has just refused, or null
 * @throws CredentialsError where a person has to sign in, AccountError where the provider is out of reach
 */
export async function accessToken(
  settings: OAuthSettings,
  refused: string | null,
  signal: AbortSignal,
): Promise<string> {
  throwIfAborted(signal);
  const tokens = current(settings);
  if (tokens.accessToken !== refused && tokens.expiresAt - settings.clock() > marginOf(tokens))
    return tokens.accessToken;
  let refresh = refreshing.get(settings.file);
  if (refresh === undefined) {
    // Not bound to one caller's signal: others may wait for the same.
    refresh = refreshed(settings).finally(() => refreshing.delete(settings.file));
    refreshing.set(settings.file, refresh);
  }
  const { accessToken: fresh } = await refresh;
  throwIfAborted(signal);
  return fresh;
}

/** What the provider answered, as it is kept. The refresh token stays where the answer names no other. */
export function tokensFrom(
  answer: TokenEndpointResponse,
  settings: OAuthSettings,
  before: string | null,
): Tokens {
  const now = settings.clock();
  return {
    clientId: settings.reference.clientId,
    refreshToken: answer.refresh_token ?? before,
    accessToken: answer.access_token,
    expiresAt: now + (answer.expires_in ?? USUAL_LIFE_S) * 1000,
    obtainedAt: now,
    scope: answer.scope ?? null,
  };
}

/** Half the life of a token that lives only minutes, else it would never be used twice. */
function marginOf({ expiresAt, obtainedAt }: Tokens): number {
  return Math.min(MARGIN_MS, (expiresAt - obtainedAt) / 2);
}

function current({ account, file, reference }: OAuthSettings): Tokens {
  const tokens = readTokens(file);
  const hint = `run mailkeep auth ${account}`;
  if (tokens === null) throw new CredentialsError(`${account}: nobody has signed in yet (OAuth2)`, { hint });
  if (tokens.clientId !== reference.clientId)
    throw new CredentialsError(`${account}: the OAuth2 sign-in was made with another client_id`, { hint });
  return tokens;
}

async function refreshed(settings: OAuthSettings): Promise<Tokens> {
  const { account, file, reference } = settings;
  const before = current(settings);
  if (before.refreshToken === null) {
    throw new CredentialsError(
      `${account}: the OAuth2 sign-in has ended, and the provider gave no refresh token`,
      {
        hint: `run mailkeep auth ${account}; the scope offline_access may be missing among oauth.scopes`,
      },
    );
  }
  const never = new AbortController().signal;
  try {
    const { library, configuration } = await oauthClient(settings, never);
    const answer = await library.refreshTokenGrant(configuration, before.refreshToken);
    const tokens = tokensFrom(answer, settings, before.refreshToken);
    await writeTokens(file, tokens);
    return tokens;
  } catch (error) {
    // Another process was faster, and the provider takes each refresh token once.
    const now = readTokens(file);
    if (now !== null && now.refreshToken !== before.refreshToken) return now;
    if (error instanceof InterruptedError) throw error;
    throw oauthError(error, { account, provider: reference.provider });
  }
}

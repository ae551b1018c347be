/** How an account signs in, as the adapters ask for it: at each connection, nothing captured. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { CredentialsError } from '../core/errors.js';
import type { Login, OAuthReference, SecretReference } from '../core/ports/credential.js';
import { resolveSecret } from '../credentials/configured.js';
import type { OAuthSettings } from '../oauth/client.js';
import type { Surroundings } from './surroundings.js';

/** @param root the account's folder */
export function loginOf(account: AccountConfig, root: string, around: Surroundings): Login {
  const { credential } = account;
  if (credential.kind !== 'oauth')
    return { kind: 'password', ask: (signal) => revealed(account.name, credential, around, signal) };
  const settings = oauthSettings(account, credential, root, around);
  return {
    kind: 'token',
    ask: async (signal, refused) =>
      (await import('../oauth/access-token.js')).accessToken(settings, refused, signal),
  };
}

export function oauthSettings(
  account: AccountConfig,
  reference: OAuthReference,
  root: string,
  around: Surroundings,
): OAuthSettings {
  return {
    account: account.name,
    user: account.user,
    protocol: account.protocol,
    reference,
    file: join(root, 'oauth.json'),
    clientSecret: async (signal) =>
      reference.clientSecret === null ? null : revealed(account.name, reference.clientSecret, around, signal),
    clock: around.clock,
  };
}

async function revealed(
  account: string,
  reference: SecretReference,
  { env, warn }: Surroundings,
  signal: AbortSignal,
): Promise<string> {
  try {
    return (await resolveSecret(reference, { env, signal, warn })).reveal();
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    const hint = `nothing was sent${error.hint === null ? '' : `; ${error.hint}`}`;
    throw new CredentialsError(`${account}: ${error.message}`, { hint, cause: error });
  }
}

/** The OAuth2 sign-in of one account by a person, and a look whether the mail server takes what came of it. */
import type { AccountConfig } from '../config/config.js';
import { UsageError } from '../core/errors.js';
import { type SignedIn, type SignInDesk, signIn } from '../oauth/sign-in.js';
import { oauthSettings } from './login.js';
import type { Wiring } from './wiring.js';

/** Throws UsageError for an account without `oauth`. */
export function runSignIn(wiring: Wiring, account: AccountConfig, desk: SignInDesk): Promise<SignedIn> {
  const { credential } = account;
  if (credential.kind !== 'oauth') {
    throw new UsageError(
      `${account.name} signs in with a password`,
      'nothing was done; only an account with oauth in the config needs mailkeep auth',
    );
  }
  return signIn(oauthSettings(account, credential, wiring.root(account), wiring.around), desk);
}

/** Throws what a sync would throw at its start. */
export async function trySignIn(wiring: Wiring, account: AccountConfig, signal: AbortSignal): Promise<void> {
  const source = await wiring.source(account).open(signal);
  await source.close();
}

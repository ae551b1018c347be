/**
 * What an OAuth2 provider or the network says, as errors by reach: a refusal needs a person (exit 12), an outage
 * only time (75). The provider's description is quoted; tokens, codes and secrets are in none of these texts.
 */
import { AccountError, CredentialsError, describeError, MailkeepError } from '../core/errors.js';
import { printable } from '../core/text/printable.js';

export interface OAuthWho {
  readonly account: string;
  readonly provider: 'google' | 'microsoft' | 'custom';
}

export function oauthError(error: unknown, who: OAuthWho): MailkeepError {
  if (error instanceof MailkeepError) return error;
  const refusal = refusalIn(error);
  if (refusal !== null) return refused(refusal, who);
  return new AccountError(`${who.account}: the OAuth2 provider can't be reached: ${networkReason(error)}`, {
    code: 'unreachable',
    hint: 'check the network, and the issuer or endpoints under oauth in the config; nothing was changed',
  });
}

interface Refusal {
  readonly error: string;
  readonly description: string;
}

/** The JSON of RFC 6749 section 5.2, or the parameters of section 4.1.2.1. */
function refusalIn(error: unknown): Refusal | null {
  if (!(error instanceof Error) || !('error' in error) || typeof error.error !== 'string') return null;
  const description = 'error_description' in error ? error.error_description : undefined;
  return {
    error: printable(error.error.slice(0, 100)),
    description: typeof description === 'string' ? printable(description.trim().slice(0, 300)) : '',
  };
}

function refused({ error, description }: Refusal, who: OAuthWho): MailkeepError {
  const said = description === '' ? error : `${error}: ${description}`;
  const again = `run mailkeep auth ${who.account}`;
  // Microsoft's numbers say more than its `error`.
  const number = /\bAADSTS(\d+)/.exec(description)?.[1] ?? '';
  const known = MICROSOFT[number];
  const fail = (sentence: string, hint: string) =>
    new CredentialsError(`${who.account}: ${sentence} (${said})`, { hint });
  if (known !== undefined) return fail(known.sentence, known.hint.replace('AGAIN', again));
  switch (error) {
    case 'invalid_grant':
      return fail(
        'the OAuth2 sign-in has expired or was revoked',
        who.provider === 'google'
          ? `${again}; if this happens every 7 days, the Google app is still in testing: publish it (docs/oauth.md)`
          : again,
      );
    case 'invalid_client':
    case 'unauthorized_client':
      return fail(
        'the OAuth2 provider does not know this client, or its secret',
        'check client_id and client_secret under oauth in the config (docs/oauth.md)',
      );
    case 'invalid_scope':
      return fail(
        'the OAuth2 provider does not grant the scope for mail to this client',
        'add it to the app at the provider (docs/oauth.md), or set oauth.scopes',
      );
    case 'access_denied':
      return fail('the OAuth2 sign-in was declined', `${again} and allow all that it asks for`);
    case 'expired_token':
      return fail('nobody signed in with the code in time', again);
    case 'admin_policy_enforced':
      return fail(
        'the administrator of the Google Workspace does not allow this app',
        'ask for it to be trusted there (Admin console, API controls)',
      );
    case 'temporarily_unavailable':
    case 'server_error':
      return new AccountError(`${who.account}: the OAuth2 provider is not available (${said})`, {
        code: 'unreachable',
        hint: 'try again later; nothing was changed',
      });
    default:
      return fail('the OAuth2 provider refused the sign-in', `${again}; see docs/oauth.md`);
  }
}

/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const MICROSOFT: Readonly<Record<string, { readonly sentence: string; readonly hint: string }>> = {
  '50020': {
    sentence: 'this Microsoft account does not belong to the tenant',
    hint: 'set tenant under oauth to the right directory, or to common',
  },
  '50059': { sentence: 'Microsoft needs to know the tenant', hint: 'set tenant under oauth' },
  '50076': { sentence: 'Microsoft wants another factor', hint: 'AGAIN' },
  '50079': { sentence: 'Microsoft wants another factor', hint: 'AGAIN' },
  '50194': {
    sentence: 'the app is for one tenant only',
    hint: 'set tenant under oauth to that directory, or make the app multi-tenant',
  },
  '53003': {
    sentence: 'a Conditional Access policy of the tenant forbids this sign-in',
    hint: 'ask the administrator; where only the device code is forbidden, AGAIN --browser',
  },
  '65001': {
    sentence: 'nobody has consented to IMAP for this app',
    hint: 'AGAIN, or let the administrator consent for the tenant',
  },
  '90094': {
    sentence: 'the tenant wants an administrator to consent to this app',
    hint: 'let the administrator consent to IMAP.AccessAsUser.All for it (docs/oauth.md)',
  },
  '700016': {
    sentence: 'the tenant does not know this client_id',
    hint: 'check client_id and tenant under oauth in the config',
  },
  '7000218': {
    sentence: 'the app is not a public client',
    hint: 'allow public client flows for it (Authentication, Advanced settings), or give its client_secret',
  },
  '7000222': {
    sentence: 'the client secret of the app has expired',
    hint: 'make a new one at the provider and put it into the config',
  },
};

function networkReason(error: unknown): string {
  let deepest: unknown = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  const code = deepest instanceof Error && 'code' in deepest ? String(deepest.code) : '';
  const message = describeError(deepest);
  return printable((message === '' ? code : message).slice(0, 200));
}

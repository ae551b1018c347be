/**
 * Why a sign-in failed, with what the provider's users have to do about it. What the server says is quoted;
 * what was sent never is.
 */
import { AccountError, CredentialsError, type MailkeepError } from '../core/errors.js';
import { serverText } from './errors.js';
import { isNetease } from './netease.js';
import type { ImapSettings } from './settings.js';

interface SignInFailure {
  readonly authenticationFailed?: boolean;
  readonly responseText?: string;
  readonly response?: unknown;
  readonly message?: string;
  /** What the server said to an access token (RFC 7628 section 3.2.3), parsed from JSON. */
  readonly oauthError?: unknown;
}

/** null where the error is about something else than the credential. */
export function signInError(
  error: unknown,
  capabilities: ReadonlyMap<string, unknown>,
  settings: ImapSettings,
): MailkeepError | null {
  const failure = (error ?? {}) as SignInFailure;
  const where = `${settings.host}:${settings.port}`;
  if (/unsupported authentication mechanism/i.test(failure.message ?? '')) {
    return new CredentialsError(
      `${settings.account}: ${where} takes no OAuth2 sign-in (XOAUTH2 or OAUTHBEARER)`,
      {
        hint: 'use a password there, or check host in the config',
        cause: error,
      },
    );
  }
  if (failure.authenticationFailed !== true) return null;
  if (failure.response === undefined && capabilities.has('LOGINDISABLED'))
    return loginDisabled(capabilities, settings);
  const said = failure.responseText ?? (typeof failure.response === 'string' ? failure.response : '');
  const quoted = said.trim() === '' ? '' : ` ("${serverText(said)}")`;
  const token = settings.login.kind === 'token';
  return new CredentialsError(
    `${settings.account}: ${where} refused the ${token ? 'OAuth2 sign-in' : 'sign-in'} of ${settings.user}${quoted}${tokenError(failure.oauthError)}`,
    {
      hint: token ? tokenHint(said, failure.oauthError, settings) : passwordHint(said, settings.host),
      cause: error,
    },
  );
}

function loginDisabled(capabilities: ReadonlyMap<string, unknown>, settings: ImapSettings): AccountError {
  const offered = [...capabilities.keys()]
    .filter((name) => /^AUTH=/i.test(name))
    .map((name) => name.slice(5));
  const list = offered.length === 0 ? '' : `; it offers ${serverText(offered.join(', '))}`;
  return new AccountError(
    `${settings.account}: ${settings.host}:${settings.port} takes no password here (LOGINDISABLED)${list}`,
    {
      code: 'refused',
      hint:
        settings.tls === 'none'
          ? 'use tls: starttls or tls: implicit; many servers take passwords only over TLS'
          : 'mailkeep signs in with PLAIN, LOGIN, XOAUTH2 or OAUTHBEARER; allow one of them on the server',
    },
  );
}

/** `{"status":"invalid_token","schemes":"bearer","scope":"..."}`; Google's status is 400. */
function tokenError(said: unknown): string {
  if (typeof said !== 'object' || said === null) return '';
  const { status, scope } = said as { status?: unknown; scope?: unknown };
  const parts = [
    ...(typeof status === 'string' || typeof status === 'number'
      ? [`status ${serverText(String(status))}`]
      : []),
    ...(typeof scope === 'string' && scope !== '' ? [`it wants the scope ${serverText(scope)}`] : []),
  ];
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

const EXCHANGE = /(^|\.)(outlook|office365|hotmail|live|partner\.outlook)\.(com|cn|us)$/i;
const GOOGLE = /(^|\.)(gmail|googlemail)\.com$/i;

function tokenHint(said: string, oauthError: unknown, { account, user, host }: ImapSettings): string {
  const again = `run mailkeep auth ${account}`;
  if (/not connected/i.test(said))
    return `Exchange takes the token and has no mailbox for it: is IMAP switched on for ${user} (Set-CASMailbox -ImapEnabled), and is user the address of the mailbox? If it comes and goes, Exchange is throttling`;
  const scope = typeof oauthError === 'object' && oauthError !== null && 'scope' in oauthError;
  if (EXCHANGE.test(host))
    return `${again} as ${user}; if that does not help, the tenant may forbid IMAP, or the app lacks the permission IMAP.AccessAsUser.All (docs/oauth.md)`;
  if (GOOGLE.test(host))
    return `${again} as ${user}, and allow all that it asks for: the scope https://mail.google.com/ is needed`;
  return scope ? `${again}, with that scope among oauth.scopes` : `${again} as ${user}`;
}

function passwordHint(said: string, host: string): string {
  if (isNetease(host) || /(^|\.)(qq|foxmail)\.com$/i.test(host))
    return 'the password is the authorization code that the webmail shows under POP3/SMTP/IMAP, not that of the webmail';
  if (EXCHANGE.test(host)) return 'Exchange Online takes no passwords any more: use oauth (docs/oauth.md)';
  if (GOOGLE.test(host) || /application-specific password/i.test(said))
    return 'Google wants an app password (with 2-step verification) or oauth (docs/providers.md)';
  return 'check user and password; many providers want an app password for IMAP (docs/providers.md)';
}

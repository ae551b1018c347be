/**
 * Why a sign-in failed, with what the provider's users have to do about it. What the server says is quoted;
 * what was sent never is.
 */
import { AccountError, CredentialsError, type MailkeepError } from '../core/errors.js';
import { describeTokenFailure, passwordHint, tokenHint } from '../net/sign-in-hint.js';
import { serverText } from './errors.js';
import type { ImapSettings } from './settings.js';
import { CommandRefusedError } from './wire/errors.js';

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
    `${settings.account}: ${where} refused the ${token ? 'OAuth2 sign-in' : 'sign-in'} of ${settings.user}${quoted}${describeTokenFailure(failure.oauthError)}`,
    {
      hint: token
        ? tokenHint(said, failure.oauthError, settings, 'IMAP')
        : passwordHint(said, settings.host, 'IMAP'),
      cause: error,
    },
  );
}

/** The same where the server takes the credential, and says only to the first command that it is of no use. */
export function lateRefusal(error: unknown, settings: ImapSettings): MailkeepError | null {
  if (!isNotConnected(error)) return null;
  const response = error.text;
  return signInError({ authenticationFailed: true, response }, new Map(), settings);
}

/** Exchange lets a user in whose mailbox it can't open. */
export function isNotConnected(error: unknown): error is CommandRefusedError {
  return error instanceof CommandRefusedError && /authenticated but not connected/i.test(error.text);
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

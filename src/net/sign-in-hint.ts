/** What the users of a provider have to do about a sign-in that it refuses, and what it says to an access token. */
import { printable } from '../core/text/printable.js';
import { isExchange, isGoogle, isNetease, isTencent } from './hosts.js';
import type { ServerSettings } from './server-settings.js';

export type MailProtocol = 'IMAP' | 'POP3';

/** `said`: the server's own words. */
export function passwordHint(said: string, host: string, protocol: MailProtocol): string {
  if (isNetease(host) || isTencent(host))
    return 'the password is the authorization code that the webmail shows under POP3/SMTP/IMAP, not that of the webmail';
  if (isExchange(host)) return 'Exchange Online takes no passwords any more: use oauth (docs/oauth.md)';
  if (isGoogle(host) || /application-specific password/i.test(said))
    return 'Google wants an app password (with 2-step verification) or oauth (docs/providers.md)';
  return protocol === 'IMAP'
    ? 'check user and password; many providers want an app password for IMAP (docs/providers.md)'
    : 'check user and password; many providers want POP3 to be switched on and an app password (docs/providers.md)';
}

/** `failure`: what the server said to the token (RFC 7628 section 3.2.3), parsed from JSON. */
export function tokenHint(
  said: string,
  failure: unknown,
  { account, user, host }: Pick<ServerSettings, 'account' | 'user' | 'host'>,
  protocol: MailProtocol,
): string {
  const again = `run mailkeep auth ${account}`;
  const short = protocol === 'IMAP' ? 'IMAP' : 'POP';
  if (/not connected/i.test(said))
    return `Exchange takes the token and has no mailbox for it: is ${protocol} switched on for ${user} (Set-CASMailbox -${protocol === 'IMAP' ? 'Imap' : 'Pop'}Enabled), and is user the address of the mailbox? If it comes and goes, Exchange is throttling`;
  if (isExchange(host))
    return `${again} as ${user}; if that does not help, the tenant may forbid ${protocol}, or the app lacks the permission ${short}.AccessAsUser.All (docs/oauth.md)`;
  if (isGoogle(host))
    return `${again} as ${user}, and allow all that it asks for: the scope https://mail.google.com/ is needed`;
  const wantsScope = typeof failure === 'object' && failure !== null && 'scope' in failure;
  return wantsScope ? `${again}, with that scope among oauth.scopes` : `${again} as ${user}`;
}

/** `: status invalid_token, it wants the scope ...`, or nothing. Google's status is a number. */
export function describeTokenFailure(failure: unknown): string {
  if (typeof failure !== 'object' || failure === null) return '';
  const { status, scope } = failure as { status?: unknown; scope?: unknown };
  const bounded = (text: string) => printable(text.trim().slice(0, 300));
  const parts = [
    ...(typeof status === 'string' || typeof status === 'number'
      ? [`status ${bounded(String(status))}`]
      : []),
    ...(typeof scope === 'string' && scope !== '' ? [`it wants the scope ${bounded(scope)}`] : []),
  ];
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

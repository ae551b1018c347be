/**
 * Gmail's POP3 is no mailbox but a delivery: it lists about 250 conversations that no program has fetched yet, and
 * what was fetched in a session that ends with QUIT is never listed again (and archived or deleted at Gmail, if
 * the account's settings say so). Whatever goes wrong between the fetch and the disk would be lost to us. As
 * `recent:` user it lists the last 30 days of all mail, again and again; and a session that ends without QUIT
 * changes nothing there (support.google.com/a/answer/6089246).
 */
import { AccountError } from '../core/errors.js';
import { isGoogle } from '../net/hosts.js';
import type { Capabilities } from './capabilities.js';
import type { Pop3Settings } from './settings.js';

export function isGmail({ host }: Pop3Settings, capabilities: Capabilities): boolean {
  return isGoogle(host) || capabilities.has('X-GOOGLE-RICO');
}

/** Throws AccountError for a user that would be shown each message once. */
export function assertRecentMode({ account, user }: Pop3Settings): void {
  if (/^recent:/i.test(user)) return;
  throw new AccountError(
    `${account}: over POP3 Gmail shows each message once, to whichever program comes first; that is nothing to make a backup from`,
    {
      code: 'refused',
      hint: `nothing was sent; use protocol: imap, which shows everything, or user: "recent:${user}" for the last 30 days`,
    },
  );
}

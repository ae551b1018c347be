/**
 * 163.com, 126.com and yeah.net (NetEase) refuse every mailbox with "Unsafe Login" to a client that has not sent
 * ID (RFC 2971) behind its sign-in. imapflow sends it ahead of it, and once more only if the answer was empty.
 * An account whose sign-in by password is not allowed gets the same words whatever it sends.
 */
import type { ImapFlow } from 'imapflow';
import { CredentialsError } from '../core/errors.js';
import { isNetease } from '../net/hosts.js';
import { serverText } from './errors.js';
import type { ImapSettings } from './settings.js';

const UNSAFE = /unsafe login/i;

/** Says who we are, once signed in; on other servers nothing happens. Coremail is what NetEase sells to others. */
export async function identify(client: ImapFlow, host: string): Promise<void> {
  const coremail = /coremail/i.test(`${client.serverInfo?.name}`);
  if ((!isNetease(host) && !coremail) || !client.capabilities.has('ID')) return;
  await (client as unknown as Runs).run('ID', client.clientInfo);
}

/** Throws CredentialsError where the server lets us in and shows nothing. One round trip, only at NetEase. */
export async function assertNotUnsafe(client: ImapFlow, settings: ImapSettings): Promise<void> {
  if (!isNetease(settings.host)) return;
  try {
    await client.mailboxOpen('INBOX', { readOnly: true });
    await client.mailboxClose();
  } catch (error) {
    const said = (error as { responseText?: string }).responseText ?? '';
    if (!UNSAFE.test(said)) throw error;
    throw new CredentialsError(
      `${settings.account}: ${settings.host} lets ${settings.user} sign in, and refuses its mailboxes ("${serverText(said)}")`,
      {
        hint: 'switch IMAP on in the settings of the webmail (POP3/SMTP/IMAP), and use the authorization code it shows as password',
        cause: error,
      },
    );
  }
}

/** What imapflow has and does not declare. */
interface Runs {
  run(command: 'ID', info: object): Promise<unknown>;
}

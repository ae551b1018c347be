/**
 * What `provider: NAME` fills in where the account says nothing itself: addresses, TLS and the limits
 * beyond which the provider locks the account. What a provider's server does oddly is the IMAP adapter's
 * concern, not the configuration's.
 */
import type { RateLimit } from '../core/byte-budget.js';
import type { TlsMode } from './config.js';

export const PROVIDER_NAMES = [
  'gmail',
  'outlook',
  'yahoo',
  'icloud',
  'fastmail',
  'gmx',
  'proton-bridge',
  'qq',
  '163',
] as const;

export type ProviderName = (typeof PROVIDER_NAMES)[number];

export interface ProviderProfile {
  readonly imap: Endpoint;
  /** null: the provider has no POP3. */
  readonly pop3: Endpoint | null;
  readonly connections: number;
  readonly rateLimit: RateLimit | null;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
}

export const DEFAULT_CONNECTIONS = 2;

const DAY_MS = 86_400_000;

export const PROVIDERS: Readonly<Record<ProviderName, ProviderProfile>> = {
  gmail: {
    imap: imap('imap.gmail.com'),
    pop3: pop3('pop.gmail.com'),
    connections: 4,
    // IMAP is suspended for up to 24 hours beyond 2,500 MB a day.
    rateLimit: { bytes: 2_000_000_000, perMs: DAY_MS },
  },
  outlook: profile(imap('outlook.office365.com'), pop3('outlook.office365.com')),
  // imap.mail.yahoo.com shows only the newest 10,000 messages of a mailbox. This one shows all, but
  // takes no mail: a restore needs an account with `host: imap.mail.yahoo.com`.
  yahoo: profile(imap('export.imap.mail.yahoo.com'), pop3('pop.mail.yahoo.com')),
  icloud: { ...profile(imap('imap.mail.me.com'), null), connections: 1 },
  fastmail: profile(imap('imap.fastmail.com'), pop3('pop.fastmail.com')),
  gmx: profile(imap('imap.gmx.net'), pop3('pop.gmx.net')),
  'proton-bridge': profile({ host: '127.0.0.1', port: 1143, tls: 'starttls' }, null),
  qq: { ...profile(imap('imap.qq.com'), pop3('pop.qq.com')), connections: 1 },
  '163': { ...profile(imap('imap.163.com'), pop3('pop.163.com')), connections: 1 },
};

function profile(imapEndpoint: Endpoint, pop3Endpoint: Endpoint | null): ProviderProfile {
  return { imap: imapEndpoint, pop3: pop3Endpoint, connections: DEFAULT_CONNECTIONS, rateLimit: null };
}

function imap(host: string): Endpoint {
  return { host, port: 993, tls: 'implicit' };
}

function pop3(host: string): Endpoint {
  return { host, port: 995, tls: 'implicit' };
}

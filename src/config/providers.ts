/**
 * What `provider: NAME` fills in where the account says nothing itself: addresses, TLS, the limits beyond which
 * the provider locks the account, and mailboxes that only show again what is elsewhere. The limits and mailboxes
 * also hold for an account that names the provider's host instead. What a server does oddly is the IMAP adapter's
 * concern. docs/providers.md tells where each of these comes from.
 */
import type { RateLimit } from '../core/byte-budget.js';
import type { TlsMode } from './config.js';

export const PROVIDER_NAMES = [
  'gmail',
  'outlook',
  'yahoo',
  'aol',
  'icloud',
  'fastmail',
  'gmx',
  'web.de',
  'proton-bridge',
  'qq',
  '163',
  '126',
] as const;

export type ProviderName = (typeof PROVIDER_NAMES)[number];

export interface ProviderProfile {
  readonly imap: Endpoint;
  /** null: the provider has no POP3. */
  readonly pop3: Endpoint | null;
  readonly connections: number;
  readonly rateLimit: RateLimit | null;
  /** Over POP3, where that is another one. */
  readonly pop3RateLimit?: RateLimit;
  /** Mailboxes to leave out, as `folders.exclude` has them. */
  readonly exclude: readonly string[];
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
    ...profile(imap('imap.gmail.com'), pop3('pop.gmail.com')),
    connections: 4,
    // IMAP is suspended for up to 24 hours beyond 2,500 MB a day, POP3 beyond 1,250 MB.
    rateLimit: { bytes: 2_000_000_000, perMs: DAY_MS },
    pop3RateLimit: { bytes: 1_000_000_000, perMs: DAY_MS },
  },
  outlook: profile(imap('outlook.office365.com'), pop3('outlook.office365.com')),
  // imap.mail.yahoo.com shows only the newest 10,000 messages of a mailbox. This one shows all, but
  // takes no mail: a restore needs an account with `host: imap.mail.yahoo.com`.
  yahoo: profile(imap('export.imap.mail.yahoo.com'), pop3('pop.mail.yahoo.com')),
  aol: profile(imap('export.imap.aol.com'), pop3('pop.aol.com')),
  icloud: { ...profile(imap('imap.mail.me.com'), null), connections: 1 },
  fastmail: profile(imap('imap.fastmail.com'), pop3('pop.fastmail.com')),
  gmx: profile(imap('imap.gmx.net'), pop3('pop.gmx.net')),
  'web.de': profile(imap('imap.web.de'), pop3('pop3.web.de')),
  // The bridge shows every message in All Mail once more, with no identity that would tell so.
  'proton-bridge': {
    ...profile({ host: '127.0.0.1', port: 1143, tls: 'starttls' }, null),
    exclude: ['All Mail'],
  },
  qq: { ...profile(imap('imap.qq.com'), pop3('pop.qq.com')), connections: 1 },
  '163': { ...profile(imap('imap.163.com'), pop3('pop.163.com')), connections: 1 },
  '126': { ...profile(imap('imap.126.com'), pop3('pop.126.com')), connections: 1 },
};

/** Of a host that is given without `provider`; null: nobody that is known. Loopback hosts are anybody's. */
export function providerOfHost(host: string): ProviderName | null {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name === 'imap.googlemail.com') return 'gmail';
  const ofProfile = PROVIDER_NAMES.find(
    (candidate) =>
      candidate !== 'proton-bridge' &&
      [PROVIDERS[candidate].imap.host, PROVIDERS[candidate].pop3?.host].includes(name),
  );
  return ofProfile ?? null;
}

function profile(imapEndpoint: Endpoint, pop3Endpoint: Endpoint | null): ProviderProfile {
  return {
    imap: imapEndpoint,
    pop3: pop3Endpoint,
    connections: DEFAULT_CONNECTIONS,
    rateLimit: null,
    exclude: [],
  };
}

function imap(host: string): Endpoint {
  return { host, port: 993, tls: 'implicit' };
}

function pop3(host: string): Endpoint {
  return { host, port: 995, tls: 'implicit' };
}

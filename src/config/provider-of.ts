/** The provider behind a mail address, by its domain; null where it is none that mailkeep knows. */
import type { ProviderName } from './providers.js';

const DOMAINS: readonly (readonly [RegExp, ProviderName])[] = [
  [/^(gmail|googlemail)\.com$/, 'gmail'],
  [/^(outlook|hotmail|live|msn)\.[a-z.]{2,6}$/, 'outlook'],
  [/^(yahoo\.[a-z.]{2,6}|ymail\.com|rocketmail\.com)$/, 'yahoo'],
  [/^(icloud|me|mac)\.com$/, 'icloud'],
  [/^fastmail\.(com|fm)$/, 'fastmail'],
  [/^gmx\.[a-z]{2,3}$/, 'gmx'],
  [/^(proton\.me|protonmail\.com|protonmail\.ch|pm\.me)$/, 'proton-bridge'],
  [/^(vip\.)?qq\.com$|^foxmail\.com$/, 'qq'],
  [/^163\.com$/, '163'],
  [/^126\.com$/, '126'],
  [/^aol\.(com|[a-z]{2})$|^aim\.com$/, 'aol'],
  [/^web\.de$/, 'web.de'],
];

export function providerOf(address: string): ProviderName | null {
  const domain = domainOf(address).toLowerCase();
  return DOMAINS.find(([pattern]) => pattern.test(domain))?.[1] ?? null;
}

const EXCHANGERS: readonly (readonly [RegExp, ProviderName])[] = [
  [/(^|\.)(google|googlemail)\.com$/, 'gmail'],
  [/\.(protection\.outlook|olc\.protection\.outlook)\.com$/, 'outlook'],
  [/\.yahoodns\.net$/, 'yahoo'],
  [/\.icloud\.com$/, 'icloud'],
  [/\.messagingengine\.com$/, 'fastmail'],
  [/\.protonmail\.ch$/, 'proton-bridge'],
];

/** The provider behind a domain of somebody's own, by the host of its MX record. */
export function providerOfExchanger(host: string): ProviderName | null {
  return EXCHANGERS.find(([pattern]) => pattern.test(host))?.[1] ?? null;
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** What a person has to know before the first sign-in; null where a plain password does. */
export function signInAdvice(provider: ProviderName | null): string | null {
  if (provider === null) return null;
  return ADVICE[provider] ?? null;
}

const ADVICE: Partial<Record<ProviderName, string>> = {
  gmail: 'Google wants an app password: https://myaccount.google.com/apppasswords',
  outlook: 'Microsoft wants OAuth2 for most accounts; a plain password is usually refused',
  yahoo: 'Yahoo wants an app password, from the security page of the account',
  icloud: 'Apple wants an app-specific password: https://account.apple.com',
  fastmail: 'Fastmail wants an app password, from Settings, Privacy & Security',
  gmx: 'IMAP has to be switched on in the settings of GMX first',
  'proton-bridge': 'the password is the one that Proton Mail Bridge shows, and the bridge has to run',
  qq: 'the password is the authorization code from the settings of QQ Mail',
  '163': 'the password is the authorization code from the settings of 163 Mail',
  '126': 'the password is the authorization code from the settings of 126 Mail',
  aol: 'AOL wants an app password, from the security page of the account',
  'web.de': 'IMAP has to be switched on in the settings of WEB.DE first',
};

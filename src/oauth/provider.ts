/**
 * Where an account signs in: the endpoints and scopes of Google and Microsoft, or what the config says. Nothing is
 * asked of a network here.
 */
import type { OAuthReference } from '../core/ports/credential.js';

export interface OAuthPlace {
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly deviceEndpoint: string | null;
  /** Whose metadata fills in what is null above (RFC 8414, OpenID Connect Discovery); null: nobody's. */
  readonly discover: string | null;
  readonly issuer: string;
  readonly scopes: readonly string[];
  /** Further parameters of the authorization request. */
  readonly extra: Readonly<Record<string, string>>;
  /** Google knows a desktop's redirect by address, Microsoft by name (and any port with either). */
  readonly redirectHost: '127.0.0.1' | 'localhost';
}

export type MailProtocol = 'imap' | 'pop3';

export function placeOf(reference: OAuthReference, protocol: MailProtocol): OAuthPlace {
  const base = baseOf(reference, protocol);
  return {
    ...base,
    authorizationEndpoint: reference.authorizationEndpoint ?? base.authorizationEndpoint,
    tokenEndpoint: reference.tokenEndpoint ?? base.tokenEndpoint,
    deviceEndpoint: reference.deviceAuthorizationEndpoint ?? base.deviceEndpoint,
    scopes: reference.scopes ?? base.scopes,
  };
}

function baseOf(reference: OAuthReference, protocol: MailProtocol): OAuthPlace {
  switch (reference.provider) {
    case 'google':
      return {
        authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
        tokenEndpoint: 'https://oauth2.googleapis.com/token',
        // Google's device flow knows no scope for mail.
        deviceEndpoint: null,
        discover: null,
        issuer: 'https://accounts.google.com',
        scopes: ['https://mail.google.com/'],
        // Without both, a second sign-in gets no refresh token.
        extra: { access_type: 'offline', prompt: 'consent' },
        redirectHost: '127.0.0.1',
      };
    case 'microsoft': {
      const tenant = `https://login.microsoftonline.com/${encodeURIComponent(reference.tenant ?? 'common')}`;
      const right = protocol === 'pop3' ? 'POP.AccessAsUser.All' : 'IMAP.AccessAsUser.All';
      return {
        authorizationEndpoint: `${tenant}/oauth2/v2.0/authorize`,
        tokenEndpoint: `${tenant}/oauth2/v2.0/token`,
        deviceEndpoint: `${tenant}/oauth2/v2.0/devicecode`,
        discover: null,
        issuer: `${tenant}/v2.0`,
        scopes: [`https://outlook.office.com/${right}`, 'offline_access'],
        extra: {},
        redirectHost: 'localhost',
      };
    }
    case 'custom':
      return {
        authorizationEndpoint: null,
        tokenEndpoint: null,
        deviceEndpoint: null,
        discover: reference.issuer,
        issuer: reference.issuer ?? new URL(reference.tokenEndpoint ?? 'https://nowhere.invalid').origin,
        scopes: ['offline_access'],
        extra: {},
        redirectHost: '127.0.0.1',
      };
  }
}

/**
 * openid-client, set up for one account. Plain http is only for a provider on this machine, which the config
 * checks; every request ends after 30 seconds or with the signal.
 */
import type { Configuration, ServerMetadata } from 'openid-client';
import { CredentialsError } from '../core/errors.js';
import type { OAuthReference } from '../core/ports/credential.js';
import { type MailProtocol, type OAuthPlace, placeOf } from './provider.js';

export interface OAuthSettings {
  readonly account: string;
  readonly user: string;
  readonly protocol: MailProtocol;
  readonly reference: OAuthReference;
  /** Where the tokens are kept. */
  readonly file: string;
  /** Asked each time; null for a public client. */
  readonly clientSecret: (signal: AbortSignal) => Promise<string | null>;
  readonly clock: () => number;
}

export interface OAuthClient {
  /** The library, loaded when it is first needed. */
  readonly library: typeof import('openid-client');
  readonly configuration: Configuration;
  readonly place: OAuthPlace;
}

const TIMEOUT_S = 30;

/** Throws what openid-client throws, and CredentialsError where an endpoint is missing. */
export async function oauthClient(settings: OAuthSettings, signal: AbortSignal): Promise<OAuthClient> {
  const library = await import('openid-client');
  const { reference } = settings;
  const place = placeOf(reference, settings.protocol);
  const secret = await settings.clientSecret(signal);
  const authentication = secret === null ? library.None() : library.ClientSecretPost(secret);
  const known = await discovered(library, place, reference.clientId, signal);
  const metadata: ServerMetadata = {
    ...known,
    issuer: known?.issuer ?? place.issuer,
    ...(place.authorizationEndpoint === null ? {} : { authorization_endpoint: place.authorizationEndpoint }),
    ...(place.tokenEndpoint === null ? {} : { token_endpoint: place.tokenEndpoint }),
    ...(place.deviceEndpoint === null ? {} : { device_authorization_endpoint: place.deviceEndpoint }),
  };
  if (metadata.token_endpoint === undefined) {
    throw new CredentialsError(`${settings.account}: the OAuth2 provider names no token endpoint`, {
      hint: 'give token_endpoint under oauth in the config',
    });
  }
  const configuration = new library.Configuration(metadata, reference.clientId, undefined, authentication);
  configuration.timeout = TIMEOUT_S;
  configuration[library.customFetch] = (url, options) =>
    fetch(url, { ...options, signal: both(options.signal, signal) } as RequestInit);
  if (isLocal(metadata.token_endpoint)) library.allowInsecureRequests(configuration);
  return { library, configuration, place };
}

async function discovered(
  library: OAuthClient['library'],
  place: OAuthPlace,
  clientId: string,
  signal: AbortSignal,
): Promise<ServerMetadata | null> {
  if (place.discover === null) return null;
  const found = await library.discovery(new URL(place.discover), clientId, undefined, library.None(), {
    timeout: TIMEOUT_S,
    [library.customFetch]: (url, options) =>
      fetch(url, { ...options, signal: both(options.signal, signal) } as RequestInit),
    ...(isLocal(place.discover) ? { execute: [library.allowInsecureRequests] } : {}),
  });
  return found.serverMetadata();
}

function isLocal(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1');
}

function both(own: AbortSignal | null | undefined, given: AbortSignal): AbortSignal {
  return own === undefined || own === null ? given : AbortSignal.any([own, given]);
}

/**
 * How an account proves who it is, as the configuration says it: a reference, not the secret. It is
 * resolved at the moment of the sign-in, so a rotated password counts from the next run and a config
 * held in memory or logged gives nothing away. File paths are absolute.
 */
import type { Secret } from '../secret.js';

/** A reference that resolves to one text. */
export type SecretReference =
  | { readonly kind: 'password'; readonly value: Secret }
  /** Run without a shell, in `folder`; the first word is the program. */
  | { readonly kind: 'command'; readonly words: readonly string[]; readonly folder: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  /** A file of that name in systemd's $CREDENTIALS_DIRECTORY. */
  | { readonly kind: 'credential'; readonly name: string }
  /** An entry of the desktop's keyring. */
  | { readonly kind: 'keyring'; readonly service: string; readonly account: string };

export interface OAuthReference {
  readonly kind: 'oauth';
  readonly provider: 'google' | 'microsoft' | 'custom';
  readonly clientId: string;
  /** null for a public client, which has none. */
  readonly clientSecret: SecretReference | null;
  /** Microsoft's directory; null means "common". */
  readonly tenant: string | null;
  /** null: the provider's own. Of a custom provider either the issuer or the token endpoint is set. */
  readonly issuer: string | null;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly deviceAuthorizationEndpoint: string | null;
  /** null: what the provider needs for mail. */
  readonly scopes: readonly string[] | null;
}

export type CredentialReference = SecretReference | OAuthReference;

/** What a sign-in proves itself with; asked for at each connection, never kept. */
export type Login =
  | { readonly kind: 'password'; readonly ask: (signal: AbortSignal) => Promise<string> }
  /** An OAuth2 access token; another one than the server has just refused. */
  | {
      readonly kind: 'token';
      readonly ask: (signal: AbortSignal, refused: string | null) => Promise<string>;
    };

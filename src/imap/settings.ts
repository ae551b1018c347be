/** How to reach one account's server. */
import type { Secret } from '../core/secret.js';
import type { CertificateFacts } from '../net/certificate.js';
import type { TlsTrust } from '../net/tls-trust.js';

export interface ImapSettings {
  readonly account: string;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly trust: TlsTrust;
  /** The URL of an HTTP or SOCKS proxy, which may hold a password; null: none. */
  readonly proxy: Secret | null;
  readonly user: string;
  readonly login: Login;
  readonly engine: 'wire' | 'imapflow';
  readonly compress: boolean;
  readonly connections: number;
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly silenceTimeout: number;
  readonly connectTimeout: number;
  /** Hears what the server's certificate says, at every connection with TLS. */
  readonly onCertificate?: (facts: CertificateFacts) => void;
}

/** What the sign-in proves itself with; asked at each connection, never kept. */
export type Login =
  | { readonly kind: 'password'; readonly ask: (signal: AbortSignal) => Promise<string> }
  /** An OAuth2 access token; another one than the server has just refused. */
  | {
      readonly kind: 'token';
      readonly ask: (signal: AbortSignal, refused: string | null) => Promise<string>;
    };

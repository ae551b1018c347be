/** How to reach one account's server and to sign in there, the same for IMAP and POP3. */
import type { Login } from '../core/ports/credential.js';
import type { Secret } from '../core/secret.js';
import type { CertificateFacts } from './certificate.js';
import type { TlsTrust } from './tls-trust.js';

export interface ServerSettings {
  readonly account: string;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly trust: TlsTrust;
  /** The URL of an HTTP or SOCKS proxy, which may hold a password; null: none. */
  readonly proxy: Secret | null;
  readonly user: string;
  readonly login: Login;
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly silenceTimeout: number;
  /** Milliseconds that each step on the way to the server may take. */
  readonly connectTimeout: number;
  /** Hears what the server's certificate says, at every connection with TLS. */
  readonly onCertificate?: (facts: CertificateFacts) => void;
}

/** Who is spoken to, for messages. */
export type ServerPlace = Pick<ServerSettings, 'account' | 'host' | 'port'>;

/** How to reach one account's server. */
export interface ImapSettings {
  readonly account: string;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** PEM of an extra certificate authority, or null. */
  readonly ca: string | null;
  readonly user: string;
  /** Asked at each connection, never kept. */
  readonly password: (signal: AbortSignal) => Promise<string>;
  readonly engine: 'wire' | 'imapflow';
  readonly compress: boolean;
  readonly connections: number;
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly silenceTimeout: number;
  readonly connectTimeout: number;
}

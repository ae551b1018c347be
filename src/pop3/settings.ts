/** How to reach one account's POP3 server. */
export interface Pop3Settings {
  readonly account: string;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** PEM of an extra certificate authority, or null. */
  readonly ca: string | null;
  readonly user: string;
  /** Asked at each connection, never kept. */
  readonly password: (signal: AbortSignal) => Promise<string>;
  /** Whether stored messages may be deleted from the server. */
  readonly mayDelete: boolean;
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly silenceTimeout: number;
  readonly connectTimeout: number;
  /** Hears of what the server does wrong and what it costs. */
  readonly warn: (message: string) => void;
  /** Milliseconds since 1970, for messages that tell no date. */
  readonly clock: () => number;
}

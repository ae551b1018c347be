/**
 * The configuration as the rest of the program sees it: every default filled in, every path absolute,
 * durations in milliseconds, sizes in bytes, per-account values merged with the top level. Secrets are
 * references or wrapped, so a whole Config may be logged.
 */

import type { RateLimit } from '../core/byte-budget.js';
import type { AlertEvent } from '../core/daemon/alert.js';
import type { CredentialReference, SecretReference } from '../core/ports/credential.js';
import type { Secret } from '../core/secret.js';
import type { ProviderName } from './providers.js';

export interface Config {
  /** The file it came from, as it was named. */
  readonly file: string;
  readonly dataDir: string;
  /** Cron expression of five or six fields; null: off. Accounts hold their own, merged value. */
  readonly schedule: string | null;
  /** IANA name; null: the machine's own, which is asked for where it counts: that takes longer than all of this. */
  readonly timezone: string | null;
  /** Most accounts synced at once. */
  readonly concurrency: number;
  readonly log: { readonly level: LogLevel; readonly format: 'auto' | 'json' | 'pretty' };
  /** null: no HTTP server. */
  readonly http: { readonly listen: ListenAddress } | null;
  readonly retention: Retention;
  readonly guard: Guard;
  readonly notify: readonly NotifyConfig[];
  /** null: never stale. */
  readonly staleAfterMs: number | null;
  /** How long runs must have gone wrong before a person hears of it. */
  readonly failureAfterMs: number;
  readonly drill: Drill | null;
  readonly accounts: readonly AccountConfig[];
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** How long mail that left the server is kept under removed/. */
export interface Retention {
  readonly removed: 'forever' | { readonly ms: number };
}

export interface Guard {
  readonly maxRemovedPercent: number;
  readonly minMessages: number;
}

/** A scheduled rehearsal: messages drawn at random are read back from the archive and verified. */
export interface Drill {
  readonly schedule: string | null;
  /** Messages per rehearsal. */
  readonly sample: number;
}

export type NotifyConfig =
  | { readonly type: 'webhook'; readonly url: Secret; readonly on: readonly AlertEvent[] }
  | {
      readonly type: 'email';
      readonly smtp: SmtpConfig;
      readonly from: string;
      readonly to: readonly string[];
      readonly on: readonly AlertEvent[];
    }
  | { readonly type: 'ping'; readonly url: Secret };

export type TlsMode = 'implicit' | 'starttls' | 'none';

export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly tlsCaFile: string | null;
  /** null: a relay that asks for no sign-in. */
  readonly login: { readonly user: string; readonly password: SecretReference } | null;
}

export interface AccountConfig {
  readonly name: string;
  readonly enabled: boolean;
  readonly protocol: 'imap' | 'pop3';
  readonly provider: ProviderName | null;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** Only with it may `tls: none` reach beyond the loopback. */
  readonly allowInsecure: boolean;
  readonly tlsCaFile: string | null;
  /** SHA-256 of the server's certificate, as Node's `fingerprint256` writes it: "AB:CD:..." */
  readonly tlsFingerprint: string | null;
  readonly tlsMinVersion: 'TLSv1.2' | 'TLSv1.3';
  /** A client certificate; both paths or neither. */
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  /** A URL, wrapped because it may hold a password. */
  readonly proxy: Secret | null;
  readonly user: string;
  readonly credential: CredentialReference;
  /** Globs for core/mailbox/mailbox-glob.ts. */
  readonly folders: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly schedule: string | null;
  readonly timezone: string | null;
  readonly retention: Retention;
  readonly guard: Guard;
  readonly staleAfterMs: number | null;
  readonly failureAfterMs: number;
  readonly drill: Drill | null;
  /** Mailboxes to watch in the daemon (`watch: true` is INBOX); empty: none. */
  readonly watch: readonly string[];
  readonly connections: number;
  readonly rateLimit: RateLimit | null;
  readonly engine: 'wire' | 'imapflow';
  readonly compress: 'auto' | 'on' | 'off';
  /** How long fetched mail stays on a POP3 server; null: it is never deleted there. */
  readonly pop3: { readonly deleteAfterMs: number | null };
}

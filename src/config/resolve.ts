/**
 * From the file's checked values to the Config the program runs on: defaults, merges of the top level
 * into the accounts, absolute paths. Total: what could be wrong was refused before.
 */
import { join, resolve as resolvePath } from 'node:path';
import type { RateLimit } from '../core/byte-budget.js';
import { ALERT_EVENTS } from '../core/daemon/alert.js';
import type { CredentialReference, SecretReference } from '../core/ports/credential.js';
import type { Secret } from '../core/secret.js';
import type {
  AccountConfig,
  Config,
  Drill,
  Guard,
  ListenAddress,
  NotifyConfig,
  Retention,
  SmtpConfig,
  TlsMode,
} from './config.js';
import { DEFAULT_CONNECTIONS, PROVIDERS, type ProviderProfile, providerOfHost } from './providers.js';
import type { CheckedAccount, CheckedConfig, CheckedOAuth, CheckedSmtp } from './schema.js';

export interface ResolveContext {
  readonly file: string;
  /** The config file's folder, absolute. */
  readonly folder: string;
  /** For paths that begin with "~/"; null when there is none. */
  readonly home: string | null;
  /** Absolute. Of override, file and fallback the first that is there counts. */
  readonly dataDir: { readonly override: string | null; readonly fallback: string | null };
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const IMAP_PORTS: Readonly<Record<TlsMode, number>> = { implicit: 993, starttls: 143, none: 143 };
const POP3_PORTS: Readonly<Record<TlsMode, number>> = { implicit: 995, starttls: 110, none: 110 };
const SMTP_PORTS: Readonly<Record<TlsMode, number>> = { implicit: 465, starttls: 587, none: 25 };

export function resolveConfig(checked: CheckedConfig, context: ResolveContext): Config {
  const shared: Shared = {
    schedule: orDefault(checked.schedule, '*/15 * * * *'),
    timezone: checked.timezone ?? null,
    retention: retention(checked.retention, { removed: 'forever' }),
    guard: guard(checked.guard, { maxRemovedPercent: 50, minMessages: 100 }),
    staleAfterMs: orDefault(checked.stale_after, DAY_MS),
    failureAfterMs: checked.failure_after ?? 5 * MINUTE_MS,
    drill: drill(checked.drill, null),
  };
  return {
    ...shared,
    file: context.file,
    dataDir: dataDir(checked.data_dir, context),
    concurrency: checked.concurrency ?? 4,
    log: { level: checked.log?.level ?? 'info', format: checked.log?.format ?? 'auto' },
    http: checked.http ? { listen: listen(checked.http.listen, context) } : null,
    notify: (checked.notify ?? []).map((entry) => notify(entry, context)),
    accounts: checked.accounts.map((account) => resolveAccount(account, shared, context)),
  };
}

function dataDir(own: string | undefined, context: ResolveContext): string {
  const { override, fallback } = context.dataDir;
  if (override !== null) return override;
  return own === undefined ? (fallback ?? unreachable('data_dir')) : absolute(own, context);
}

/** What the top level says and an account may say otherwise. */
type Shared = Pick<
  Config,
  'schedule' | 'timezone' | 'retention' | 'guard' | 'staleAfterMs' | 'failureAfterMs' | 'drill'
>;

function resolveAccount(account: CheckedAccount, shared: Shared, context: ResolveContext): AccountConfig {
  const protocol = account.protocol ?? 'imap';
  const profile = account.provider === undefined ? null : PROVIDERS[account.provider];
  // The profile's port and TLS belong to its host, not to another.
  const endpoint = account.host === undefined ? (profile?.[protocol] ?? null) : null;
  const known = account.provider ?? (account.host === undefined ? null : providerOfHost(account.host));
  const limits = known === null ? null : PROVIDERS[known];
  const tls = account.tls ?? endpoint?.tls ?? 'implicit';
  const ports = protocol === 'imap' ? IMAP_PORTS : POP3_PORTS;
  const profilePort = endpoint?.tls === tls ? endpoint.port : undefined;
  const optionalPath = (path: string | undefined) => (path === undefined ? null : absolute(path, context));
  return {
    name: account.name,
    enabled: account.enabled ?? true,
    protocol,
    provider: account.provider ?? null,
    host: account.host ?? endpoint?.host ?? unreachable('host'),
    port: account.port ?? profilePort ?? ports[tls],
    tls,
    allowInsecure: account.allow_insecure ?? false,
    tlsCaFile: optionalPath(account.tls_ca_file),
    tlsFingerprint: account.tls_fingerprint ?? null,
    tlsMinVersion: account.tls_min_version ?? 'TLSv1.2',
    tlsCertFile: optionalPath(account.tls_cert_file),
    tlsKeyFile: optionalPath(account.tls_key_file),
    proxy: account.proxy ?? null,
    user: account.user,
    credential: credential(account, context),
    folders: {
      include: account.folders?.include ?? ['*'],
      exclude: account.folders?.exclude ?? limits?.exclude ?? [],
    },
    schedule: orDefault(account.schedule, shared.schedule),
    timezone: account.timezone ?? shared.timezone,
    retention: retention(account.retention, shared.retention),
    guard: guard(account.guard, shared.guard),
    staleAfterMs: orDefault(account.stale_after, shared.staleAfterMs),
    failureAfterMs: account.failure_after ?? shared.failureAfterMs,
    drill: drill(account.drill, shared.drill),
    watch: account.watch === true ? ['INBOX'] : account.watch || [],
    connections: account.connections ?? limits?.connections ?? DEFAULT_CONNECTIONS,
    rateLimit: account.rate_limit ?? usualRateLimit(limits, protocol),
    engine: account.engine ?? 'wire',
    compress: account.compress ?? 'auto',
    pop3: { deleteAfterMs: account.pop3?.delete_after ?? null },
  };
}

/** `null` is a value ("off"); only what isn't there has a default. */
function orDefault<Value>(value: Value | undefined, fallback: Value): Value {
  return value === undefined ? fallback : value;
}

function retention(own: CheckedConfig['retention'], fallback: Retention): Retention {
  return { removed: own?.removed ?? fallback.removed };
}

function guard(own: CheckedConfig['guard'], fallback: Guard): Guard {
  return {
    maxRemovedPercent: own?.max_removed_percent ?? fallback.maxRemovedPercent,
    minMessages: own?.min_messages ?? fallback.minMessages,
  };
}

function drill(own: CheckedConfig['drill'], fallback: Drill | null): Drill | null {
  if (!own) return fallback;
  return {
    schedule: orDefault(own.schedule, fallback?.schedule ?? null),
    sample: own.sample ?? fallback?.sample ?? 50,
  };
}

function listen(address: ListenAddress, context: ResolveContext): ListenAddress {
  return address.kind === 'unix' ? { kind: 'unix', path: absolute(address.path, context) } : address;
}

function notify(entry: NonNullable<CheckedConfig['notify']>[number], context: ResolveContext): NotifyConfig {
  if (entry.type === 'ping') return { type: 'ping', url: entry.url };
  const on = entry.on ?? ALERT_EVENTS;
  if (entry.type === 'webhook') return { type: 'webhook', url: entry.url, on };
  return { type: 'email', smtp: smtp(entry.smtp, context), from: entry.from, to: entry.to, on };
}

function smtp(checked: CheckedSmtp, context: ResolveContext): SmtpConfig {
  const tls = checked.tls ?? 'implicit';
  const password = secretReference(passwordKeys(checked), checked.user ?? '', context);
  const login = checked.user === undefined || password === null ? null : { user: checked.user, password };
  return {
    host: checked.host,
    port: checked.port ?? SMTP_PORTS[tls],
    tls,
    tlsCaFile: checked.tls_ca_file === undefined ? null : absolute(checked.tls_ca_file, context),
    login,
  };
}

function credential(account: CheckedAccount, context: ResolveContext): CredentialReference {
  if (account.oauth) return oauth(account.oauth, account.user, context);
  return secretReference(passwordKeys(account), account.user, context) ?? unreachable('credential');
}

function oauth(checked: CheckedOAuth, user: string, context: ResolveContext): CredentialReference {
  const secretKeys: SecretKeys = {
    value: checked.client_secret,
    file: checked.client_secret_file,
    command: checked.client_secret_command,
    env: checked.client_secret_env,
    credential: checked.client_secret_credential,
    keyring: checked.client_secret_keyring,
  };
  return {
    kind: 'oauth',
    provider: checked.provider,
    clientId: checked.client_id,
    clientSecret: secretReference(secretKeys, user, context),
    tenant: checked.tenant ?? null,
    issuer: checked.issuer ?? null,
    authorizationEndpoint: checked.authorization_endpoint ?? null,
    tokenEndpoint: checked.token_endpoint ?? null,
    deviceAuthorizationEndpoint: checked.device_authorization_endpoint ?? null,
    scopes: checked.scopes ?? null,
  };
}

interface SecretKeys {
  readonly value: Secret | undefined;
  readonly file: string | undefined;
  readonly command: readonly string[] | undefined;
  readonly env: string | undefined;
  readonly credential: string | undefined;
  readonly keyring: CheckedAccount['password_keyring'];
}

function passwordKeys(checked: CheckedAccount | CheckedSmtp): SecretKeys {
  return {
    value: checked.password,
    file: checked.password_file,
    command: checked.password_command,
    env: checked.password_env,
    credential: checked.password_credential,
    keyring: checked.password_keyring,
  };
}

function secretReference(keys: SecretKeys, user: string, context: ResolveContext): SecretReference | null {
  if (keys.value) return { kind: 'password', value: keys.value };
  if (keys.file !== undefined) return { kind: 'file', path: absolute(keys.file, context) };
  if (keys.command) return { kind: 'command', words: keys.command, folder: context.folder };
  if (keys.env !== undefined) return { kind: 'env', name: keys.env };
  if (keys.credential !== undefined) return { kind: 'credential', name: keys.credential };
  if (keys.keyring) {
    return { kind: 'keyring', service: keys.keyring.service, account: keys.keyring.account ?? user };
  }
  return null;
}

function absolute(path: string, { folder, home }: ResolveContext): string {
  if (home !== null && (path === '~' || path.startsWith('~/'))) return join(home, path.slice(1));
  return resolvePath(folder, path);
}

function unreachable(what: string): never {
  throw new Error(`a checked configuration has no ${what}`);
}

function usualRateLimit(limits: ProviderProfile | null, protocol: 'imap' | 'pop3'): RateLimit | null {
  if (limits === null) return null;
  return protocol === 'pop3' ? (limits.pop3RateLimit ?? limits.rateLimit) : limits.rateLimit;
}

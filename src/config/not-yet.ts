/**
 * What a configuration may say and this version does not do. A key that asks for protection, or for another
 * way to the server, is refused where it would be used: going on without it would be a silent promise.
 * The rest is only named, for the daemon to warn of.
 */
import { ConfigError } from '../core/errors.js';
import type { AccountConfig, Config } from './config.js';

/** @throws ConfigError for an account that can't be reached the way it says */
export function refuseUnsupported(account: AccountConfig): void {
  const found = [
    ...(account.tlsFingerprint === null ? [] : ['tls_fingerprint']),
    ...(account.tlsMinVersion === 'TLSv1.2' ? [] : ['tls_min_version']),
    ...(account.tlsCertFile === null ? [] : ['tls_cert_file']),
    ...(account.proxy === null ? [] : ['proxy']),
  ];
  if (found.length === 0) return;
  throw new ConfigError(`${account.name}: ${found.join(', ')}: not available in this version`, {
    hint: 'nothing was sent; take it out of the config, or set enabled: false until a later version',
  });
}

/** Keys that are set and have no effect, by their path. */
export function keysWithoutEffect(config: Config): string[] {
  return config.accounts.flatMap((account) => [
    ...(account.rateLimit === null ? [] : [`${account.name}: rate_limit`]),
  ]);
}

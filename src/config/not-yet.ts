/**
 * What a configuration may say and this version does not do. A key that asks for protection, or for another
 * way to the server, is refused where it would be used: going on without it would be a silent promise.
 */
import { ConfigError } from '../core/errors.js';
import type { AccountConfig } from './config.js';

/** @throws ConfigError for an account that can't be reached the way it says */
export function refuseUnsupported(account: AccountConfig): void {
  if (account.protocol === 'imap') return;
  const found = [
    ...(account.credential.kind === 'oauth' ? ['oauth'] : []),
    ...(account.tlsFingerprint === null ? [] : ['tls_fingerprint']),
    ...(account.tlsMinVersion === 'TLSv1.2' ? [] : ['tls_min_version']),
    ...(account.tlsCertFile === null ? [] : ['tls_cert_file']),
    ...(account.proxy === null ? [] : ['proxy']),
  ];
  if (found.length === 0) return;
  throw new ConfigError(
    `${account.name}: protocol: pop3 with ${found.join(', ')}: not available in this version`,
    {
      hint: 'nothing was sent; take it out of the config, or set enabled: false until a later version',
    },
  );
}

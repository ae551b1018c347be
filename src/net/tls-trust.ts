/**
 * What a TLS connection trusts and how it shows itself, the same for every protocol. Without a pin Node checks
 * the chain and the host's name. With a pin it checks nothing (`rejectUnauthorized: false`): whoever connects
 * must call `assertPinned` before the first octet that is nobody else's business.
 */
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { AccountError } from '../core/errors.js';
import type { Secret } from '../core/secret.js';
import { certificateFacts, describeCertificate } from './certificate.js';
import { secureContext } from './secure-context.js';
import type { ServerPlace } from './server-settings.js';

export interface TlsTrust {
  /** PEM of an extra certificate authority, or null. */
  readonly ca: string | null;
  /** SHA-256 of the only certificate to accept, as Node's `fingerprint256` writes it; null: check chain and name. */
  readonly fingerprint: string | null;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** The certificate to show, with its key, both PEM; null: none. */
  readonly client: { readonly cert: string; readonly key: Secret } | null;
}

/** What Node itself trusts. */
export const USUAL_TRUST: TlsTrust = { ca: null, fingerprint: null, minVersion: 'TLSv1.2', client: null };

/** For `tls.connect`, beside its host and port or socket. Throws ConfigError for a file that OpenSSL can't use. */
export function tlsOptions(trust: TlsTrust, host: string): ConnectionOptions {
  return {
    secureContext: secureContext(trust),
    // RFC 6066 section 3: an address is no server name.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: trust.fingerprint === null,
  };
}

/**
 * To be called on a socket whose handshake is done, before anything secret is sent. Does nothing where Node has
 * checked the chain. Throws AccountError `tls` for any other certificate than the pinned one.
 */
export function assertPinned(socket: TLSSocket, trust: TlsTrust, place: ServerPlace): void {
  if (trust.fingerprint === null) return;
  const facts = certificateFacts(socket);
  if (facts?.fingerprint === trust.fingerprint) return;
  throw new AccountError(
    `${place.account}: the TLS certificate of ${place.host}:${place.port} is not the pinned one; nothing secret was sent`,
    {
      code: 'tls',
      hint:
        facts === null
          ? 'the server showed no certificate'
          : `it shows ${describeCertificate(facts)}, sha256:${facts.fingerprint}; put that into tls_fingerprint only if you know why it changed`,
    },
  );
}

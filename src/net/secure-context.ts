/**
 * One TLS context for all connections with the same trust. A context of its own costs each connection a
 * megabyte and the parsing of some 150 certificates, which a daemon that watches fifty accounts would feel.
 */
import { createHash } from 'node:crypto';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { ConfigError, describeError } from '../core/errors.js';
import type { TlsTrust } from './tls-trust.js';

/** Few: one for each set of files in use. A file that was replaced leaves its old one to be dropped. */
const contexts = new Map<string, SecureContext>();
const MOST = 16;

/** Throws ConfigError with what OpenSSL says to a file. */
export function secureContext(trust: TlsTrust): SecureContext {
  const id = identityOf(trust);
  let context = contexts.get(id);
  if (context === undefined) {
    context = newContext(trust);
    if (contexts.size >= MOST) contexts.clear();
    contexts.set(id, context);
  }
  return context;
}

/** A hash, so that no key lives on as the key of a map. */
function identityOf({ ca, minVersion, client }: TlsTrust): string {
  const parts = [minVersion, ca, client?.cert ?? null, client?.key.reveal() ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function newContext({ ca, minVersion, client }: TlsTrust): SecureContext {
  // Each part alone first: what OpenSSL says names no file.
  if (ca !== null) attempt('tls_ca_file holds no certificate', () => createSecureContext({ ca }));
  if (client !== null) {
    const { cert, key } = client;
    attempt('tls_cert_file holds no certificate', () => createSecureContext({ cert }));
    attempt('tls_key_file holds no key that can be used; it must have no passphrase', () =>
      createSecureContext({ key: key.reveal() }),
    );
    attempt('tls_key_file is not the key of tls_cert_file', () =>
      createSecureContext({ cert, key: key.reveal() }),
    );
  }
  return createSecureContext({
    minVersion,
    ...(ca === null ? {} : { ca: [...rootCertificates, ca] }),
    ...(client === null ? {} : { cert: client.cert, key: client.key.reveal() }),
  });
}

function attempt(problem: string, make: () => unknown): void {
  try {
    make();
  } catch (error) {
    // OpenSSL's words name no content of a file.
    const said = describeError(error);
    throw new ConfigError(`${problem} (${said})`, { hint: 'name a file in PEM form' });
  }
}

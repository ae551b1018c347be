/**
 * One TLS context for all connections with the same authorities. A context of its own costs each connection
 * a megabyte and the parsing of some 150 certificates, which a daemon that watches fifty accounts would feel.
 */
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/** Few: one for each CA file in use. A file that was replaced leaves its old one to be dropped. */
const contexts = new Map<string, SecureContext>();
const MOST = 16;

/** `ca` is the PEM of an extra authority, or null. Throws what OpenSSL says to a file that is none. */
export function secureContext(ca: string | null): SecureContext {
  const key = ca ?? '';
  let context = contexts.get(key);
  if (context === undefined) {
    context = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === null ? {} : { ca: [...rootCertificates, ca] }),
    });
    if (contexts.size >= MOST) contexts.clear();
    contexts.set(key, context);
  }
  return context;
}

/**
 * What a server's certificate says of itself, for messages, warnings and whoever wants to pin it. All of it comes
 * from the server, so it is bounded and printable.
 */

import { X509Certificate } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { EXPIRY_WARNING_DAYS } from '../core/daemon/health-check.js';
import { printable } from '../core/text/printable.js';

export interface CertificateFacts {
  readonly subject: string;
  /** DNS names and addresses, `mail.example.org`, `192.0.2.1`. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** SHA-256, `AB:CD:...` */
  readonly fingerprint: string;
}

/** null before the handshake's end, and where there is no certificate. */
export function certificateFacts(socket: TLSSocket): CertificateFacts | null {
  // Node 20's getPeerX509Certificate() has it only once. Of a socket that is gone there is null, or an empty object.
  const shown = socket.getPeerCertificate() as Partial<PeerCertificate> | null;
  return shown?.raw === undefined ? null : factsOf(new X509Certificate(shown.raw));
}

/** `a certificate for mail.example.org, issued by Example CA, valid from 2026-01-01 to 2026-04-01` */
export function describeCertificate({
  subject,
  names,
  issuer,
  validFrom,
  validTo,
}: CertificateFacts): string {
  const whom =
    names.length === 0 ? subject : names.slice(0, 5).join(', ') + (names.length > 5 ? ', ...' : '');
  const by = issuer === subject ? 'signed by itself' : `issued by ${issuer}`;
  return `a certificate for ${whom}, ${by}, valid from ${day(validFrom)} to ${day(validTo)}`;
}

const DAY_MS = 86_400_000;

/** null where there is nothing to warn of. */
export function expiryWarning(facts: CertificateFacts, now: number): string | null {
  if (facts.validTo - now > EXPIRY_WARNING_DAYS * DAY_MS) return null;
  return facts.validTo <= now
    ? `the server's TLS certificate expired on ${day(facts.validTo)}`
    : `the server's TLS certificate expires on ${day(facts.validTo)}, in ${Math.floor((facts.validTo - now) / DAY_MS)} days`;
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: plainName(certificate.subject),
    names: alternativeNames(certificate.subjectAltName ?? ''),
    issuer: plainName(certificate.issuer),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256,
  };
}

/** Node gives `C=US\nO=Example\nCN=mail`; the common name says most. */
function plainName(name: string | undefined): string {
  const parts = (name ?? '').split('\n');
  const common = parts.find((part) => part.startsWith('CN='))?.slice(3) ?? parts.join(', ');
  return printable(common.slice(0, 200)) || 'nobody';
}

/** `DNS:a.example, IP Address:192.0.2.1` */
function alternativeNames(text: string): string[] {
  return text
    .slice(0, 4096)
    .split(', ')
    .map((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined)
    .map((name) => printable(name));
}

function day(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? new Date(milliseconds).toISOString().slice(0, 10) : 'an unknown day';
}

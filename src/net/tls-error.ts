/** What Node and OpenSSL say about a handshake that failed, in words that tell what to do. */
import { AccountError, describeError } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { type CertificateFacts, describeCertificate } from './certificate.js';
import { codeOf } from './network-error.js';
import type { ServerPlace } from './server-settings.js';

const TLS_CODES =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_|EPROTO|ERR_OSSL)/;

/** Whether an error's code is about TLS. */
export function isTlsCode(code: string): boolean {
  return TLS_CODES.test(code);
}

/** Whether the server's certificate was what displeased: then its facts are worth a look. */
export function isCertificateCode(code: string): boolean {
  return /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_|ERR_TLS_CERT)/.test(code);
}

/** `facts` are of the certificate that the server showed, where they could be had. */
export function tlsError(error: unknown, place: ServerPlace, facts: CertificateFacts | null): AccountError {
  const code = codeOf(error);
  const said = printable(describeError(error).trim().slice(0, 300));
  const where = `${place.host}:${place.port}`;
  const options = { code: 'tls', hint: hintFor(code, said, facts), cause: error } as const;
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code))
    return new AccountError(`${place.account}: ${where} does not begin with TLS (${code})`, options);
  if (!isCertificateCode(code))
    return new AccountError(`${place.account}: no TLS with ${where}: ${said} (${code})`, options);
  const shown = facts === null ? '' : `; it is ${describeCertificate(facts)}`;
  return new AccountError(
    `${place.account}: the TLS certificate of ${where} is not trusted: ${problemOf(code) ?? said} (${code})${shown}`,
    options,
  );
}

const PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is unknown here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is unknown here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is unknown here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another host',
};

function problemOf(code: string): string | undefined {
  return PROBLEMS[code];
}

function hintFor(code: string, said: string, facts: CertificateFacts | null): string {
  const pin = facts === null ? '' : `, or pin it: tls_fingerprint: "sha256:${facts.fingerprint}"`;
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code))
    return `if the server has its own authority, name its certificate with tls_ca_file${pin}`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return 'renew it on the server, and check the clock of this machine';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'check host in the config: use a name that it is for';
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code))
    return 'check port, and tls: implicit (IMAP 993, POP3 995) or starttls (143, 110); nothing was sent';
  if (/VERSION|UNSUPPORTED_PROTOCOL/.test(code))
    return 'the server speaks no TLS version that tls_min_version allows';
  if (/CERTIFICATE_REQUIRED|ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE)/.test(code) || /alert/.test(said))
    return 'the server wants another client certificate, or one at all: tls_cert_file and tls_key_file';
  return 'check port and tls in the config, and the certificate on the server';
}

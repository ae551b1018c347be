// A certificate authority of our own and one server certificate, made with openssl. The tests trust the authority
// by its file, so no check of certificates is ever switched off.

import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  /** PEM file of the authority; what a client must trust. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** SHA-256 of the server certificate's DER, upper-case hex with colons, as openssl and Node print it. */
  readonly fingerprint: string;
}

/**
 * Writes ca.pem, cert.pem and key.pem into `folder`; `names` is the subjectAltName in openssl's notation. With
 * days of -1 the certificate expired yesterday.
 */
export async function makeCertificates(
  folder: string,
  names: string = NAMES,
  days = 3650,
): Promise<Certificates> {
  const at = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await writeFile(at('leaf.ext'), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
  await run('openssl', [
    ...['req', '-x509', ...key, '-days', '3650', '-subj', '/CN=mailkeep test authority'],
    ...['-addext', 'keyUsage=critical,keyCertSign', '-keyout', at('ca-key.pem'), '-out', at('ca.pem')],
  ]);
  await run('openssl', [
    ...['req', ...key, '-subj', '/CN=localhost', '-keyout', at('key.pem'), '-out', at('leaf.csr')],
  ]);
  await run('openssl', [
    ...['x509', '-req', '-days', String(days), '-in', at('leaf.csr'), '-extfile', at('leaf.ext')],
    ...['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-out', at('cert.pem')],
  ]);
  const certificate = new X509Certificate(await readFile(at('cert.pem')));
  return {
    caFile: at('ca.pem'),
    certFile: at('cert.pem'),
    keyFile: at('key.pem'),
    fingerprint: certificate.fingerprint256,
  };
}

const NAMES = 'DNS:localhost,IP:127.0.0.1';

/** Names and days of validity of certificates with which something is wrong, and of one with which nothing is. */
const KINDS = {
  good: [NAMES, 3650],
  expired: [NAMES, -1],
  other: ['DNS:mail.example.net', 3650],
  soon: [NAMES, 5],
} as const;
export type CertificateKind = keyof typeof KINDS;

/** One of each kind, each by an authority of its own, in folders below this one. */
export async function makeEveryKind(folder: string): Promise<Record<CertificateKind, Certificates>> {
  const made = Object.entries(KINDS).map(async ([kind, [names, days]]) => [
    kind,
    await makeCertificates(await mkdtemp(join(folder, `${kind}-`)), names, days),
  ]);
  return Object.fromEntries(await Promise.all(made));
}

/** As a TLS server of Node takes them. */
export async function readPair({ certFile, keyFile }: Certificates): Promise<{ cert: string; key: string }> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { cert, key };
}

/** Writes client.pem and client.key into `folder`, by the authority that `makeCertificates` has left there. */
export async function makeClientCertificate(folder: string, name: string): Promise<void> {
  const at = (file: string) => join(folder, file);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await writeFile(at('client.ext'), 'extendedKeyUsage=clientAuth\n');
  await run('openssl', [
    ...['req', ...key, '-subj', `/CN=${name}`, '-keyout', at('client.key'), '-out', at('client.csr')],
  ]);
  await run('openssl', [
    ...['x509', '-req', '-days', '3650', '-in', at('client.csr'), '-extfile', at('client.ext')],
    ...['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-out', at('client.pem')],
  ]);
}

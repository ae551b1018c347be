/**
 * The way to a server step by step, for whoever looks for the step that fails: the name, the connection, the
 * encryption. Nothing secret is sent: the certificate is only looked at, whether it is to be trusted is for
 * the sign-in to say.
 */
import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { connect as openSocket, type Socket } from 'node:net';
import { connect as openTls, type TLSSocket } from 'node:tls';
import { throwIfAborted } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { tlsOptions } from '../net/tls-trust.js';
import { connectError } from './errors.js';
import type { ImapSettings } from './settings.js';

export interface Handshake {
  readonly protocol: string;
  readonly cipher: string;
  readonly certificate: PeerCertificate | null;
}

export interface PeerCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** SHA-256 as `tls_fingerprint` takes it. */
  readonly fingerprint: string;
}

/** The addresses of the host. Throws AccountError. */
export async function lookUp(settings: ImapSettings): Promise<string[]> {
  try {
    return (await lookup(settings.host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw connectError(error, settings);
  }
}

/** How many milliseconds a connection takes; it is closed again. Throws AccountError, InterruptedError. */
export async function knock(settings: ImapSettings, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const socket = await dial(settings, signal);
  socket.destroy();
  return performance.now() - startedAt;
}

/** Throws AccountError, InterruptedError. Not for `tls: none`. */
export async function shakeHands(settings: ImapSettings, signal: AbortSignal): Promise<Handshake> {
  const socket = await dial(settings, signal);
  const stop = () => socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (settings.tls === 'starttls') await startTls(socket);
    return await encrypt(socket, settings);
  } catch (error) {
    throwIfAborted(signal);
    throw connectError(error, settings);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

function dial(settings: ImapSettings, signal: AbortSignal): Promise<Socket> {
  const { host, port, connectTimeout } = settings;
  return new Promise<Socket>((resolve, reject) => {
    const socket = openSocket({ host, port, signal });
    socket.setTimeout(connectTimeout, () =>
      socket.destroy(Object.assign(new Error('no answer'), { code: 'CONNECT_TIMEOUT' })),
    );
    socket.once('connect', () => resolve(socket));
    socket.on('error', reject);
  }).catch((error) => {
    throwIfAborted(signal);
    throw connectError(error, settings);
  });
}

/** RFC 9051 6.2.1. The answer is bounded; what follows it unasked is dropped by the handshake that fails. */
async function startTls(socket: Socket): Promise<void> {
  await lineThat(socket, (line) => line.startsWith('* '));
  socket.write('t1 STARTTLS\r\n');
  const answer = await lineThat(socket, (line) => /^t1 /i.test(line));
  if (!/^t1 OK\b/i.test(answer)) throw new Error('the server refuses STARTTLS');
}

const LONGEST_ANSWER = 16_384;

function lineThat(socket: Socket, isIt: (line: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const hear = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const found = text.split('\r\n').slice(0, -1).find(isIt);
      if (found === undefined && text.length <= LONGEST_ANSWER) return;
      socket.off('data', hear);
      if (found === undefined) reject(new Error('the server does not speak IMAP'));
      else resolve(found);
    };
    socket.on('data', hear);
    socket.once('close', () =>
      reject(Object.assign(new Error('closed'), { code: 'ClosedAfterConnectText' })),
    );
  });
}

function encrypt(socket: Socket, { host, trust, connectTimeout }: ImapSettings): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const secure = openTls({ socket, ...tlsOptions(trust, host), rejectUnauthorized: false });
    secure.setTimeout(connectTimeout, () =>
      secure.destroy(Object.assign(new Error('no answer'), { code: 'UPGRADE_TIMEOUT' })),
    );
    secure.once('secureConnect', () => {
      resolve({
        protocol: secure.getProtocol() ?? 'unknown',
        cipher: secure.getCipher().name,
        certificate: certificateOf(secure),
      });
      secure.destroy();
    });
    secure.once('error', reject);
  });
}

function certificateOf(socket: TLSSocket): PeerCertificate | null {
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) return null;
  const certificate = new X509Certificate(raw);
  return {
    subject: nameIn(certificate.subjectAltName ?? certificate.subject),
    issuer: nameIn(certificate.issuer),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    fingerprint: `sha256:${certificate.fingerprint256}`,
  };
}

/** In one line, bounded: a certificate is text of a stranger. */
function nameIn(text: string): string {
  const name = printable(text.trim().split('\n').join(', '));
  return name.length > 200 ? `${name.slice(0, 199)}…` : name;
}

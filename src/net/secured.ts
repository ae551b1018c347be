/**
 * TLS over a socket, with what the account trusts. Node checks the chain and the host's name but ends nothing
 * (`rejectUnauthorized: false`), so that a certificate that is refused can be told about: here it is ended, before
 * a single octet is sent.
 */
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { certificateFacts } from './certificate.js';
import { opening, type StepBounds } from './opening.js';
import type { ServerSettings } from './server-settings.js';
import { tlsError } from './tls-error.js';
import { assertPinned, tlsOptions } from './tls-trust.js';

/** Throws AccountError `tls` for a certificate that is not trusted; else what `opening` throws. */
export async function secured(
  socket: Socket,
  settings: Pick<ServerSettings, 'account' | 'host' | 'port' | 'trust' | 'onCertificate'>,
  bounds: StepBounds,
): Promise<TLSSocket> {
  const { trust, host } = settings;
  const options = { ...tlsOptions(trust, host), rejectUnauthorized: false };
  const secure = await opening(connectTls({ socket, host, ...options }), 'secureConnect', bounds);
  try {
    const facts = certificateFacts(secure);
    if (trust.fingerprint !== null) assertPinned(secure, trust, settings);
    else if (!secure.authorized) throw tlsError(asError(secure.authorizationError), settings, facts);
    if (facts !== null) settings.onCertificate?.(facts);
    return secure;
  } catch (error) {
    secure.destroy();
    throw error;
  }
}

/** Node gives the code alone, whatever its types say. */
function asError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  const code = typeof reason === 'string' ? reason : 'ERR_TLS_CERT_UNKNOWN';
  return Object.assign(new Error(code), { code });
}

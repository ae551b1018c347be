/** What an account's connections trust, from the files that its configuration names; read at each run. */
import { readFileSync } from 'node:fs';
import type { AccountConfig } from '../config/config.js';
import { ConfigError } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import { fileProblem } from '../core/text/file-problem.js';
import type { TlsTrust } from '../net/tls-trust.js';

/** For IMAP and POP3 alike. Throws ConfigError. */
export function trustOf(account: AccountConfig): TlsTrust {
  const { tlsCaFile, tlsCertFile, tlsKeyFile } = account;
  return {
    ca: tlsCaFile === null ? null : readPem('tls_ca_file', tlsCaFile),
    fingerprint: account.tlsFingerprint,
    minVersion: account.tlsMinVersion,
    client:
      tlsCertFile === null || tlsKeyFile === null
        ? null
        : {
            cert: readPem('tls_cert_file', tlsCertFile),
            key: new Secret(readPem('tls_key_file', tlsKeyFile)),
          },
  };
}

/** imapflow hands user and password of a SOCKS URL on as they stand, so they can't be percent-encoded. */
export function proxyOf({ name, proxy }: AccountConfig): Secret | null {
  if (proxy === null) return null;
  const { protocol, username, password } = new URL(proxy.reveal());
  if (protocol.startsWith('socks') && /%/.test(username + password)) {
    throw new ConfigError(`${name}: proxy: user and password of a SOCKS proxy can't have such characters`, {
      hint: "letters, digits and - . _ ~ ! $ & ' ( ) * + , = may be in them",
    });
  }
  return proxy;
}

/** @param key the configuration's key, for the message */
export function readPem(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read ${key} ${file}: ${fileProblem(error)}`, {
      hint: 'name a PEM file that the user who runs mailkeep may read',
      cause: error,
    });
  }
}

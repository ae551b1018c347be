import { describe, expect, test } from 'vitest';
import { refuseUnsupported } from '../../src/config/not-yet.js';
import { ConfigError } from '../../src/core/errors.js';
import { parse } from './parse.js';

const FINE = 'name: a, host: h, user: me, password_env: PW';

function refusalOf(keys: string): string | null {
  try {
    refuseUnsupported(parse(`accounts: [{ ${FINE}, ${keys} }]`).accounts[0]!);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  return null;
}

describe('what this version does not do', () => {
  test.each([
    [`tls_fingerprint: "sha256:${'ab'.repeat(32)}"`, 'tls_fingerprint'],
    ['tls_min_version: "1.3"', 'tls_min_version'],
    ['tls_cert_file: c.pem, tls_key_file: c.key', 'tls_cert_file'],
    ['proxy: "socks5://p:1080"', 'proxy'],
  ])('refuses %s instead of going on without it', (keys, named) => {
    expect(refusalOf(`protocol: pop3, ${keys}`)).toBe(
      `a: protocol: pop3 with ${named}: not available in this version`,
    );
  });

  test('says nothing of a proxy that may hold a password', () => {
    expect(refusalOf('protocol: pop3, proxy: "socks5://me:geheim@p:1080"')).not.toContain('geheim');
  });

  test('lets an ordinary account pass', () => {
    expect(
      refusalOf(
        'tls: starttls, tls_ca_file: ca.pem, tls_min_version: "1.3", proxy: "socks5://p:1080", compress: "on"',
      ),
    ).toBeNull();
  });
});

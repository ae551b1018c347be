// How the built command signs in to a real POP3 server: with an access token by both mechanisms, with a client
// certificate, with a pin, through a proxy; and what doctor says on the way.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeClientCertificate } from '../support/certificates.js';
import { Dovecot, describeWithDovecotPop3 } from '../support/dovecot.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { OAuthProvider } from '../support/oauth-provider.js';
import { startTunnelProxy } from '../support/tunnel-proxy.js';

const USER = 'alice';
const TIMEOUT = 120_000;
const CLIENT = { clientId: 'mailkeep-test', clientSecret: 'secret-of-the-client' };

describeWithDovecotPop3('a POP3 account on Dovecot', () => {
  test.each(['xoauth2', 'oauthbearer'])(
    'signs in with a token by %s, and its refusal is understood',
    async (mechanism) => {
      const provider = await OAuthProvider.start({ user: USER, ...CLIENT });
      await using mailkeep = await Mailkeep.create({ port: 1, user: USER, password: 'x' });
      const conf = join(mailkeep.folder, 'dovecot-oauth2.conf.ext');
      writeFileSync(
        conf,
        `introspection_mode = auth\nintrospection_url = ${provider.address}/introspect\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n`,
      );
      chmodSync(mailkeep.folder, 0o755);
      const server = await Dovecot.start({
        pop3: true,
        extra: `auth_mechanisms = plain login ${mechanism}\npassdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = ${conf}\n}`,
      });
      const said: string[] = [];
      const run = async (...args: string[]) => {
        const outcome = await mailkeep.run(...args);
        said.push(outcome.stdout, outcome.stderr);
        return outcome;
      };
      try {
        await server.putMessages(USER, 'INBOX', makeMessages({ seed: 1, count: 4 }));
        const { clientId: client_id, clientSecret: client_secret } = CLIENT;
        await mailkeep.configure({
          port: server.popPort,
          user: USER,
          password: 'x',
          keys: {
            password: undefined,
            protocol: 'pop3',
            host: 'localhost',
            tls: 'starttls',
            tls_ca_file: server.certificates.caFile,
            oauth: { provider: 'custom', client_id, client_secret, issuer: provider.address },
          },
        });
        // By device code; the provider agrees at once.
        const signIn = await run('auth', 'personal');
        expect([signIn.code, signIn.stdout]).toEqual([
          0,
          'personal: signed in as alice; the mail server takes it\n',
        ]);
        const report = JSON.parse((await run('sync', '--json')).stdout);
        expect(report.accounts[0]).toMatchObject({ status: 'ok', tier: 'pop3', added: 4 });
        const refreshes = () => provider.asked.filter((what) => what === '/token refresh_token').length;
        expect(refreshes()).toBe(0);
        provider.expireAccessTokens();
        expect((await run('sync')).code).toBe(0);
        expect(refreshes()).toBe(1);
        provider.isGood = () => false;
        const { code, stderr } = await run('sync');
        expect(code).toBe(12);
        expect(stderr).toMatch(/refused the OAuth2 sign-in of alice.*\n {2}run mailkeep auth personal/);
        for (const secret of provider.secrets) expect(said.join('\n')).not.toContain(secret);
      } finally {
        await server.stop();
        await provider.close();
      }
    },
    TIMEOUT,
  );

  test(
    'shows its client certificate, trusts a pin, goes through a proxy, and doctor tells each step',
    async () => {
      // Its own authority has to be known before it starts, so a first one lends its certificates.
      const lender = await Dovecot.start();
      const { caFile } = lender.certificates;
      await makeClientCertificate(lender.folder, USER);
      const server = await Dovecot.start({
        pop3: true,
        extra: `ssl_ca = <${caFile}\nssl_verify_client_cert = yes\nauth_ssl_require_client_cert = yes\nssl_require_crl = no`,
      });
      try {
        await server.putMessages(USER, 'INBOX', makeMessages({ seed: 1, count: 3 }));
        const account = { user: USER, password: server.password, port: server.popTlsPort };
        const pin = {
          protocol: 'pop3',
          tls: 'implicit',
          tls_fingerprint: `sha256:${server.certificates.fingerprint}`,
        };
        await using mailkeep = await Mailkeep.create({ ...account, keys: pin });
        expect((await mailkeep.sync()).report.status).toBe('failed');
        await using proxy = await startTunnelProxy('me:secret-of-the-proxy');
        const keys = {
          ...pin,
          tls_cert_file: join(lender.folder, 'client.pem'),
          tls_key_file: join(lender.folder, 'client.key'),
        };
        const through = { ...keys, proxy: `socks5://me:secret-of-the-proxy@127.0.0.1:${proxy.port}` };
        await mailkeep.configure({ ...account, keys: through });
        expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 3, error: null });
        expect(proxy.destinations).toEqual([`127.0.0.1:${server.popTlsPort}`]);
        for (const tls of ['implicit', 'starttls'] as const) {
          const port = tls === 'implicit' ? server.popTlsPort : server.popPort;
          await mailkeep.configure({ ...account, port, keys: { ...keys, tls } });
          const doctor = await mailkeep.run('doctor', '--json');
          expect(doctor.code, doctor.stdout).toBe(0);
          const { checks } = documentOf(doctor) as {
            checks: { check: string; status: string; fingerprint?: string }[];
          };
          const found = new Map(checks.map((each) => [each.check, each]));
          for (const name of ['name', 'tcp', 'tls', 'sign-in', 'capabilities', 'mailboxes'])
            expect(found.get(name)?.status, name).toBe('ok');
          expect(found.get('tls')?.fingerprint).toBe(`sha256:${server.certificates.fingerprint}`);
        }
      } finally {
        await server.stop();
        await lender.stop();
      }
    },
    TIMEOUT,
  );
});

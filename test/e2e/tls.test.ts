// Who is at the other end: certificates that are wrong in every way, pins, client certificates, STARTTLS with
// somebody in between, proxies. Whatever is refused, the password was not sent.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CertificateKind,
  type Certificates,
  makeCertificates,
  makeClientCertificate,
  makeEveryKind,
  readPair,
} from '../support/certificates.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { ImapServer } from '../support/imap-server/server.js';
import { closeServer, listenAnywhere, portOf } from '../support/loopback.js';
import { Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { startTunnelProxy } from '../support/tunnel-proxy.js';

const PASSWORD = 'correct horse battery';
const MODES = ['implicit', 'starttls'] as const;

let folder: string;
let made: Awaited<ReturnType<typeof makeEveryKind>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-tls-'));
  made = await makeEveryKind(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function serve(which: CertificateKind, mode: (typeof MODES)[number]): Promise<ImapServer> {
  const pair = await readPair(made[which]);
  const server = await ImapServer.start({ users: { alice: PASSWORD }, tls: { ...pair, mode } });
  server.store('alice').inbox.append({ body: Buffer.from('Subject: hello\r\n\r\nhello\r\n') });
  return server;
}

function open(port: number, keys: Record<string, unknown>): Promise<Mailkeep> {
  return Mailkeep.create({ port, user: 'alice', password: PASSWORD, keys });
}

const signIns = (server: ImapServer) => server.log.names.filter((name) => /^(LOGIN|AUTHENTICATE)/.test(name));

describe.each(MODES)('a certificate (%s)', (tls) => {
  test.each([
    [
      'expired',
      {
        says: /it has expired \(CERT_HAS_EXPIRED\); it is a certificate for localhost, 127\.0\.0\.1, issued by mailkeep test authority, valid from 20\d\d-/,
        hint: /renew it/,
      },
    ],
    ['other', { says: /it is for another host .*certificate for mail\.example\.net/, hint: /check host/ }],
  ] as const)('that is %s is refused with what it says of itself', async (which, { says, hint }) => {
    await using server = await serve(which, tls);
    await using mailkeep = await open(server.port, { tls, tls_ca_file: made[which].caFile });
    const { code, report } = await mailkeep.sync();
    expect(code).toBe(1);
    expect(report.error).toMatchObject({ code: 'tls', message: expect.stringMatching(says) });
    expect(report.error?.hint).toMatch(hint);
    expect(signIns(server)).toEqual([]);
  });

  test('of nobody known is refused with the pin that would accept it, and taken with that', async () => {
    await using server = await serve('good', tls);
    await using mailkeep = await open(server.port, { tls });
    const { report } = await mailkeep.sync();
    expect(report.error).toMatchObject({ code: 'tls', message: expect.stringMatching(/not trusted/) });
    expect(signIns(server)).toEqual([]);
    const pin = /tls_fingerprint: "(sha256:[0-9A-F:]+)"/.exec(report.error?.hint ?? '')?.[1];
    expect(pin).toBe(`sha256:${made.good.fingerprint}`);
    await mailkeep.configure({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      keys: { tls, tls_fingerprint: pin },
    });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 1 });
  });

  test.each(['expired', 'other'] as const)('that is pinned is taken although it is %s', async (which) => {
    await using server = await serve(which, tls);
    const pin = `sha256:${made[which].fingerprint}`;
    await using mailkeep = await open(server.port, { tls, tls_fingerprint: pin });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 1 });
  });

  test('other than the pinned one is refused before anything secret is sent, however good it is', async () => {
    await using server = await serve('good', tls);
    const pin = `sha256:${made.other.fingerprint}`;
    await using mailkeep = await open(server.port, { tls, tls_fingerprint: pin });
    const { code, report } = await mailkeep.sync();
    expect(code).toBe(1);
    expect(report.error).toMatchObject({ code: 'tls', message: expect.stringMatching(/not the pinned one/) });
    expect(report.error?.hint).toContain(made.good.fingerprint);
    expect(signIns(server)).toEqual([]);
  });

  test('that ends soon is taken with a warning', async () => {
    await using server = await serve('soon', tls);
    await using mailkeep = await open(server.port, { tls, tls_ca_file: made.soon.caFile });
    const { code, stderr } = await mailkeep.run('sync');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /warning: personal: the server's TLS certificate expires on 20\d\d-\d\d-\d\d, in [45] days/,
    );
  });
});

describe('STARTTLS', () => {
  /** Speaks the first lines of IMAP in the clear and then goes its own way. */
  async function impostor(
    script: (line: string) => string | null,
  ): Promise<{ port: number; heard: string[]; [Symbol.asyncDispose](): Promise<void> }> {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(script('') ?? '');
      socket.on('data', (bytes) => {
        for (const line of bytes.toString('latin1').split('\r\n').filter(Boolean)) {
          heard.push(line);
          const answer = script(line);
          if (answer !== null) socket.write(answer);
        }
      });
    });
    await listenAnywhere(server);
    return { port: portOf(server), heard, [Symbol.asyncDispose]: () => closeServer(server) };
  }

  const greeting = '* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n';
  const tagOf = (line: string) => line.split(' ')[0]!;

  test.each([
    [
      'is stripped from the capabilities',
      (line: string) =>
        line === ''
          ? '* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n'
          : `* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n${tagOf(line)} OK done\r\n`,
    ],
    [
      'is refused',
      (line: string) =>
        line === ''
          ? greeting
          : / STARTTLS/.test(line)
            ? `${tagOf(line)} NO not today\r\n`
            : `* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n${tagOf(line)} OK done\r\n`,
    ],
    [
      'brings answers along that were meant for later',
      (line: string) =>
        line === ''
          ? greeting
          : / STARTTLS/.test(line)
            ? `${tagOf(line)} OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA2 OK\r\n`
            : `* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n${tagOf(line)} OK done\r\n`,
    ],
    [
      'is passed over by PREAUTH',
      (line: string) =>
        line === ''
          ? '* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n'
          : `* CAPABILITY IMAP4rev1 STARTTLS\r\n${tagOf(line)} OK done\r\n`,
    ],
  ])('that %s ends the sign-in before the password', async (_name, script) => {
    await using server = await impostor(script);
    await using mailkeep = await open(server.port, { tls: 'starttls' });
    const { code, report } = await mailkeep.sync();
    expect([code, report.error?.code]).toEqual([1, 'tls']);
    expect(server.heard.join('\n')).not.toMatch(/LOGIN|AUTHENTICATE|LIST|SELECT|EXAMINE/);
  });
});

describe('a proxy', () => {
  test.each([
    ['socks5', 'implicit', 'me:secret-of-the-proxy'],
    ['socks5', 'implicit', null],
    ['http', 'implicit', 'me:secret-of-the-proxy'],
    ['http', 'starttls', null],
  ] as const)(
    '%s is gone through, TLS (%s) ends at the server and names are left to it',
    async (scheme, tls, login) => {
      await using server = await serve('good', tls);
      await using proxy = await startTunnelProxy(login);
      const url = `${scheme}://${login === null ? '' : `${login}@`}127.0.0.1:${proxy.port}`;
      const keys = { tls, tls_ca_file: made.good.caFile, host: 'localhost', proxy: url };
      await using mailkeep = await open(server.port, keys);
      expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 1 });
      expect(proxy.destinations[0]).toBe(`localhost:${server.port}`);
    },
  );

  test.each(['socks5', 'http'])('%s that refuses is 75, and its password is nowhere', async (scheme) => {
    await using server = await serve('good', 'implicit');
    await using proxy = await startTunnelProxy('me:other');
    const keys = {
      tls: 'implicit',
      tls_ca_file: made.good.caFile,
      proxy: `${scheme}://me:secret-of-the-proxy@127.0.0.1:${proxy.port}`,
    };
    await using mailkeep = await open(server.port, keys);
    const { code, stdout, stderr, report } = await mailkeep.sync();
    expect(code).toBe(75);
    expect(report.error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(/proxy/) });
    expect(stdout + stderr).not.toContain('secret-of-the-proxy');
    expect(server.stats.connectionsTotal).toBe(0);
  });
});

describeWithDovecot('Dovecot that wants a client certificate', () => {
  let server: Dovecot;
  beforeAll(async () => {
    const certificates = await makeCertificates(await mkdtemp(join(folder, 'clients-')));
    await makeClientCertificate(join(certificates.caFile, '..'), 'alice');
    clients = certificates;
    server = await Dovecot.start({
      extra: `ssl_ca = <${certificates.caFile}\nssl_verify_client_cert = yes\nauth_ssl_require_client_cert = yes\nssl_require_crl = no`,
    });
    await server.putMessages('alice', 'INBOX', makeMessages({ seed: 1, count: 3 }));
  });
  afterAll(() => server?.stop());
  let clients: Certificates;

  test.each(MODES)('gets it, and refuses whoever has none (%s)', async (tls) => {
    const at = (name: string) => join(clients.caFile, '..', name);
    const keys = { tls, tls_ca_file: server.certificates.caFile };
    const account = {
      port: tls === 'implicit' ? server.tlsPort : server.port,
      user: 'alice',
      password: server.password,
    };
    await using mailkeep = await Mailkeep.create({ ...account, keys });
    expect((await mailkeep.sync()).report.status).toBe('failed');
    const shown = { ...keys, tls_cert_file: at('client.pem'), tls_key_file: at('client.key') };
    await mailkeep.configure({ ...account, keys: shown });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 3 });
    // A key that belongs to another certificate is a mistake of the config.
    await mailkeep.configure({ ...account, keys: { ...shown, tls_key_file: made.good.keyFile } });
    const { code, report } = await mailkeep.sync();
    expect([code, report.error?.code]).toEqual([2, 'config']);
    expect(report.error?.message).toMatch(/tls_key_file is not the key of tls_cert_file/);
  });

  test('speaks no version below tls_min_version', async () => {
    await using old = await Mailkeep.create({
      port: server.tlsPort,
      user: 'alice',
      password: server.password,
    });
    await old.configure({
      port: server.tlsPort,
      user: 'alice',
      password: server.password,
      keys: {
        tls: 'implicit',
        tls_min_version: '1.3',
        tls_fingerprint: `sha256:${server.certificates.fingerprint}`,
        tls_cert_file: join(clients.caFile, '../client.pem'),
        tls_key_file: join(clients.caFile, '../client.key'),
      },
    });
    expect((await old.sync()).report.status).toBe('ok');
  });
});

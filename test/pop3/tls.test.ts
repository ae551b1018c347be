// Who is at the other end of a POP3 connection: certificates that are wrong in every way, pins, client certificates,
// the least TLS version, proxies. Whatever is refused, the password was not sent.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.js';
import { type TlsTrust, USUAL_TRUST } from '../../src/net/tls-trust.js';
import {
  type CertificateKind,
  makeClientCertificate,
  makeEveryKind,
  readPair,
} from '../support/certificates.js';
import { closeServer, listenAnywhere, portOf } from '../support/loopback.js';
import { type PopOptions, PopServer } from '../support/pop3-server/server.js';
import { startTunnelProxy } from '../support/tunnel-proxy.js';
import { mails, Stage } from './stage.js';

const MODES = ['implicit', 'starttls'] as const;
type Mode = (typeof MODES)[number];

let folder: string;
let made: Awaited<ReturnType<typeof makeEveryKind>>;
/** The authorities' PEM texts. */
const authority: Record<CertificateKind, string> = {} as never;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-pop3-tls-'));
  made = await makeEveryKind(folder);
  for (const kind of ['good', 'expired', 'other', 'soon'] as const)
    authority[kind] = await readFile(made[kind].caFile, 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function serve(
  which: CertificateKind,
  mode: Mode,
  more: Partial<NonNullable<PopOptions['tls']>> = {},
): Promise<PopServer> {
  return PopServer.start(mails(2), {
    capabilities: ['TOP', 'UIDL', 'SASL PLAIN', ...(mode === 'starttls' ? ['STLS'] : [])],
    tls: { ...(await readPair(made[which])), mode, ...more },
  });
}

async function sync(
  server: PopServer,
  tls: Mode,
  trust: Partial<TlsTrust>,
  more: { host?: string; proxy?: Secret; port?: number } = {},
) {
  using stage = new Stage();
  const source = { tls, host: 'localhost', trust: { ...USUAL_TRUST, ...trust }, ...more };
  return { ...(await stage.sync(server, { source })), warnings: stage.warnings };
}

const OK = { status: 'ok', added: 2, error: null };
/** What came after the greeting, TLS apart. */
const spoken = (server: PopServer) => server.commands.filter((line) => line !== 'CAPA' && line !== 'STLS');

describe.each(MODES)('a certificate (%s)', (tls) => {
  test.each([
    [
      'expired',
      /it has expired \(CERT_HAS_EXPIRED\); it is a certificate for localhost.*valid from 20\d\d-/,
      /renew/,
    ],
    ['other', /it is for another host .*certificate for mail\.example\.net/, /check host/],
  ] as const)('that is %s is refused with what it says of itself', async (which, says, hint) => {
    await using server = await serve(which, tls);
    const { error } = await sync(server, tls, { ca: authority[which] });
    expect(error).toMatchObject({ code: 'tls', message: expect.stringMatching(says) });
    expect(error?.hint).toMatch(hint);
    expect(spoken(server)).toEqual([]);
  });

  test('of nobody known is refused with the pin that would accept it, and taken with that', async () => {
    await using server = await serve('good', tls);
    const { error } = await sync(server, tls, {});
    expect(error).toMatchObject({ code: 'tls', message: expect.stringMatching(/not trusted/) });
    expect(error?.hint).toContain(`tls_fingerprint: "sha256:${made.good.fingerprint}"`);
    expect(spoken(server)).toEqual([]);
    expect(await sync(server, tls, { fingerprint: made.good.fingerprint })).toMatchObject(OK);
  });

  test.each(['expired', 'other'] as const)('that is pinned is taken although it is %s', async (which) => {
    await using server = await serve(which, tls);
    expect(await sync(server, tls, { fingerprint: made[which].fingerprint })).toMatchObject(OK);
  });

  test('other than the pinned one is refused before anything secret is sent, however good it is', async () => {
    await using server = await serve('good', tls);
    const trust = { ca: authority.good, fingerprint: made.other.fingerprint };
    const { error } = await sync(server, tls, trust);
    expect(error).toMatchObject({ code: 'tls', message: expect.stringMatching(/not the pinned one/) });
    expect(error?.hint).toContain(made.good.fingerprint);
    expect(spoken(server)).toEqual([]);
  });

  test('of the account is shown to a server that asks for one, and missed by it otherwise', async () => {
    const at = (name: string) => join(made.good.caFile, '..', name);
    await makeClientCertificate(join(made.good.caFile, '..'), 'me');
    await using server = await serve('good', tls, {
      ca: authority.good,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const { status, error } = await sync(server, tls, { ca: authority.good });
    expect([status, error?.code]).toEqual(['failed', 'tls']);
    expect(error?.hint).toMatch(/tls_cert_file/);
    expect(spoken(server)).toEqual([]);
    const client = {
      cert: await readFile(at('client.pem'), 'utf8'),
      key: new Secret(await readFile(at('client.key'), 'utf8')),
    };
    expect(await sync(server, tls, { ca: authority.good, client })).toMatchObject(OK);
  });

  test('is not even looked at where the server speaks no TLS version that is new enough', async () => {
    await using server = await serve('good', tls, { maxVersion: 'TLSv1.2' });
    const { error } = await sync(server, tls, { ca: authority.good, minVersion: 'TLSv1.3' });
    expect(error).toMatchObject({ code: 'tls' });
    expect(error?.hint).toMatch(/tls_min_version/);
    expect(spoken(server)).toEqual([]);
    expect(await sync(server, tls, { ca: authority.good })).toMatchObject(OK);
  });
});

test.each([
  ['a whole answer', '+OK injected\r\n'],
  ['half an answer', '+OK inj'],
])('STLS that brings %s along in the clear ends the connection before the handshake', async (_, injected) => {
  await using server = await serve('good', 'starttls');
  server.options = {
    ...server.options,
    answer: (line) => (line === 'STLS' ? `+OK\r\n${injected}` : undefined),
  };
  const { error } = await sync(server, 'starttls', { ca: authority.good });
  expect(error).toMatchObject({ code: 'protocol' });
  expect(spoken(server)).toEqual([]);
});

test('a server that does not answer the handshake is given up after a while', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined).resume());
  await listenAnywhere(silent);
  try {
    using stage = new Stage();
    await using server = await PopServer.start([]);
    const source = { tls: 'implicit', port: portOf(silent), connectTimeout: 100 } as const;
    const { error } = await stage.sync(server, { source });
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(/timed out/) });
  } finally {
    await closeServer(silent);
  }
});

describe('a proxy', () => {
  test.each([
    ['socks5', 'implicit', 'me:secret-of-the-proxy'],
    ['socks5', 'starttls', null],
    ['socks', 'implicit', null],
    ['http', 'implicit', 'me:secret-of-the-proxy'],
    ['http', 'starttls', null],
  ] as const)(
    '%s is gone through, TLS (%s) ends at the server and names are left to it',
    async (scheme, tls, login) => {
      await using server = await serve('good', tls);
      await using proxy = await startTunnelProxy(login);
      const url = new Secret(`${scheme}://${login === null ? '' : `${login}@`}127.0.0.1:${proxy.port}`);
      expect(await sync(server, tls, { ca: authority.good }, { proxy: url })).toMatchObject(OK);
      expect(proxy.destinations).toEqual([`localhost:${server.port}`]);
    },
  );

  test.each(['socks5', 'http'])('%s that refuses is told of, and its password is nowhere', async (scheme) => {
    await using server = await serve('good', 'implicit');
    await using proxy = await startTunnelProxy('me:other');
    const url = new Secret(`${scheme}://me:secret-of-the-proxy@127.0.0.1:${proxy.port}`);
    const report = await sync(server, 'implicit', { ca: authority.good }, { proxy: url });
    expect(report.error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/the proxy lets nobody/),
    });
    expect(JSON.stringify(report)).not.toContain('secret-of-the-proxy');
    expect(server.connections).toBe(0);
  });

  /** Answers each piece of the request with the next octets of the script; the last bring the greeting along. */
  async function scripted(script: readonly Buffer[], heard: Buffer[] = []) {
    const listener = createServer((socket) => {
      let at = 0;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        heard.push(chunk);
        const answer = script[at++];
        if (answer === undefined) socket.end();
        else socket.write(answer);
      });
    });
    await listenAnywhere(listener);
    return { port: portOf(listener), [Symbol.asyncDispose]: () => closeServer(listener) };
  }
  const greeting = '+OK hello\r\n';
  const http = (status: string) => Buffer.from(`HTTP/1.1 ${status}\r\nVia: nobody\r\n\r\n${greeting}`);
  const socks5 = Buffer.concat([Buffer.of(5, 0, 0, 3, 2, 65, 66, 1, 1), Buffer.from(greeting)]);
  const socks4 = Buffer.concat([Buffer.of(0, 90, 0, 0, 0, 0, 0, 0), Buffer.from(greeting)]);

  async function heardThrough(scheme: string, script: readonly Buffer[], host = 'localhost') {
    const heard: Buffer[] = [];
    await using proxy = await scripted(script, heard);
    await using server = await PopServer.start([]);
    using stage = new Stage();
    const source = { host, port: 110, proxy: new Secret(`${scheme}://127.0.0.1:${proxy.port}`) };
    return { heard, report: await stage.sync(server, { source }) };
  }

  test.each([
    ['http', [http('200 OK')]],
    ['socks5', [Buffer.of(5, 0), socks5]],
    ['socks4a', [socks4]],
  ] as const)('%s that sends the greeting along with its answer loses none of it', async (scheme, script) => {
    const { heard } = await heardThrough(scheme, script);
    expect(heard.at(-1)?.toString()).toBe('CAPA\r\n');
  });

  test.each([
    ['socks4a', 'localhost', Buffer.from('\x04\x01\x00\x6e\x00\x00\x00\x01\x00localhost\x00', 'latin1')],
    ['socks4', 'localhost', Buffer.of(4, 1, 0, 110, 127, 0, 0, 1, 0)],
    ['socks4a', '192.0.2.7', Buffer.of(4, 1, 0, 110, 192, 0, 2, 7, 0)],
  ])('%s is asked for %s', async (scheme, host, request) => {
    const { heard } = await heardThrough(scheme, [socks4], host);
    expect(heard[0]).toEqual(request);
  });

  test.each([
    ['192.0.2.7', Buffer.of(1, 192, 0, 2, 7)],
    ['2001:db8::7:1', Buffer.of(4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 1)],
    ['localhost', Buffer.from('\x03\x09localhost', 'latin1')],
  ])('socks5 is asked for %s as it stands', async (host, address) => {
    const { heard } = await heardThrough('socks5', [Buffer.of(5, 0), socks5], host);
    expect(heard[1]).toEqual(Buffer.concat([Buffer.of(5, 1, 0), address, Buffer.of(0, 110)]));
  });

  test.each([
    ['http', [http('403 Forbidden')], /it answers 403/],
    ['http', [Buffer.from(greeting.repeat(9000))], /its answer has no end/],
    ['http', [], /it hung up|reset/],
    ['socks5', [Buffer.from('HTTP/1.1 400')], /does not speak SOCKS 5/],
    ['socks5', [Buffer.of(5, 0xff)], /wants another sign-in/],
    ['socks5', [Buffer.of(5, 0), Buffer.of(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)], /nothing listens there/],
    ['socks5', [Buffer.of(5, 0), Buffer.of(5, 77, 0, 1, 0, 0, 0, 0, 0, 0)], /it answers 77/],
    ['socks4', [Buffer.of(0, 91, 0, 0, 0, 0, 0, 0)], /it answers 91/],
  ] as const)('%s that answers %j is none', async (scheme, script, says) => {
    const { report } = await heardThrough(scheme, script);
    expect(report.error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(says) });
  });

  test('that nobody listens at is told of as the proxy', async () => {
    await using server = await PopServer.start([]);
    using stage = new Stage();
    const { error } = await stage.sync(server, { source: { proxy: new Secret('socks5://127.0.0.1:1') } });
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/the proxy lets nobody/),
    });
  });
});

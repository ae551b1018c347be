// A name service and a web server of our own stand in for the internet; both are asked over real sockets.

import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Discovery, discoverServer } from '../../src/discovery/discover.js';
import { hostName } from '../../src/discovery/host-name.js';
import { httpsClient } from '../../src/discovery/https.js';
import { type Certificates, makeCertificates } from '../support/certificates.js';
import { NameService } from '../support/name-service.js';

let folder: string;
let certificates: Certificates;
let names: NameService;
let web: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const requests: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-discovery-'));
  certificates = await makeCertificates(folder, 'DNS:autoconfig.example.org,DNS:hoster.example');
  names = await NameService.start();
  web = createServer(
    { key: readFileSync(certificates.keyFile), cert: readFileSync(certificates.certFile) },
    (request, response) => {
      requests.push(`${request.headers.host?.replace(/:\d+$/, '')}${request.url}`);
      answer(request, response);
    },
  );
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await names[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  names.records.clear();
  names.asked.length = 0;
  names.silent = false;
  requests.length = 0;
  answer = (_, response) => void response.writeHead(404).end();
});

const never = new AbortController().signal;

function discover(
  domain: string,
  {
    protocol = 'imap',
    patienceMs = 20_000,
    signal = never,
  }: Partial<{
    protocol: 'imap' | 'pop3';
    patienceMs: number;
    signal: AbortSignal;
  }> = {},
): Promise<readonly Discovery[]> {
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([names.server]);
  const https = httpsClient({
    port: (web.address() as AddressInfo).port,
    ca: readFileSync(certificates.caFile),
    lookup: (_name, options, found) =>
      options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4),
  });
  return discoverServer({ names: resolver, https, patienceMs }, domain, protocol, signal);
}

const PAGE = (servers: string) =>
  `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="x">${servers}</emailProvider></clientConfig>`;
const SERVER = (type: string, host: string, port: string, socket: string) =>
  `<incomingServer type="${type}"><hostname>${host}</hostname><port>${port}</port><socketType>${socket}</socketType></incomingServer>`;
const serve = (text: string) => {
  answer = (_, response) => void response.end(text);
};

describe('discoverServer', () => {
  test('takes SRV records, implicit TLS before STARTTLS and the lowest priority first', async () => {
    names.records.set('_imaps._tcp.example.org', [
      { type: 'SRV', priority: 20, port: 9993, target: 'second.example.org' },
      { type: 'SRV', priority: 10, port: 993, target: 'IMAP.example.org' },
    ]);
    names.records.set('_imap._tcp.example.org', [{ type: 'SRV', port: 143, target: 'imap.example.org' }]);
    expect(await discover('example.org')).toMatchObject([
      { server: { host: 'imap.example.org', port: 993, tls: 'implicit' }, vouched: true },
      { server: { host: 'imap.example.org', port: 143, tls: 'starttls' }, vouched: true },
    ]);
  });

  test('asks for POP3 where POP3 is wanted', async () => {
    names.records.set('_pop3s._tcp.example.org', [{ type: 'SRV', port: 995, target: 'pop.example.org' }]);
    expect(await discover('example.org', { protocol: 'pop3' })).toMatchObject([
      { server: { host: 'pop.example.org', port: 995, tls: 'implicit' } },
    ]);
    expect(names.asked.filter((name) => name.startsWith('_imap'))).toEqual([]);
  });

  test('does not vouch for a record that leads away from the domain, and puts it last', async () => {
    names.records.set('_imaps._tcp.example.org', [{ type: 'SRV', port: 993, target: 'evil.example' }]);
    names.records.set('example.org', [{ type: 'MX', target: 'in1-smtp.messagingengine.com' }]);
    expect(await discover('example.org')).toMatchObject([
      { kind: 'exchanger', host: 'in1-smtp.messagingengine.com' },
      { kind: 'server', server: { host: 'evil.example' }, vouched: false },
    ]);
    names.records.set('_imaps._tcp.example.org', [{ type: 'SRV', port: 993, target: 'notexample.org' }]);
    expect(await discover('example.org')).toMatchObject([{ kind: 'exchanger' }, { vouched: false }]);
  });

  test.each(['.', '127.0.0.1', 'localhost', '-x.example.org', 'a_b.example.org'])(
    'a target of "%s" is no server',
    async (target) => {
      names.records.set('_imaps._tcp.example.org', [{ type: 'SRV', port: 993, target }]);
      expect(await discover('example.org')).toEqual([]);
    },
  );

  test('takes the autoconfig page over https, without sending the address', async () => {
    serve(
      PAGE(
        SERVER('pop3', 'pop.hoster.example', '995', 'SSL') +
          SERVER('imap', 'imap.hoster.example', '993', 'SSL'),
      ),
    );
    expect(await discover('example.org')).toEqual([
      {
        kind: 'server',
        server: { host: 'imap.hoster.example', port: 993, tls: 'implicit' },
        source: 'https://autoconfig.example.org/mail/config-v1.1.xml',
        vouched: true,
      },
    ]);
    // The certificate is not valid for the domain itself, so its .well-known was not asked for anything.
    expect(requests).toEqual(['autoconfig.example.org/mail/config-v1.1.xml']);
  });

  test('passes over servers without TLS, with a wrong port or with a host that is none', async () => {
    serve(
      PAGE(
        SERVER('imap', 'plain.example.org', '143', 'plain') +
          SERVER('imap', 'imap.example.org', '99999', 'SSL') +
          SERVER('imap', '%EMAILDOMAIN%', '993', 'SSL') +
          SERVER('imap', '10.0.0.1', '993', 'SSL') +
          SERVER('imap', 'good.example.org', '143', 'STARTTLS'),
      ),
    );
    expect(await discover('example.org')).toMatchObject([
      { server: { host: 'good.example.org', port: 143, tls: 'starttls' } },
    ]);
    serve(PAGE(SERVER('imap', 'plain.example.org', '143', 'plain')));
    expect(await discover('example.org')).toEqual([]);
  });

  test('follows a redirect to another https host with a valid certificate, and none to http or an address', async () => {
    const page = PAGE(SERVER('imap', 'imap.hoster.example', '993', 'SSL'));
    const to = (location: string) => {
      answer = (request, response) =>
        void (request.headers.host?.startsWith('hoster.example')
          ? response.end(page)
          : response.writeHead(302, { location }).end());
    };
    to('https://hoster.example/config.xml');
    expect(await discover('example.org')).toHaveLength(1);
    for (const location of [
      'http://hoster.example/config.xml',
      'https://127.0.0.1/config.xml',
      'https://hoster.example:8443/',
      'https://me:secret@hoster.example/',
      'https://wrong-certificate.example/',
      'file:///etc/passwd',
      'https://autoconfig.example.org/again',
    ]) {
      to(location);
      expect([location, await discover('example.org')]).toEqual([location, []]);
    }
  });

  test('a page that is too long, is no XML or has a document type is none', async () => {
    const good = SERVER('imap', 'imap.example.org', '993', 'SSL');
    for (const text of [
      `${PAGE(good)}<!--${'x'.repeat(70_000)}-->`,
      '<html><body>Welcome</html>',
      `<!DOCTYPE clientConfig>${PAGE(good)}`,
      '\0\uFFFD',
    ]) {
      serve(text);
      expect(await discover('example.org')).toEqual([]);
    }
    serve(PAGE(good));
    expect(await discover('example.org')).toHaveLength(1);
  });

  test('waits for nobody longer than it may, and keeps what others said by then', async () => {
    answer = () => {};
    names.records.set('_imaps._tcp.example.org', [{ type: 'SRV', port: 993, target: 'imap.example.org' }]);
    expect(await discover('example.org', { patienceMs: 300 })).toHaveLength(1);
    names.silent = true;
    expect(await discover('example.org', { patienceMs: 300 })).toEqual([]);
  });

  test('ends at once when it is told to stop', async () => {
    answer = () => controller.abort(new Error('stop'));
    const controller = new AbortController();
    await expect(discover('example.org', { signal: controller.signal })).rejects.toThrow('stop');
  });

  test('asks nobody for what is no domain', async () => {
    for (const domain of ['', 'localhost', '127.0.0.1', 'a b.org', 'x@y.org/', '..'])
      expect(await discover(domain)).toEqual([]);
    expect(names.asked).toEqual([]);
  });
});

describe('hostName', () => {
  test('has international names as DNS has them', () => {
    expect(hostName('Bücher.example.')).toBe('xn--bcher-kva.example');
    expect(hostName('例え.jp')).toBe('xn--r8jz45g.jp');
  });

  test.each([
    '',
    'x',
    'a..b',
    'a.b:25',
    'a.b/c',
    'u@a.b',
    '[::1]',
    '1.2.3.4',
    '0x7f.1',
    'a.local',
    'a\u0000.b',
  ])('refuses "%s"', (text) => expect(hostName(text)).toBeNull());
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HttpSources } from '../../src/http/app.js';
import { type HttpServer, serveHttp } from '../../src/http/server.js';

const SOURCES: HttpSources = {
  healthy: () => true,
  unready: () => [],
  metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'm 1\n' }),
  status: () => ({ version: 1, accounts: [] }),
};

interface Served extends AsyncDisposable {
  readonly port: number;
  readonly errors: unknown[];
  readonly server: HttpServer;
}

async function served(sources: Partial<HttpSources> = {}, host = '127.0.0.1', local = true): Promise<Served> {
  const errors: unknown[] = [];
  const server = await serveHttp(
    { ...SOURCES, ...sources },
    { listen: { kind: 'tcp', host, port: 0 }, local, onError: (error) => errors.push(error) },
  );
  return {
    server,
    errors,
    port: Number(new URL(server.address).port),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request({ port, path, headers, method, host: '127.0.0.1' }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Sends these octets and returns all that comes until the server closes. */
function raw(port: number, octets: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(octets));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}

describe('the HTTP server', () => {
  test.each(['localhost:1234', '127.0.0.1:80', '127.8.8.8', '[::1]:8025'])(
    'answers to the host %s',
    async (host) => {
      await using http = await served();
      expect((await get(http.port, '/status', { host })).status).toBe(200);
    },
  );

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', 'a b', '::1'])(
    'does not answer a page that calls this machine %j',
    async (host) => {
      await using http = await served();
      const { status, body } = await get(http.port, '/status', { host });
      expect([400, 421]).toContain(status);
      expect(body).not.toContain('accounts');
    },
  );

  test('answers to any host where it was opened to the network', async () => {
    await using http = await served({}, '127.0.0.1', false);
    expect((await get(http.port, '/status', { host: 'mail.example.org' })).status).toBe(200);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s', async (method) => {
    await using http = await served();
    expect((await get(http.port, '/status', {}, method)).status).toBe(405);
    expect((await get(http.port, '/nothing', {}, method)).status).toBe(404);
  });

  test('is 503 while the daemon does not work or an account needs a person', async () => {
    await using http = await served({ healthy: () => false, unready: () => [{ account: 'a' }] });
    expect((await get(http.port, '/healthz')).status).toBe(503);
    expect(await get(http.port, '/readyz')).toEqual({ status: 503, body: '[{"account":"a"}]\n' });
  });

  test('says nothing of what went wrong inside', async () => {
    await using http = await served({
      status: () => {
        throw new Error('geheim');
      },
    });
    expect(await get(http.port, '/status')).toEqual({ status: 500, body: 'internal error\n' });
    expect(http.errors).toHaveLength(1);
  });

  test('outlives what is no HTTP, and endless headers', async () => {
    await using http = await served();
    expect(await raw(http.port, '\x16\x03\x01 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    const endless = `GET /status HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(http.port, endless)).toMatch(/^HTTP\/1\.1 431 /);
    const answer = await raw(
      http.port,
      'GET http://evil.example/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect((await get(http.port, '/healthz')).status).toBe(200);
  });

  test('an address that is taken is named, with what to do', async () => {
    await using first = await served();
    const second = serveHttp(SOURCES, {
      listen: { kind: 'tcp', host: '127.0.0.1', port: first.port },
      local: true,
      onError: () => undefined,
    });
    await expect(second).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining(`:${first.port}`),
    });
  });

  test('a file that is no socket stays as it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-http-'));
    try {
      const path = join(folder, 'precious');
      await writeFile(path, 'mail');
      await expect(
        serveHttp(SOURCES, { listen: { kind: 'unix', path }, local: true, onError: () => undefined }),
      ).rejects.toMatchObject({ message: expect.stringContaining('no socket') });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

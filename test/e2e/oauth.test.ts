// OAuth2 as a user meets it: the sign-in by code and by browser, the tokens' life, and what is said when it ends.
// No token, code or secret is ever in an output or readable by others.

import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { ImapServer } from '../support/imap-server/server.js';
import { freePorts } from '../support/loopback.js';
import { Mailkeep, type Run } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { OAuthProvider, type ProviderOptions } from '../support/oauth-provider.js';

const USER = 'alice';
const CLIENT = { user: USER, clientId: 'mailkeep-test', clientSecret: 'secret-of-the-client' };

let provider: OAuthProvider;
let server: ImapServer;
let mailkeep: Mailkeep;
/** What any command has said. */
let said: string[];

async function start(
  options: Partial<ProviderOptions> = {},
  oauth: Record<string, unknown> = {},
): Promise<void> {
  provider = await OAuthProvider.start({ ...CLIENT, ...options });
  server = await ImapServer.start({
    users: { alice: 'unused' },
    takesToken: (_user, token) => provider.isGood(token),
  });
  server.store('alice').inbox.append({ body: Buffer.from('Subject: hello\r\n\r\nhello\r\n') });
  mailkeep = await Mailkeep.create({ port: server.port, user: USER, password: 'x' });
  await configure(oauth);
}

function configure(oauth: Record<string, unknown>): Promise<void> {
  return mailkeep.configure({
    port: server.port,
    user: USER,
    password: 'x',
    keys: {
      password: undefined,
      oauth: {
        provider: 'custom',
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        issuer: provider.address,
        ...oauth,
      },
    },
  });
}

beforeEach(() => {
  said = [];
});

afterEach(async () => {
  const log = said.join('\n');
  for (const secret of provider.secrets) expect(log).not.toContain(secret);
  await mailkeep.remove();
  await server.close();
  await provider.close();
});

async function run(...args: string[]): Promise<Run> {
  const outcome = await mailkeep.run(...args);
  said.push(outcome.stdout, outcome.stderr);
  return outcome;
}

interface SignIn {
  readonly run: Run;
  /** The page that the person was asked to open. */
  readonly page: string;
}

/** Runs `auth` and does what it asks for. */
async function signIn(
  args: readonly string[],
  visit: (page: string, paste: (text: string) => void) => Promise<unknown>,
): Promise<SignIn> {
  const { child, ended } = mailkeep.start('auth', 'personal', ...args);
  const page = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stderr!.on('data', (chunk: string) => {
      text += chunk;
      const found = /^ {2}(http\S+)$/m.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error(`no page was shown: ${text}`)), reject);
  });
  await visit(page, (line) => child.stdin!.write(`${line}\n`));
  const outcome = await ended;
  // The page's own address holds the state, which is of no use once the sign-in is over.
  said.push(outcome.stdout, outcome.stderr);
  return { run: outcome, page };
}

const nothing = async () => undefined;
const follow = (page: string) => fetch(page, { redirect: 'follow' });
const tokenFile = () => join(mailkeep.root, 'oauth.json');
const tokens = () => JSON.parse(readFileSync(tokenFile(), 'utf8')) as Record<string, string>;

describe('mailkeep auth', () => {
  test('by device code shows page and code, keeps the tokens to itself, and sync needs no more', async () => {
    await start();
    provider.hesitation = 1;
    const { run: auth, page } = await signIn([], nothing);
    expect(page).toBe(`${provider.address}/activate`);
    expect(auth.stderr).toContain('WDJB-MJHT');
    expect([auth.code, auth.stdout]).toEqual([0, 'personal: signed in as alice; the mail server takes it\n']);
    expect(statSync(tokenFile()).mode & 0o777).toBe(0o600);
    expect(readdirSync(mailkeep.root).filter((name) => name.startsWith('oauth'))).toEqual(['oauth.json']);
    expect((await run('sync')).code).toBe(0);
    expect(provider.asked.filter((what) => what.startsWith('/token'))).toHaveLength(2);
  });

  test('by browser comes back over the loopback, with PKCE', async () => {
    await start();
    const { run: auth, page } = await signIn(['--browser', '--json'], follow);
    expect(new URL(page).searchParams.get('code_challenge_method')).toBe('S256');
    expect(auth.code).toBe(0);
    expect(JSON.parse(auth.stdout)).toMatchObject({
      version: 1,
      account: 'personal',
      flow: 'browser',
      renewable: true,
    });
    expect((await run('sync')).code).toBe(0);
  });

  test('takes the pasted address of the last page where the browser is elsewhere, and no other', async () => {
    await start();
    const { run: auth } = await signIn(['--browser'], async (page, paste) => {
      const last = (await fetch(page, { redirect: 'manual' })).headers.get('location')!;
      paste('https://example.org/?code=1');
      const forged = new URL(last);
      forged.searchParams.set('state', 'forged');
      paste(forged.href);
      await fetch(forged.href).then((response) => expect(response.status).toBe(404));
      paste(last);
    });
    expect(auth.code).toBe(0);
    expect(auth.stderr).toContain('That is not the address of the last page');
  });

  test('that is declined is 12 and leaves no tokens', async () => {
    await start();
    provider.refusal = { error: 'access_denied' };
    const { run: auth } = await signIn(['--browser'], follow);
    expect(auth.code).toBe(12);
    expect(auth.stderr).toMatch(/declined.*\n {2}run mailkeep auth personal and allow/);
    expect(existsSync(tokenFile())).toBe(false);
  });

  test('works with endpoints instead of an issuer, and needs one of them', async () => {
    await start({ clientSecret: null });
    const endpoints = {
      issuer: undefined,
      client_secret: undefined,
      token_endpoint: `${provider.address}/token`,
    };
    await configure(endpoints);
    const without = await run('auth', 'personal');
    expect([without.code, without.stderr]).toEqual([12, expect.stringMatching(/names no way to sign in/)]);
    await configure({ ...endpoints, authorization_endpoint: `${provider.address}/authorize` });
    expect((await signIn([], follow)).run.code).toBe(0);
    expect(provider.asked).not.toContain('/.well-known/openid-configuration');
  });

  test('of an account with a password is wrong usage', async () => {
    await start();
    await mailkeep.configure({ port: server.port, user: USER, password: 'x' });
    expect(await run('auth', 'personal')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/signs in with a password/),
    });
  });
});

describe('a token', () => {
  test('that nobody has got is 12 and says what to run', async () => {
    await start();
    const { code, stderr } = await run('sync');
    expect(code).toBe(12);
    expect(stderr).toMatch(/nobody has signed in yet.*\n {2}run mailkeep auth personal/);
    expect(server.log.names).toEqual([]);
  });

  test('is refreshed when its time is over, and a provider that rotates loses nobody', async () => {
    await start({ rotate: true });
    await signIn([], nothing);
    const before = tokens();
    writeFileSync(tokenFile(), JSON.stringify({ ...before, expires_at: new Date().toISOString() }));
    expect((await run('sync')).code).toBe(0);
    expect(tokens().access_token).not.toBe(before.access_token);
    expect(tokens().refresh_token).not.toBe(before.refresh_token);
    writeFileSync(tokenFile(), JSON.stringify({ ...tokens(), expires_at: new Date().toISOString() }));
    expect((await run('sync')).code).toBe(0);
    expect(statSync(tokenFile()).mode & 0o777).toBe(0o600);
  });

  test('that the server refuses before its time is refreshed once', async () => {
    await start();
    await signIn([], nothing);
    provider.expireAccessTokens();
    const refreshes = () => provider.asked.filter((what) => what === '/token refresh_token').length;
    expect((await run('sync')).code).toBe(0);
    expect(refreshes()).toBe(1);
  });

  test('that the server refuses again is 12, with what the server says', async () => {
    await start({ lifetime: 3600 });
    await signIn([], nothing);
    provider.isGood = () => false;
    const refreshes = () => provider.asked.filter((what) => what === '/token refresh_token').length;
    const { code, stderr } = await run('sync');
    expect(code).toBe(12);
    expect(stderr).toMatch(/refused the OAuth2 sign-in of alice.*status invalid_token/);
    expect(refreshes()).toBe(1);
  });

  test('that was revoked is 12 and says what to run', async () => {
    await start();
    await signIn([], nothing);
    provider.revokeAll();
    const { code, stdout, stderr } = await run('sync', '--json');
    expect([code, stderr]).toEqual([12, '']);
    expect(JSON.parse(stdout).accounts[0].error).toMatchObject({
      code: 'credentials',
      message: expect.stringMatching(
        /has expired or was revoked \(invalid_grant: Token has been expired or revoked\.\)/,
      ),
      hint: 'run mailkeep auth personal',
    });
  });

  test.each([
    ['AADSTS7000218: The request body must contain client_secret', /not a public client/],
    ['AADSTS65001: The user or administrator has not consented', /nobody has consented to IMAP/],
    ['AADSTS53003: Access has been blocked by Conditional Access', /Conditional Access policy/],
  ])('that Microsoft refuses is explained: %s', async (error_description, words) => {
    await start();
    await signIn([], nothing);
    provider.expireAccessTokens();
    provider.refusal = { error: 'invalid_grant', error_description };
    const { code, stderr } = await run('sync');
    expect(code).toBe(12);
    expect(stderr).toMatch(words);
  });

  test('whose provider is out of reach is 75: the sign-in is not lost', async () => {
    await start();
    await signIn([], nothing);
    const [port] = await freePorts(1);
    await configure({ issuer: undefined, token_endpoint: `http://127.0.0.1:${port}/token` });
    provider.expireAccessTokens();
    const { code, stderr } = await run('sync');
    expect(code).toBe(75);
    expect(stderr).toMatch(/provider can't be reached.*ECONNREFUSED/);
  });

  test('of a file that somebody wrote is 12, and nothing of the file is said', async () => {
    await start();
    await signIn([], nothing);
    writeFileSync(tokenFile(), '{"refresh_token": "half-a-secret');
    const { code, stderr } = await run('sync');
    expect(code).toBe(12);
    expect(stderr).not.toContain('half-a-secret');
  });
});

describeWithDovecot('Dovecot', () => {
  test.each(['xoauth2', 'oauthbearer'])(
    'takes the token by %s, and its refusal is understood',
    async (mechanism) => {
      await start();
      const folder = mailkeep.folder;
      const conf = join(folder, 'dovecot-oauth2.conf.ext');
      writeFileSync(
        conf,
        `introspection_mode = auth\nintrospection_url = ${provider.address}/introspect\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n`,
      );
      chmodSync(folder, 0o755);
      const dovecot = await Dovecot.start({
        extra: `auth_mechanisms = plain login ${mechanism}\npassdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = ${conf}\n}`,
      });
      try {
        await dovecot.putMessages(USER, 'INBOX', makeMessages({ seed: 1, count: 4 }));
        const oauth = {
          provider: 'custom',
          client_id: CLIENT.clientId,
          client_secret: CLIENT.clientSecret,
          issuer: provider.address,
        };
        await mailkeep.configure({
          port: dovecot.port,
          user: USER,
          password: 'x',
          keys: { password: undefined, oauth },
        });
        const { run: auth } = await signIn([], nothing);
        expect(auth.code, auth.stderr).toBe(0);
        expect(JSON.parse((await run('sync', '--json')).stdout).accounts[0]).toMatchObject({
          status: 'ok',
          added: 4,
        });
        provider.expireAccessTokens();
        expect((await run('sync')).code).toBe(0);
        provider.isGood = () => false;
        const { code, stderr } = await run('sync');
        expect(code).toBe(12);
        expect(stderr).toMatch(/refused the OAuth2 sign-in of alice.*status (invalid_token|401)/);
      } finally {
        await dovecot.stop();
      }
    },
  );
});

test('a provider that answers something else than OAuth2 is 75', async () => {
  await start();
  await signIn([], nothing);
  const odd = createServer((_, response) => response.end('<html>welcome</html>'));
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
  const { port } = odd.address() as { port: number };
  await configure({ issuer: undefined, token_endpoint: `http://127.0.0.1:${port}/token` });
  provider.expireAccessTokens();
  const { code, stderr } = await run('sync');
  odd.closeAllConnections();
  odd.close();
  expect(code).toBe(75);
  expect(stderr).not.toContain('welcome');
});

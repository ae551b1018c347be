import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CredentialsError, InterruptedError } from '../../src/core/errors.js';
import { accessToken } from '../../src/oauth/access-token.js';
import type { OAuthSettings } from '../../src/oauth/client.js';
import { signIn } from '../../src/oauth/sign-in.js';
import { readTokens, writeTokens } from '../../src/oauth/tokens.js';
import { OAuthProvider } from '../support/oauth-provider.js';

const signal = new AbortController().signal;
let folder: string;
let provider: OAuthProvider;
let settings: OAuthSettings;
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-oauth-'));
  provider = await OAuthProvider.start({ user: 'alice', clientId: 'c', clientSecret: null, rotate: true });
  now = Date.now();
  settings = {
    account: 'a',
    user: 'alice',
    protocol: 'imap',
    reference: {
      kind: 'oauth',
      provider: 'custom',
      clientId: 'c',
      clientSecret: null,
      tenant: null,
      issuer: null,
      authorizationEndpoint: null,
      tokenEndpoint: `${provider.address}/token`,
      deviceAuthorizationEndpoint: `${provider.address}/device`,
      scopes: null,
    },
    file: join(folder, 'a', 'oauth.json'),
    clientSecret: async () => null,
    clock: () => now,
  };
  await signIn(settings, { tell: () => {}, lines: nothing(), signal, browser: false });
});
afterEach(async () => {
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

async function* nothing(): AsyncGenerator<string> {}

const refreshes = () => provider.asked.filter((what) => what === '/token refresh_token').length;

describe('an access token', () => {
  test('is the same until five minutes before its end', async () => {
    const first = await accessToken(settings, null, signal);
    now += 54 * 60_000;
    expect(await accessToken(settings, null, signal)).toBe(first);
    now += 2 * 60_000;
    expect(await accessToken(settings, null, signal)).not.toBe(first);
    expect(refreshes()).toBe(1);
  });

  test('is refreshed once for all who ask at the same time', async () => {
    now += 3_600_000;
    const tokens = await Promise.all(Array.from({ length: 6 }, () => accessToken(settings, null, signal)));
    expect(new Set(tokens).size).toBe(1);
    expect(refreshes()).toBe(1);
  });

  test('that was refused is not given again; the one that came since is', async () => {
    const refused = await accessToken(settings, null, signal);
    const fresh = await accessToken(settings, refused, signal);
    expect(fresh).not.toBe(refused);
    expect(await accessToken(settings, refused, signal)).toBe(fresh);
    expect(refreshes()).toBe(1);
  });

  test('that another process has refreshed meanwhile is taken from the file', async () => {
    const old = readTokens(settings.file)!;
    now += 3_600_000;
    const theirs = await accessToken(settings, null, signal);
    const newest = readTokens(settings.file)!;
    // We hold what was there before: its refresh token is used up.
    await writeTokens(settings.file, old);
    // The other process writes while our refresh is under way.
    const slower = {
      ...settings,
      clientSecret: async () => {
        await writeTokens(settings.file, newest);
        return null;
      },
    };
    expect(await accessToken(slower, null, signal)).toBe(theirs);
  });

  test('is not waited for once the run is told to stop, and the others get it', async () => {
    now += 3_600_000;
    const stop = new AbortController();
    const [one, other] = [accessToken(settings, null, stop.signal), accessToken(settings, null, signal)];
    stop.abort();
    await expect(one).rejects.toThrow(InterruptedError);
    expect(await other).toEqual(expect.any(String));
  });

  test('of another client_id needs a new sign-in', async () => {
    const other = { ...settings, reference: { ...settings.reference, clientId: 'd' } };
    await expect(accessToken(other, null, signal)).rejects.toThrow(CredentialsError);
    expect(refreshes()).toBe(0);
  });
});

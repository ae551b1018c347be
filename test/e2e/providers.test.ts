// Servers that answer like the large providers, reached under their names through a proxy: what they refuse comes
// with what their users have to do.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refuse } from '../support/imap-server/fault-actions.js';
import type { FaultMatch } from '../support/imap-server/faults.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { ServerOptions } from '../support/imap-server/server-context.js';
import { Mailkeep, type SyncRun } from '../support/mailkeep.js';
import { startTunnelProxy, type TunnelProxy } from '../support/tunnel-proxy.js';

const PASSWORD = 'correct horse battery';
const TOKEN = 'an-access-token-of-alice';

let server: ImapServer;
let proxy: TunnelProxy;
let mailkeep: Mailkeep;

async function start(host: string, options: Partial<ServerOptions> = {}, keys: object = {}): Promise<void> {
  server = await ImapServer.start({ users: { alice: PASSWORD }, ...options });
  server.store('alice').inbox.append({ body: Buffer.from('Subject: hello\r\n\r\nhello\r\n') });
  mailkeep = await Mailkeep.create({
    port: server.port,
    user: 'alice',
    password: PASSWORD,
    keys: { host, allow_insecure: true, proxy: `http://127.0.0.1:${proxy.port}`, ...keys },
  });
}

/** An account that has signed in with OAuth2. */
async function withToken(host: string): Promise<void> {
  const oauth = { provider: 'custom', client_id: 'c', token_endpoint: 'http://127.0.0.1:9/token' };
  await start(host, { takesToken: (_, token) => token === TOKEN }, { password: undefined, oauth });
  await mkdir(mailkeep.root, { recursive: true });
  const tokens = {
    version: 1,
    client_id: 'c',
    refresh_token: null,
    access_token: TOKEN,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    obtained_at: new Date().toISOString(),
    scope: null,
  };
  await writeFile(join(mailkeep.root, 'oauth.json'), JSON.stringify(tokens), { mode: 0o600 });
}

beforeEach(async () => {
  proxy = await startTunnelProxy();
});
afterEach(async () => {
  await mailkeep.remove();
  await server.close();
  await proxy.close();
});

function expectRefusal({ code, report }: SyncRun, words: RegExp, hint: RegExp): void {
  expect(code, JSON.stringify(report)).toBe(12);
  expect(report.error?.message).toMatch(words);
  expect(report.error?.hint).toMatch(hint);
}

const SIGN_IN: FaultMatch = { command: 'AUTHENTICATE' };

describe('163', () => {
  test('hears who we are behind the sign-in, even if it heard it before', async () => {
    await start('imap.163.com');
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 1 });
    const names = server.log.names;
    const signedIn = names.findIndex((name) => /LOGIN|AUTHENTICATE/.test(name));
    expect(names.slice(0, signedIn)).toContain('ID');
    expect(names[signedIn + 1] === 'ID' || names.slice(signedIn).includes('ID')).toBe(true);
  });

  test('says "Unsafe Login" to a mailbox, and is understood', async () => {
    await start('imap.163.com');
    server.faults.add(
      { command: 'EXAMINE' },
      refuse('NO', 'EXAMINE Unsafe Login. Please contact kefu@188.com for help'),
    );
    expectRefusal(
      await mailkeep.sync(),
      /refuses its mailboxes \("EXAMINE Unsafe Login/,
      /authorization code/,
    );
  });

  test('wants the authorization code as password', async () => {
    await start('imap.163.com');
    server.faults.add(SIGN_IN, refuse('NO', 'LOGIN Login error or password error'));
    expectRefusal(await mailkeep.sync(), /refused the sign-in/, /authorization code that the webmail shows/);
  });
});

describe('Gmail', () => {
  test('that wants an app password gets a hint of it', async () => {
    await start('imap.gmail.com');
    server.faults.add(
      SIGN_IN,
      refuse(
        'NO',
        '[ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)',
      ),
    );
    expectRefusal(await mailkeep.sync(), /Application-specific password required/, /app password/);
  });

  test('with too many connections is asked later', async () => {
    await start('imap.gmail.com');
    server.faults.add(SIGN_IN, refuse('NO', '[ALERT] Too many simultaneous connections. (Failure)'));
    const { code, report } = await mailkeep.sync();
    expect([code, report.error?.code]).toEqual([75, 'throttled']);
  });
});

describe('Exchange Online', () => {
  test('takes no password', async () => {
    await start('outlook.office365.com');
    server.faults.add(SIGN_IN, refuse('NO', 'AUTHENTICATE failed.'));
    expectRefusal(await mailkeep.sync(), /AUTHENTICATE failed/, /takes no passwords any more: use oauth/);
  });

  test('takes the token and has no mailbox for it', async () => {
    await withToken('outlook.office365.com');
    server.faults.add({ command: 'NAMESPACE' }, refuse('BAD', 'User is authenticated but not connected.'));
    // There is no refresh token to try another one with.
    expectRefusal(await mailkeep.sync(), /provider gave no refresh token/, /mailkeep auth personal/);
    expect(server.log.names).toContain('NAMESPACE');
  });
});

describe('a server that takes no password', () => {
  test('because of LOGINDISABLED gets none, and the reason is said', async () => {
    await start('mail.example.org', { capabilities: ['IMAP4rev1', 'LOGINDISABLED', 'AUTH=SCRAM-SHA-256'] });
    const { code, report } = await mailkeep.sync();
    expect([code, report.error?.code]).toEqual([1, 'refused']);
    expect(report.error?.message).toMatch(
      /takes no password here \(LOGINDISABLED\); it offers SCRAM-SHA-256/,
    );
    expect(report.error?.hint).toMatch(/use tls: starttls or tls: implicit/);
    expect(server.log.names).not.toContain('LOGIN');
  });
});

// How an account is signed in to, what it never says on an open line, and what each refusal means.

import { describe, expect, test } from 'vitest';
import type { Login } from '../../src/core/ports/credential.js';
import type { Pop3Settings } from '../../src/pop3/settings.js';
import { PASSWORD, type PopOptions, PopServer } from '../support/pop3-server/server.js';
import { byPassword, mails, Stage } from './stage.js';

/** Whatever the server hears is kept as it came. */
async function heard(options: PopOptions, source: Parameters<Stage['sync']>[1] = {}) {
  const lines: string[] = [];
  await using server = await PopServer.start(mails(2), {
    ...options,
    answer: (line, own, times) => {
      lines.push(line);
      return options.answer?.(line, own, times);
    },
  });
  using stage = new Stage();
  const report = await stage.sync(server, source);
  return { lines, report, connections: server.connections };
}

describe('a sign-in', () => {
  test('without TLS, to a server with a timestamp, never sends the password', async () => {
    const { lines, report } = await heard(
      { greeting: 'POP3 ready <1896.697170952@dbc.mtview.ca.us>' },
      { source: { user: 'mrose', login: byPassword('tanstaaf') } },
    );
    // The example of RFC 1939 section 7.
    expect(lines).toContain('APOP mrose c4c9334bac560ecc979e58001b3e22fb');
    expect(report).toMatchObject({ status: 'ok', added: 2 });
  });

  test.each(['<1896.x@a b>', '<café@example.org>', '<a\u0001b@example.org>', 'no timestamp'])(
    'takes %j for no timestamp',
    async (greeting) => {
      const { lines } = await heard({ greeting });
      expect(lines.filter((line) => line.startsWith('APOP'))).toEqual([]);
    },
  );

  test('sends user and password of any characters in one line where the server has SASL PLAIN', async () => {
    const { lines } = await heard({});
    expect(lines).toContain(`AUTH PLAIN ${Buffer.from(`\0me\0${PASSWORD}`).toString('base64')}`);
  });

  test('keeps a response that is too long for a line back until it is asked for', async () => {
    const password = 'p'.repeat(300);
    const { lines, report } = await heard(
      {
        answer: (line) =>
          line === 'AUTH PLAIN' ? '+ \r\n' : /^[A-Za-z0-9+/=]{300,}$/.test(line) ? '+OK\r\n' : undefined,
      },
      { source: { login: byPassword(password) } },
    );
    expect(lines).toContain(Buffer.from(`\0me\0${password}`).toString('base64'));
    expect(report.status).toBe('ok');
  });

  test('asks for messages in UTF-8 as they are, before it', async () => {
    const { lines } = await heard({ capabilities: ['UIDL', 'TOP', 'UTF8 USER', 'SASL PLAIN'] });
    expect(lines.slice(0, 2)).toEqual(['CAPA', 'UTF8']);
  });

  test.each(['a\r\nDELE 1', 'a\0b'])('with %j in the password is not begun', async (password) => {
    const { lines, report } = await heard({}, { source: { login: byPassword(password) } });
    expect(report.error).toMatchObject({ code: 'credentials' });
    expect(lines).toEqual(['CAPA']);
  });

  test.each([
    ['no STLS', { capabilities: ['USER'] }],
    ['no CAPA', { noCapa: true }],
    [
      'a refused STLS',
      { capabilities: ['STLS'], answer: (line: string) => (line === 'STLS' ? '-ERR no\r\n' : undefined) },
    ],
    [
      'an answer that goes on in the clear',
      {
        capabilities: ['STLS'],
        answer: (line: string) => (line === 'STLS' ? '+OK\r\n+OK injected\r\n' : undefined),
      },
    ],
  ])('over STLS is never sent to a server with %s', async (_, options) => {
    const { lines, report } = await heard(options as PopOptions, { source: { tls: 'starttls' } });
    expect(['tls', 'protocol']).toContain(report.error!.code);
    expect(lines.filter((line) => !['CAPA', 'STLS'].includes(line))).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each([
    ['[AUTH] no such user', 'credentials', null],
    ['wrong password', 'credentials', null],
    ['[IN-USE] mailbox is open', 'throttled', null],
    ['mailbox is locked by another session', 'throttled', null],
    ['[LOGIN-DELAY] too soon', 'throttled', 300_000],
    ['[SYS/TEMP] disk is full', 'throttled', null],
    ['too many connections, try again later', 'throttled', null],
    // Of Sina and Tencent, of Chinese providers in GBK, and Tencent's one text for everything.
    ['duplicate login!', 'throttled', null],
    [Buffer.from('b5c7c2bcccabc6b5b7b1', 'hex').toString('latin1'), 'throttled', null],
    [
      'Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy.',
      'credentials',
      null,
    ],
    ['invalid password, try again later', 'credentials', null],
    ['Logon failure: unknown user name or bad password.', 'credentials', null],
    ['[SYS/PERM] mailbox is damaged', 'refused', null],
  ] as const)('of "%s" means %s', async (text, code, retryAfterMs) => {
    const { report, connections } = await heard({
      capabilities: ['UIDL', 'TOP', 'SASL PLAIN', 'LOGIN-DELAY 300', 'RESP-CODES'],
      answer: (line) => (line.startsWith('AUTH') ? Buffer.from(`-ERR ${text}\r\n`, 'latin1') : undefined),
    });
    expect(report).toMatchObject({ status: 'failed', error: { code } });
    expect(report.error!.retryAfterMs ?? null).toBe(retryAfterMs);
    expect(report.error!.hint).toMatch(/\w/);
    // No second knock: it would only make it worse.
    expect(connections).toBe(1);
    expect(JSON.stringify(report)).not.toContain(PASSWORD);
  });

  test('of the user name by a server that does not offer passwords says so, and keeps the password', async () => {
    const { lines, report } = await heard({
      capabilities: ['UIDL', 'SASL CRAM-MD5'],
      answer: (line) => (line.startsWith('USER') ? '-ERR no passwords here\r\n' : undefined),
    });
    expect(report.error).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/takes no password here; it offers CRAM-MD5 \("no passwords here"\)/),
    });
    expect(lines).toEqual(['CAPA', 'USER me']);
  });

  test('of one message names it and stops nothing', async () => {
    const { report } = await heard({
      answer: (line) => (line === 'RETR 1' ? '-ERR [SYS/TEMP] \u001b[2Jbroken\r\n' : undefined),
    });
    expect(report).toMatchObject({ status: 'incomplete', added: 1, failed: 1 });
    expect(report.failures[0]!.reason).toBe('the server refuses it: ␛[2Jbroken');
  });
});

describe('an access token', () => {
  const token = `t0ken-${'x'.repeat(900)}`;
  const fresh = 'fresh-token';

  /** Gives `token`, and once that is refused `fresh`. */
  function byToken(asked: (string | null)[]): Login {
    return {
      kind: 'token',
      ask: async (_, refused) => {
        asked.push(refused);
        return refused === null ? token : fresh;
      },
    };
  }

  async function withToken(mechanism: string, options: PopOptions, settings: Partial<Pop3Settings> = {}) {
    const asked: (string | null)[] = [];
    const outcome = await heard(
      { capabilities: ['UIDL', 'TOP', `SASL PLAIN ${mechanism}`], ...options },
      { source: { login: byToken(asked), user: 'me,=you@example.org', ...settings } },
    );
    return { ...outcome, asked };
  }

  test('is sent by OAUTHBEARER where the server has it, in a line of its own', async () => {
    const { lines, report } = await withToken('XOAUTH2 OAUTHBEARER', {
      takesToken: (user, given) => user === 'me=2C=3Dyou@example.org' && given === token,
    });
    expect(report).toMatchObject({ status: 'ok', added: 2 });
    expect(lines[1]).toBe('AUTH OAUTHBEARER');
    expect(Buffer.from(lines[2]!, 'base64').toString()).toMatch(
      /^n,a=me=2C=3Dyou@example\.org,\x01host=127\.0\.0\.1\x01port=\d+\x01auth=Bearer t0ken-x+\x01\x01$/,
    );
  });

  test('is sent by XOAUTH2 otherwise', async () => {
    const { lines, report } = await withToken('XOAUTH2', {
      takesToken: (user, given) => user === 'me,=you@example.org' && given === token,
    });
    expect(report).toMatchObject({ status: 'ok', added: 2 });
    expect(lines[1]).toBe('AUTH XOAUTH2');
    expect(Buffer.from(lines[2]!, 'base64').toString()).toBe(
      `user=me,=you@example.org\x01auth=Bearer ${token}\x01\x01`,
    );
  });

  test.each([
    ['OAUTHBEARER', 'AQ=='],
    ['XOAUTH2', ''],
  ])('that is refused by %s is renewed once, on another connection', async (mechanism, answer) => {
    const { lines, report, asked, connections } = await withToken(mechanism, {
      takesToken: (_, given) => given === fresh,
    });
    expect(report).toMatchObject({ status: 'ok', added: 2 });
    expect([asked, connections]).toEqual([[null, token], 2]);
    expect(lines[3]).toBe(answer);
  });

  test.each(['OAUTHBEARER', 'XOAUTH2'])(
    'that is refused again by %s ends the run, and is nowhere',
    async (mechanism) => {
      const { report, connections } = await withToken(mechanism, { takesToken: () => false });
      expect(connections).toBe(2);
      expect(report.error).toMatchObject({
        code: 'credentials',
        message: expect.stringMatching(
          /refused the OAuth2 sign-in of me,=you@example\.org \("invalid token"\): status invalid_token, it wants the scope mail$/,
        ),
        hint: expect.stringMatching(/run mailkeep auth old/),
      });
      expect(JSON.stringify(report)).not.toMatch(/t0ken|fresh-token/);
    },
  );

  test('is not renewed for a server that only wants time', async () => {
    const { report, asked } = await withToken('XOAUTH2', {
      answer: (line) => (line.startsWith('AUTH') ? '-ERR [SYS/TEMP] not now\r\n' : undefined),
    });
    expect(report.error).toMatchObject({ code: 'throttled' });
    expect(asked).toEqual([null]);
  });

  test('is of no use at a server without such a sign-in, which is told', async () => {
    const { report, lines } = await withToken('CRAM-MD5', {});
    expect(report.error).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(
        /takes no OAuth2 sign-in \(XOAUTH2 or OAUTHBEARER\); it offers PLAIN, CRAM-MD5/,
      ),
    });
    expect(lines).toEqual(['CAPA']);
  });

  test.each(['+OK come in\r\n', '* OK\r\n'])(
    'is not sent to a server that answers AUTH with %j',
    async (says) => {
      const { report, lines } = await withToken('XOAUTH2', {
        answer: (line) => (line.startsWith('AUTH') ? says : undefined),
      });
      expect(report.error).toMatchObject({ code: 'protocol' });
      expect(lines).toEqual(['CAPA', 'AUTH XOAUTH2']);
    },
  );
});

describe('a server that quotes what it was sent', () => {
  const plain = Buffer.from(`\0me\0${PASSWORD}`).toString('base64');
  test.each([
    ['in a refusal', `-ERR no ${PASSWORD} and no ${plain} here`],
    ['in what is no answer at all', `* BAD ${PASSWORD} ${plain}`],
  ])('%s is quoted without it', async (_, says) => {
    const { report } = await heard({
      answer: (line) => (line.startsWith('AUTH') ? `${says}\r\n` : undefined),
    });
    expect(report.status).toBe('failed');
    expect(JSON.stringify(report)).toContain('[secret]');
    for (const secret of [PASSWORD, plain]) expect(JSON.stringify(report)).not.toContain(secret);
  });
});

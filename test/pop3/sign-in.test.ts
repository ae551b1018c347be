// How an account is signed in to, what it never says on an open line, and what each refusal means.

import { describe, expect, test } from 'vitest';
import { PASSWORD, type PopOptions, PopServer } from '../support/pop3-server/server.js';
import { mails, Stage } from './stage.js';

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
      { source: { user: 'mrose', password: async () => 'tanstaaf' } },
    );
    // The example of RFC 1939 section 7.
    expect(lines).toContain('APOP mrose c4c9334bac560ecc979e58001b3e22fb');
    expect(report).toMatchObject({ status: 'ok', added: 2 });
  });

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
      { source: { password: async () => password } },
    );
    expect(lines).toContain(Buffer.from(`\0me\0${password}`).toString('base64'));
    expect(report.status).toBe('ok');
  });

  test('asks for messages in UTF-8 as they are, before it', async () => {
    const { lines } = await heard({ capabilities: ['UIDL', 'TOP', 'UTF8 USER', 'SASL PLAIN'] });
    expect(lines.slice(0, 2)).toEqual(['CAPA', 'UTF8']);
  });

  test.each(['a\r\nDELE 1', 'a\0b'])('with %j in the password is not begun', async (password) => {
    const { lines, report } = await heard({}, { source: { password: async () => password } });
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
    ['[SYS/PERM] mailbox is damaged', 'refused', null],
  ] as const)('of "%s" means %s', async (text, code, retryAfterMs) => {
    const { report, connections } = await heard({
      capabilities: ['UIDL', 'TOP', 'SASL PLAIN', 'LOGIN-DELAY 300', 'RESP-CODES'],
      answer: (line) => (line.startsWith('AUTH') ? `-ERR ${text}\r\n` : undefined),
    });
    expect(report).toMatchObject({ status: 'failed', error: { code } });
    expect(report.error!.retryAfterMs ?? null).toBe(retryAfterMs);
    expect(report.error!.hint).toMatch(/\w/);
    // No second knock: it would only make it worse.
    expect(connections).toBe(1);
    expect(JSON.stringify(report)).not.toContain(PASSWORD);
  });

  test('of one message names it and stops nothing', async () => {
    const { report } = await heard({
      answer: (line) => (line === 'RETR 1' ? '-ERR [SYS/TEMP] \u001b[2Jbroken\r\n' : undefined),
    });
    expect(report).toMatchObject({ status: 'incomplete', added: 1, failed: 1 });
    expect(report.failures[0]!.reason).toBe('the server refuses it: ␛[2Jbroken');
  });
});

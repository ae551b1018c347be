import { describe, expect, test } from 'vitest';
import { mistakesIn } from './parse.js';

const SECRET = 'geheim-9f3';

/** An account that is fine, to put one mistake into. Lines 2 and following of the text. */
function account(...lines: string[]): string {
  return ['accounts:', '  - name: a', ...lines.map((line) => `    ${line}`)].join('\n');
}

const FINE = ['host: imap.example.org', 'user: me', 'password_env: PW'];

interface Case {
  readonly says: string;
  readonly text: string;
  readonly mistakes: readonly string[];
}

const CASES: readonly Case[] = [
  {
    says: 'an unknown key near a known one gets a suggestion',
    text: account(...FINE, 'prot: 993'),
    mistakes: ['6:5: accounts[0].prot: unknown key; did you mean "port"?'],
  },
  {
    says: 'a key in another spelling gets a suggestion',
    text: `dataDir: /x\ndata-dir: /x\n${account(...FINE)}`,
    mistakes: [
      '1:1: dataDir: unknown key; did you mean "data_dir"?',
      '2:1: data-dir: unknown key; did you mean "data_dir"?',
    ],
  },
  {
    says: 'the name another program uses gets a suggestion',
    text: account('host: h', 'username: me', 'user: me', 'password_env: PW'),
    mistakes: ['4:5: accounts[0].username: unknown key; did you mean "user"?'],
  },
  {
    says: 'an unknown key near nothing gets none',
    text: `frobnicate: 1\n${account(...FINE)}`,
    mistakes: ['1:1: frobnicate: unknown key'],
  },
  {
    says: 'a key called __proto__ is unknown like any other',
    text: `__proto__: { a: 1 }\n${account(...FINE)}`,
    mistakes: ['1:1: __proto__: unknown key'],
  },
  {
    says: 'a missing space after the colon is named, and the value is not shown',
    text: `accounts:\n  - {name: a, host: h, user: me, password:${SECRET}}`,
    mistakes: [
      '2:5: accounts[0]: missing value; expected one of password, password_file, password_command, password_env, password_credential, password_keyring and oauth',
      '2:34: accounts[0]["password..."]: unknown key; a space is missing after the colon',
    ],
  },
  {
    says: 'a key without a value may be a secret in the wrong place, and is not shown',
    text: `accounts:\n  - {name: a, host: h, user: me, password, ${SECRET}, prot}`,
    mistakes: [
      '2:34: accounts[0].password: expected text in quotes, got a value of the wrong type',
      '2:44: accounts[0]: unknown key',
      '2:56: accounts[0]: unknown key; did you mean "port"?',
    ],
  },
  {
    says: 'text where a number belongs',
    text: account(...FINE, 'port: "abc"'),
    mistakes: ['6:11: accounts[0].port: expected a whole number from 1 to 65535, got "abc"'],
  },
  {
    says: 'a number out of range',
    text: account(...FINE, 'port: 70000'),
    mistakes: ['6:11: accounts[0].port: expected a whole number from 1 to 65535, got 70000'],
  },
  {
    says: 'a broken number',
    text: account(...FINE, 'connections: 1.5'),
    mistakes: ['6:18: accounts[0].connections: expected a whole number from 1 to 32, got 1.5'],
  },
  {
    says: 'a number where text belongs is told to be quoted',
    text: account('host: h', 'user: 12345', 'password_env: PW'),
    mistakes: ['4:11: accounts[0].user: expected text, got 12345; put it in quotes'],
  },
  {
    says: 'a key without a value',
    text: account('host:', 'user: me', 'password_env: PW'),
    mistakes: ['3:5: accounts[0].host: expected a host name or address, without port or "://", got nothing'],
  },
  {
    says: 'a list where a mapping belongs',
    text: `guard: [50]\n${account(...FINE)}`,
    mistakes: ['1:8: guard: expected a mapping, got a list'],
  },
  {
    says: 'a mapping where a list belongs',
    text: 'accounts: { a: { host: h } }',
    mistakes: ['1:11: accounts: expected a list of accounts, got a mapping'],
  },
  {
    says: 'no accounts at all',
    text: 'concurrency: 2\n',
    mistakes: ['1:1: accounts: missing value; expected a list of accounts'],
  },
  {
    says: 'an empty list of accounts',
    text: 'accounts: []',
    mistakes: ['1:11: accounts: expected a list of accounts with at least one entry, got an empty list'],
  },
  {
    says: 'an account that is text',
    text: 'accounts: [work]',
    mistakes: ['1:12: accounts[0]: expected a mapping, got "work"'],
  },
  {
    says: 'missing values point at their mapping',
    text: 'accounts:\n  - protocol: imap\n',
    mistakes: [
      '2:5: accounts[0].name: missing value; expected a name of letters, digits, ".", "_", "@", "+" and "-"',
      '2:5: accounts[0].user: missing value; expected text',
      '2:5: accounts[0].host: missing value; expected a host name or address, or a provider',
      '2:5: accounts[0]: missing value; expected one of password, password_file, password_command, password_env, password_credential, password_keyring and oauth',
    ],
  },
  {
    says: 'a missing value inside a flow mapping points at its brace',
    text: `http: { }\n${account(...FINE)}`,
    mistakes: ['1:7: http.listen: missing value; expected host:port such as "127.0.0.1:8025", or unix:/path'],
  },
  {
    says: 'a wrong choice near a right one gets a suggestion',
    text: account(...FINE, 'tls: startls'),
    mistakes: [
      '6:10: accounts[0].tls: expected implicit, starttls or none, got "startls"; did you mean "starttls"?',
    ],
  },
  {
    says: 'a boolean where a choice belongs',
    text: account(...FINE, 'compress: true'),
    mistakes: ['6:15: accounts[0].compress: expected auto, on or off, got true'],
  },
  {
    says: 'an unknown provider',
    text: account('provider: gmial', 'user: me', 'password_env: PW'),
    mistakes: [
      '3:15: accounts[0].provider: expected gmail, outlook, yahoo, aol, icloud, fastmail, gmx, web.de, proton-bridge, qq, 163 or 126, got "gmial"; did you mean "gmail"?',
    ],
  },
  {
    says: 'a provider without POP3',
    text: account('provider: icloud', 'protocol: pop3', 'user: me', 'password_env: PW'),
    mistakes: ['4:15: accounts[0].protocol: icloud has no POP3; say protocol: imap, or give a host'],
  },
  {
    says: 'an account name that would leave its folder',
    text: 'accounts:\n  - name: ../x\n    host: h\n    user: me\n    password_env: PW',
    mistakes: [
      '2:11: accounts[0].name: expected a name of letters, digits, ".", "_", "@", "+" and "-", got "../x"',
    ],
  },
  {
    says: 'the account name ".."',
    text: 'accounts:\n  - name: ..\n    host: h\n    user: me\n    password_env: PW',
    mistakes: [
      '2:11: accounts[0].name: expected a name of letters, digits, ".", "_", "@", "+" and "-", got ".."',
    ],
  },
  {
    says: 'two names that differ only in case',
    text: `${account(...FINE)}\n  - name: A\n    host: h\n    user: me\n    password_env: PW`,
    mistakes: [
      "6:11: accounts[1].name: accounts[0] has this name already (it is also a folder's, where case may not count)",
    ],
  },
  {
    says: 'a host with its port',
    text: account('host: imap.example.org:993', 'user: me', 'password_env: PW'),
    mistakes: [
      '3:11: accounts[0].host: expected a host name or address, without port or "://", got "imap.example.org:993"',
    ],
  },
  {
    says: 'a URL with a password for a host, without the password',
    text: account(`host: imaps://me:${SECRET}@imap.example.org`, 'user: me', 'password_env: PW'),
    mistakes: [
      '3:11: accounts[0].host: expected a host name or address, without port or "://", got "imaps://me:[secret]@imap.example.org"',
    ],
  },
  {
    says: 'a user that would end a line of the protocol',
    text: account('host: h', 'user: "me\\r\\nA1 LOGOUT"', 'password_env: PW'),
    mistakes: ['4:11: accounts[0].user: expected text, got "me\\r\\nA1 LOGOUT"'],
  },
  {
    says: 'no TLS to another machine',
    text: account('host: 192.0.2.1', 'tls: none', 'user: me', 'password_env: PW'),
    mistakes: [
      '4:10: accounts[0].tls: without TLS anyone on the way reads the password; use implicit or starttls, or add allow_insecure: true',
    ],
  },
  {
    says: 'no TLS to a name that only looks like this machine',
    text: account('host: 127.0.0.1.example.org', 'tls: none', 'user: me', 'password_env: PW'),
    mistakes: [
      '4:10: accounts[0].tls: without TLS anyone on the way reads the password; use implicit or starttls, or add allow_insecure: true',
    ],
  },
  {
    says: 'no TLS to the loopback of a proxy',
    text: account('host: 127.0.0.1', 'tls: none', 'proxy: "socks5://p:1080"', 'user: me', 'password_env: PW'),
    mistakes: [
      '4:10: accounts[0].tls: without TLS anyone on the way reads the password; use implicit or starttls, or add allow_insecure: true',
    ],
  },
  {
    says: 'a pin that nothing would check',
    text: account(
      'host: ::1',
      'tls: none',
      `tls_fingerprint: "sha256:${'ab'.repeat(32)}"`,
      'user: me',
      'password_env: PW',
    ),
    mistakes: ['5:5: accounts[0].tls_fingerprint: has no effect with tls: none'],
  },
  {
    says: 'a pin beside a CA',
    text: account(...FINE, 'tls_ca_file: ca.pem', `tls_fingerprint: "sha256:${'ab'.repeat(32)}"`),
    mistakes: [
      '7:5: accounts[0].tls_fingerprint: replaces the check against tls_ca_file; give only one of the two',
    ],
  },
  {
    says: 'a fingerprint of another kind',
    text: account(...FINE, 'tls_fingerprint: "AB:CD"'),
    mistakes: [
      '6:22: accounts[0].tls_fingerprint: expected "sha256:" and 32 pairs of hex digits, got "AB:CD"',
    ],
  },
  {
    says: 'a client certificate without its key',
    text: account(...FINE, 'tls_cert_file: c.pem'),
    mistakes: ['2:5: accounts[0].tls_key_file: missing value; expected the key of tls_cert_file'],
  },
  {
    says: 'an old TLS version',
    text: account(...FINE, 'tls_min_version: 1.1'),
    mistakes: ['6:22: accounts[0].tls_min_version: expected "1.2" or "1.3", got 1.1'],
  },
  {
    says: 'two credentials: the second is one too many',
    text: account(...FINE, 'password_file: pw', 'oauth: { provider: google, client_id: x }'),
    mistakes: [
      '6:5: accounts[0].password_file: an account takes exactly one credential, and password_env is there already',
      '7:5: accounts[0].oauth: an account takes exactly one credential, and password_env is there already',
    ],
  },
  {
    says: 'a password without quotes that is a number, without the number',
    text: account('host: h', 'user: me', 'password: 73100442'),
    mistakes: ['5:15: accounts[0].password: expected text in quotes, got a value of the wrong type'],
  },
  {
    says: 'a password under a mapping, without the password',
    text: account('host: h', 'user: me', `password: { value: ${SECRET} }`),
    mistakes: ['5:15: accounts[0].password: expected text in quotes, got a value of the wrong type'],
  },
  {
    says: 'an empty password',
    text: account('host: h', 'user: me', 'password: ""'),
    mistakes: ['5:15: accounts[0].password: expected text in quotes'],
  },
  {
    says: 'a password that would end a line of the protocol, without the password',
    text: account('host: h', 'user: me', `password: "x\\r\\n${SECRET}"`),
    mistakes: ['5:15: accounts[0].password: expected text in quotes'],
  },
  {
    says: 'commands without a program',
    text: `${account('host: h', 'user: me', 'password_command: ["", x]')}\n  - { name: b, host: h, user: me, password_command: [] }\n  - { name: c, host: h, user: me, password_command: " " }`,
    mistakes: [
      '5:23: accounts[0].password_command: expected a list of program and arguments',
      '6:53: accounts[1].password_command: expected a list of program and arguments with at least one entry',
      '7:53: accounts[2].password_command: expected a command that runs without a shell (it is empty); write ["sh", "-c", "..."]',
    ],
  },
  {
    says: 'a command for a shell, without the command',
    text: account('host: h', 'user: me', `password_command: "pass ${SECRET} | head -n 1"`),
    mistakes: [
      '5:23: accounts[0].password_command: expected a command that runs without a shell (it uses |, which only a shell understands); write ["sh", "-c", "..."]',
    ],
  },
  {
    says: 'a command of which a word is no text',
    text: account('host: h', 'user: me', 'password_command: [pass, 7]'),
    mistakes: ['5:30: accounts[0].password_command[1]: expected text, got a value of the wrong type'],
  },
  {
    says: 'a command that is neither text nor list',
    text: account('host: h', 'user: me', 'password_command: 7'),
    mistakes: [
      '5:23: accounts[0].password_command: expected a command, or a list of words, got a value of the wrong type',
    ],
  },
  {
    says: 'a password where the name of a variable belongs, without the password',
    text: account('host: h', 'user: me', `password_env: ${SECRET}`),
    mistakes: ['5:19: accounts[0].password_env: expected the name of an environment variable'],
  },
  {
    says: 'a systemd credential in another folder',
    text: account('host: h', 'user: me', 'password_credential: ../x'),
    mistakes: ['5:26: accounts[0].password_credential: expected a plain file name'],
  },
  {
    says: 'a custom OAuth provider without an address',
    text: account('host: h', 'user: me', 'oauth: { provider: custom, client_id: x, tenant: y }'),
    mistakes: [
      '5:12: accounts[0].oauth.issuer: missing value; expected the issuer of a custom provider, or its token_endpoint',
      '5:46: accounts[0].oauth.tenant: only for provider: microsoft',
    ],
  },
  {
    says: 'an OAuth client with two secrets of the wrong type, without them',
    text: account(
      'host: h',
      'user: me',
      'oauth:',
      '  provider: google',
      '  client_id: x',
      '  client_secret: 99887766',
      '  client_secret_env: A',
    ),
    mistakes: [
      '8:22: accounts[0].oauth.client_secret: expected text in quotes, got a value of the wrong type',
      '9:7: accounts[0].oauth.client_secret_env: a client has one secret, and client_secret is there already',
    ],
  },
  {
    says: 'an OAuth token endpoint without TLS, without the address',
    text: account(
      'host: h',
      'user: me',
      `oauth: { provider: custom, client_id: x, token_endpoint: "http://x/${SECRET}" }`,
    ),
    mistakes: ['5:62: accounts[0].oauth.token_endpoint: expected a URL with https://'],
  },
  {
    says: 'a cron expression of three fields',
    text: `schedule: "* * *"\n${account(...FINE)}`,
    mistakes: [
      '1:11: schedule: expected a cron expression of five or six fields such as "*/15 * * * *", or "off", got "* * *"',
    ],
  },
  {
    says: 'an hour that does not exist',
    text: account(...FINE, 'schedule: "0 24 * * *"'),
    mistakes: [
      '6:15: accounts[0].schedule: expected a cron expression of five or six fields such as "*/15 * * * *", or "off", got "0 24 * * *"',
    ],
  },
  {
    says: 'an unknown time zone',
    text: `timezone: Europe/Berlinn\n${account(...FINE)}`,
    mistakes: ['1:11: timezone: expected a time zone such as Europe/Berlin, got "Europe/Berlinn"'],
  },
  {
    says: 'a duration without a unit',
    text: `stale_after: 24\nretention: { removed: "365" }\n${account(...FINE)}`,
    mistakes: [
      '1:14: stale_after: expected a duration such as 30m, 24h or 7d, or off, got 24; put it in quotes',
      '2:23: retention.removed: expected forever or a duration such as 365d, 12m (months) or 2y, got "365"',
    ],
  },
  {
    says: 'a percentage beyond 100',
    text: `guard: { max_removed_percent: 101 }\n${account(...FINE)}`,
    mistakes: ['1:31: guard.max_removed_percent: expected a number from 0 to 100, got 101'],
  },
  {
    says: 'a listen address without a host',
    text: `http: { listen: ":8025" }\n${account(...FINE)}`,
    mistakes: ['1:17: http.listen: expected host:port such as "127.0.0.1:8025", or unix:/path, got ":8025"'],
  },
  {
    says: 'a rate without a period',
    text: account(...FINE, 'rate_limit: 2000MB'),
    mistakes: ['6:17: accounts[0].rate_limit: expected an amount per time such as 2000MB/day, got "2000MB"'],
  },
  {
    says: 'a mailbox to watch that is no text',
    text: account(...FINE, 'watch: [INBOX, 5]'),
    mistakes: ['6:20: accounts[0].watch[1]: expected text, got 5; put it in quotes'],
  },
  {
    says: 'something else than mailboxes to watch',
    text: account(...FINE, 'watch: maybe'),
    mistakes: ['6:12: accounts[0].watch: expected true, false or a list of mailboxes, got "maybe"'],
  },
  {
    says: 'POP3 asked to watch, and IMAP asked for what only POP3 has',
    text: `${account(...FINE, 'protocol: pop3', 'watch: true')}\n  - name: b\n    host: h\n    user: me\n    password_env: PW\n    pop3: { delete_after: 30d }`,
    mistakes: [
      '7:5: accounts[0].watch: POP3 cannot watch a mailbox; it needs protocol: imap',
      '12:5: accounts[1].pop3: only for an account with protocol: pop3',
    ],
  },
  {
    says: 'a pattern that can match nothing',
    text: account(...FINE, 'folders: { include: [], exclude: ["Trash/"] }'),
    mistakes: [
      '6:25: accounts[0].folders.include: expected a list of mailbox patterns with at least one entry, got an empty list',
      '6:39: accounts[0].folders.exclude[0]: expected a mailbox pattern that does not end in "/" (say "Trash" or "Trash/**"), got "Trash/"',
    ],
  },
  {
    says: 'an unknown kind of notification',
    text: `notify:\n  - { type: wehook, url: "https://x" }\n  - 5\n${account(...FINE)}`,
    mistakes: [
      '2:13: notify[0].type: expected webhook, email or ping, got "wehook"',
      '3:5: notify[1]: expected a mapping, got 5',
    ],
  },
  {
    says: 'a webhook that is no web address, without the address',
    text: `notify:\n  - { type: webhook, url: "ftp://x/${SECRET}", on: [sucess] }\n${account(...FINE)}`,
    mistakes: [
      '2:27: notify[0].url: expected a URL with http:// or https://',
      '2:54: notify[0].on[0]: expected failure, recovery, stale, guard or damage, got "sucess"',
    ],
  },
  {
    says: 'a mail server whose sign-in is half there',
    text: `notify:\n  - { type: email, smtp: { host: h, user: u }, from: a@b, to: [c] }\n  - { type: email, smtp: { host: h, password_env: P }, from: a@b, to: [c@d] }\n${account(...FINE)}`,
    mistakes: [
      '2:26: notify[0].smtp.password: missing value; expected one of password, password_file, password_command, password_env, password_credential, password_keyring',
      '2:64: notify[0].to[0]: expected a mail address, got "c"',
      '3:26: notify[1].smtp.user: missing value; expected the user of password_env',
    ],
  },
  {
    says: 'an anchored value is wrong wherever it is used',
    text: 'accounts:\n  - { name: a, host: h, user: me, password_env: P, guard: &g { min_messages: x } }\n  - { name: b, host: h, user: me, password_env: P, guard: *g }',
    mistakes: [
      '2:78: accounts[0].guard.min_messages: expected a whole number from 0 to 1000000000, got "x"',
      '2:78: accounts[1].guard.min_messages: expected a whole number from 0 to 1000000000, got "x"',
    ],
  },
];

describe('a mistake in the configuration', () => {
  test.each(CASES)('$says', ({ text, mistakes }) => {
    const found = mistakesIn(text);
    expect(found).toEqual(mistakes);
    expect(found.join('\n')).not.toContain(SECRET);
  });

  test('the table is as long as it was meant to be', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(40);
  });

  test('all mistakes of a file come at once, in the order of the file', () => {
    const text = `concurrency: 0\nguard: { min_messages: x }\nnope: 1\n${account('host: h', 'prot: 1', 'tls: none', 'user: 5')}\nlog: 5\n`;
    expect(mistakesIn(text).map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
      '1:14',
      '2:24',
      '3:1',
      '5:5',
      '7:5',
      '8:10',
      '9:11',
      '10:6',
    ]);
  });

  test('a long list of mistakes is cut, and the rest counted', () => {
    const text = `${account(...FINE)}\n${Array.from({ length: 60 }, (_, index) => `zzz${index}: 1`).join('\n')}`;
    const found = mistakesIn(text);
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toBe('and 10 more');
  });

  test('a long value is cut and its control characters are shown as escapes', () => {
    const found = mistakesIn(account(...FINE, `protocol: "\\e[2J\\u202e\\x9b${'x'.repeat(500)}"`));
    expect(found).toEqual([
      `6:15: accounts[0].protocol: expected imap or pop3, got "\\u001b[2J\\u202e\\u009b${'x'.repeat(54)}..."`,
    ]);
  });
});

describe('a password in a file that others can read', () => {
  const text = account('host: h', 'user: me', `password: ${SECRET}`);

  test.each([0o644, 0o640, 0o604])('is refused with mode %o', (mode) => {
    const shown = mode.toString(8).padStart(4, '0');
    expect(mistakesIn(text, { mode: 0o100000 | mode })).toEqual([
      `5:5: accounts[0].password: others can read this file (mode ${shown}); run: chmod 600 /etc/mailkeep/c.yaml`,
    ]);
  });

  test.each([0o600, 0o400, 0o711])('is accepted with mode %o', (mode) => {
    expect(mistakesIn(text, { mode: 0o100000 | mode })).toEqual([]);
  });

  test('is accepted in a text that is no file yet', () => {
    expect(mistakesIn(text, { mode: null })).toEqual([]);
  });

  test('is refused for a mail server and an OAuth client too, with a command that can be pasted', () => {
    const other = [
      'notify:',
      `  - { type: email, smtp: { host: h, user: u, password: ${SECRET} }, from: a@b, to: [c@d] }`,
      account('host: h', 'user: me', `oauth: { provider: google, client_id: x, client_secret: ${SECRET} }`),
    ].join('\n');
    expect(mistakesIn(other, { mode: 0o100644, file: "/tmp/it's mine.yaml" })).toEqual([
      `2:46: notify[0].smtp.password: others can read this file (mode 0644); run: chmod 600 '/tmp/it'\\''s mine.yaml'`,
      `7:46: accounts[0].oauth.client_secret: others can read this file (mode 0644); run: chmod 600 '/tmp/it'\\''s mine.yaml'`,
    ]);
  });

  test('does not matter for a reference', () => {
    expect(mistakesIn(account(...FINE), { mode: 0o100644 })).toEqual([]);
  });
});

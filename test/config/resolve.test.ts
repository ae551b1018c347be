import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { AccountConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { PROVIDER_NAMES } from '../../src/config/providers.js';
import { parse } from './parse.js';

const DAY = 86_400_000;

function accountOf(yaml: string, top = ''): AccountConfig {
  const lines = yaml.split('\n').map((line) => `    ${line}`);
  const config = parse(`${top}\naccounts:\n  - name: a\n    user: me\n${lines.join('\n')}`);
  return config.accounts[0]!;
}

describe('a configuration', () => {
  test('of the least words has every default', () => {
    const config = parse('accounts: [{ name: a, host: h, user: me, password_env: PW }]');
    expect(config).toEqual({
      file: '/etc/mailkeep/c.yaml',
      dataDir: '/home/me/.local/share/mailkeep',
      schedule: '*/15 * * * *',
      timezone: null,
      concurrency: 4,
      log: { level: 'info', format: 'auto' },
      http: null,
      retention: { removed: 'forever' },
      guard: { maxRemovedPercent: 50, minMessages: 100 },
      notify: [],
      staleAfterMs: DAY,
      failureAfterMs: 300_000,
      drill: null,
      accounts: [
        {
          name: 'a',
          enabled: true,
          protocol: 'imap',
          provider: null,
          host: 'h',
          port: 993,
          tls: 'implicit',
          allowInsecure: false,
          tlsCaFile: null,
          tlsFingerprint: null,
          tlsMinVersion: 'TLSv1.2',
          tlsCertFile: null,
          tlsKeyFile: null,
          proxy: null,
          user: 'me',
          credential: { kind: 'env', name: 'PW' },
          folders: { include: ['*'], exclude: [] },
          schedule: '*/15 * * * *',
          timezone: config.timezone,
          retention: { removed: 'forever' },
          guard: { maxRemovedPercent: 50, minMessages: 100 },
          staleAfterMs: DAY,
          failureAfterMs: 300_000,
          drill: null,
          watch: [],
          connections: 2,
          rateLimit: null,
          engine: 'wire',
          compress: 'auto',
          pop3: { deleteAfterMs: null },
        },
      ],
    });
  });

  test.each([
    ['imap', 'implicit', 993],
    ['imap', 'starttls', 143],
    ['imap', 'none', 143],
    ['pop3', 'implicit', 995],
    ['pop3', 'starttls', 110],
    ['pop3', 'none', 110],
  ])('with %s and tls %s has port %d', (protocol, tls, port) => {
    expect(accountOf(`host: localhost\nprotocol: ${protocol}\ntls: ${tls}\npassword_env: P`).port).toBe(port);
  });

  test('keeps its archive where the command line, the file, the service and the home folder say, in that order', () => {
    const text = (dataDir: string) =>
      `${dataDir}\naccounts: [{ name: a, host: h, user: me, password_env: P }]`;
    const env = { STATE_DIRECTORY: '/var/lib/mailkeep:/var/lib/other', XDG_DATA_HOME: '/data' };
    expect(parse(text('data_dir: d'), { env, dataDir: 'here' }).dataDir).toBe('/work/here');
    expect(parse(text('data_dir: d'), { env }).dataDir).toBe('/etc/mailkeep/d');
    expect(parse(text('data_dir: ~/d'), { env }).dataDir).toBe('/home/me/d');
    expect(parse(text(''), { env }).dataDir).toBe('/var/lib/mailkeep');
    expect(parse(text(''), { env: { XDG_DATA_HOME: '/data' } }).dataDir).toBe('/data/mailkeep');
    expect(parse(text(''), { env: { XDG_DATA_HOME: 'relative' } }).dataDir).toBe(
      '/home/me/.local/share/mailkeep',
    );
    expect(() => parse(text(''), { home: null })).toThrow(
      'c.yaml:2:1: data_dir: missing value; expected a path, since there is neither $STATE_DIRECTORY nor a home folder',
    );
  });

  test('has what the top level says in each account, key by key, unless the account says otherwise', () => {
    const top = [
      'schedule: "off"',
      'timezone: Europe/Berlin',
      'retention: { removed: 30d }',
      'guard: { max_removed_percent: 20, min_messages: 7 }',
      'stale_after: off',
      'failure_after: 0m',
      'drill: { schedule: "0 4 * * 0", sample: 5 }',
    ].join('\n');
    expect(accountOf('host: h\npassword_env: P', top)).toMatchObject({
      schedule: null,
      timezone: 'Europe/Berlin',
      retention: { removed: { ms: 30 * DAY } },
      guard: { maxRemovedPercent: 20, minMessages: 7 },
      staleAfterMs: null,
      failureAfterMs: 0,
      drill: { schedule: '0 4 * * 0', sample: 5 },
    });
    const own =
      'schedule: "0 * * * *"\ntimezone: UTC\nretention: { removed: forever }\nguard: { min_messages: 0 }\nstale_after: 1h\nfailure_after: 2h\ndrill: { sample: 9 }';
    expect(accountOf(`host: h\npassword_env: P\n${own}`, top)).toMatchObject({
      schedule: '0 * * * *',
      timezone: 'UTC',
      retention: { removed: 'forever' },
      guard: { maxRemovedPercent: 20, minMessages: 0 },
      staleAfterMs: 3_600_000,
      failureAfterMs: 7_200_000,
      drill: { schedule: '0 4 * * 0', sample: 9 },
    });
    expect(accountOf('host: h\npassword_env: P\nschedule: off', 'schedule: "0 * * * *"').schedule).toBeNull();
  });

  test('takes address, TLS and limits from the provider, and what the account says before that', () => {
    expect(accountOf('provider: gmail\npassword_env: P')).toMatchObject({
      host: 'imap.gmail.com',
      port: 993,
      tls: 'implicit',
      connections: 4,
      rateLimit: { bytes: 2_000_000_000, perMs: DAY },
    });
    expect(accountOf('provider: gmail\nprotocol: pop3\npassword_env: P')).toMatchObject({
      host: 'pop.gmail.com',
      port: 995,
      rateLimit: { bytes: 1_000_000_000, perMs: DAY },
    });
    expect(accountOf('provider: proton-bridge\npassword_env: P')).toMatchObject({
      host: '127.0.0.1',
      port: 1143,
      tls: 'starttls',
    });
    expect(
      accountOf('provider: proton-bridge\nhost: bridge\nconnections: 1\nrate_limit: 1M/s\npassword_env: P'),
    ).toMatchObject({
      host: 'bridge',
      port: 993,
      tls: 'implicit',
      connections: 1,
      rateLimit: { bytes: 1_048_576, perMs: 1000 },
    });
    expect(accountOf('provider: gmail\ntls: starttls\npassword_env: P')).toMatchObject({
      port: 143,
      tls: 'starttls',
    });
  });

  test("knows a provider by its host, and keeps to that provider's limits", () => {
    expect(accountOf('host: IMAP.gmail.com\npassword_env: P')).toMatchObject({
      provider: null,
      connections: 4,
      rateLimit: { bytes: 2_000_000_000 },
    });
    expect(
      accountOf('host: imap.gmail.com\nconnections: 9\nrate_limit: 1M/s\npassword_env: P'),
    ).toMatchObject({
      connections: 9,
      rateLimit: { bytes: 1_048_576 },
    });
    expect(accountOf('host: imap.gmail.com.example.org\npassword_env: P').rateLimit).toBeNull();
    expect(accountOf('host: 127.0.0.1\npassword_env: P').folders.exclude).toEqual([]);
  });

  test('leaves out what a provider shows twice, unless the account says what to leave out', () => {
    expect(accountOf('provider: proton-bridge\npassword_env: P').folders.exclude).toEqual(['All Mail']);
    expect(
      accountOf('provider: proton-bridge\npassword_env: P\nfolders: { exclude: [] }').folders.exclude,
    ).toEqual([]);
  });

  test.each(PROVIDER_NAMES)('knows the provider %s', (provider) => {
    expect(accountOf(`provider: "${provider}"\npassword_env: P`).host).not.toBe('');
  });

  test.each([
    ['true', ['INBOX']],
    ['false', []],
    ['[INBOX, Arbeit/日本]', ['INBOX', 'Arbeit/日本']],
    ['[]', []],
  ])('with watch: %s watches %j', (watch, mailboxes) => {
    expect(accountOf(`host: h\npassword_env: P\nwatch: ${watch}`).watch).toEqual(mailboxes);
  });

  test.each([1.2, '"1.2"', '"1.3"', 1.3])('takes the TLS version %s with and without quotes', (version) => {
    const expected = `TLSv${String(version).replaceAll('"', '')}`;
    expect(accountOf(`host: h\npassword_env: P\ntls_min_version: ${version}`).tlsMinVersion).toBe(expected);
  });

  test.each([
    ['host: 127.0.0.1', ''],
    ['host: "::1"', ''],
    ['host: Localhost', ''],
    ['host: imap.example.org', 'allow_insecure: true'],
  ])('may do without TLS at %s %s', (host, more) => {
    expect(accountOf(`${host}\ntls: none\npassword_env: P\n${more}`).tls).toBe('none');
  });

  test('holds no credential but a reference to one', () => {
    const of = (yaml: string) => accountOf(`host: h\n${yaml}`).credential;
    expect(of('password_file: ~/pw')).toEqual({ kind: 'file', path: '/home/me/pw' });
    expect(of('password_command: "pass show \'a b\'"')).toEqual({
      kind: 'command',
      words: ['pass', 'show', 'a b'],
      folder: '/etc/mailkeep',
    });
    expect(of('password_command: [sh, -c, "pass x | head -n 1"]')).toMatchObject({
      words: ['sh', '-c', 'pass x | head -n 1'],
    });
    expect(
      of('password_command:\n  - sh\n  - -c\n  - |\n    pass "$1" |\n      head -n 1\n  - ""'),
    ).toMatchObject({
      words: ['sh', '-c', 'pass "$1" |\n  head -n 1\n', ''],
    });
    expect(of('password_credential: work')).toEqual({ kind: 'credential', name: 'work' });
    expect(of('password_keyring: { service: mailkeep }')).toEqual({
      kind: 'keyring',
      service: 'mailkeep',
      account: 'me',
    });
    expect(of('oauth: { provider: google, client_id: x, client_secret_file: s }')).toEqual({
      kind: 'oauth',
      provider: 'google',
      clientId: 'x',
      clientSecret: { kind: 'file', path: '/etc/mailkeep/s' },
      tenant: null,
      issuer: null,
      authorizationEndpoint: null,
      tokenEndpoint: null,
      deviceAuthorizationEndpoint: null,
      scopes: null,
    });
  });

  test('shows no secret when it is printed, logged or serialised, and gives each when asked', () => {
    const config = parse(
      [
        'notify:',
        '  - { type: webhook, url: "https://hooks.example/geheim-1" }',
        '  - { type: ping, url: "https://ping.example/geheim-2" }',
        '  - { type: email, smtp: { host: h, user: u, password: geheim-3 }, from: a@b, to: [c@d] }',
        'accounts:',
        '  - { name: a, host: h, user: me, password: geheim-4, proxy: "socks5://u:geheim-5@p:1" }',
        '  - { name: b, host: h, user: me, oauth: { provider: google, client_id: x, client_secret: geheim-6 } }',
      ].join('\n'),
    );
    for (const shown of [
      JSON.stringify(config),
      inspect(config, { depth: 99, showHidden: true }),
      String(config),
    ]) {
      expect(shown).not.toContain('geheim');
    }
    const [webhook, ping, email] = config.notify;
    const [first, second] = config.accounts;
    const found = [
      webhook?.type === 'webhook' && webhook.url.reveal(),
      ping?.type === 'ping' && ping.url.reveal(),
      email?.type === 'email' &&
        email.smtp.login?.password.kind === 'password' &&
        email.smtp.login.password.value.reveal(),
      first?.credential.kind === 'password' && first.credential.value.reveal(),
      first?.proxy?.reveal(),
      second?.credential.kind === 'oauth' &&
        second.credential.clientSecret?.kind === 'password' &&
        second.credential.clientSecret.value.reveal(),
    ];
    expect(found).toEqual([
      'https://hooks.example/geheim-1',
      'https://ping.example/geheim-2',
      'geheim-3',
      'geheim-4',
      'socks5://u:geheim-5@p:1',
      'geheim-6',
    ]);
  });

  test('hears of the same events by web and mail unless told otherwise, and mail has its ports', () => {
    const { notify } = parse(
      [
        'http: { listen: "unix:run/http.sock" }',
        'notify:',
        '  - { type: email, smtp: { host: h, tls: starttls }, from: a@b, to: [c@d], on: [stale] }',
        '  - { type: webhook, url: "http://x" }',
        'accounts: [{ name: a, host: h, user: me, password_env: PW }]',
      ].join('\n'),
    );
    expect(notify).toMatchObject([
      { smtp: { host: 'h', port: 587, tls: 'starttls', login: null }, on: ['stale'] },
      { on: ['failure', 'recovery', 'stale', 'guard', 'damage'] },
    ]);
  });
});

describe('config.example.yaml', () => {
  const example = fileURLToPath(new URL('../../config.example.yaml', import.meta.url));

  test('is itself a valid configuration', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-example-'));
    try {
      const file = join(folder, 'config.yaml');
      await copyFile(example, file);
      await chmod(file, 0o600);
      const source = { env: {}, home: null, workingFolder: '/', file, dataDir: null };
      const config = await loadConfig(source);
      expect(config.accounts.map(({ name }) => name)).toEqual([
        'personal',
        'work',
        'old',
        'company',
        'elsewhere',
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

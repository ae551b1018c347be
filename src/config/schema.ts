/**
 * The shape of the configuration: every key, its type and the language of its text. Defaults and
 * whatever spans several keys live elsewhere (resolve.ts, cross-checks.ts), so that one wrong value hides
 * no other mistake.
 */
import { z } from 'zod';
import { ALERT_EVENTS } from '../core/daemon/alert.js';
import { splitCommand } from '../core/text/command-words.js';
import { isCronExpression } from './cron-shape.js';
import { list, mapping, number, oneOf, parsed, secret, text, trueOrFalse, wholeNumber } from './kinds.js';
import { PROVIDER_NAMES } from './providers.js';
import {
  isHost,
  isTimezone,
  isUrl,
  parseFingerprint,
  parseListen,
  parseLongSpan,
  parseRate,
  parseShortSpan,
} from './values.js';

const plainText = text('text');
const path = text('a path');
const host = text('a host name or address, without port or "://"', isHost);
const port = wholeNumber(1, 65535);
const tls = oneOf(['implicit', 'starttls', 'none']);
const webUrl = secret('a URL with http:// or https://', (value) => isUrl(value, ['http:', 'https:']));

const schedule = parsed(
  'a cron expression of five or six fields such as "*/15 * * * *", or "off"',
  (value) => {
    if (value === 'off') return null;
    return isCronExpression(value) ? value : undefined;
  },
);

const staleAfter = parsed('a duration such as 30m, 24h or 7d, or off', (value) =>
  value === 'off' ? null : parseShortSpan(value),
);

const failureAfter = parsed('a duration such as 5m (minutes) or 1h, or 0m', (value) =>
  value === '0m' ? 0 : parseShortSpan(value),
);

const timezone = text('a time zone such as Europe/Berlin', isTimezone);

const retention = mapping({
  removed: parsed('forever or a duration such as 365d, 12m (months) or 2y', (value) => {
    if (value === 'forever') return value;
    const ms = parseLongSpan(value);
    return ms === undefined ? undefined : { ms };
  }).optional(),
});

const guard = mapping({
  max_removed_percent: number('a number from 0 to 100', 0, 100).optional(),
  min_messages: wholeNumber(0, 1_000_000_000).optional(),
});

/** `weekly` alone is a schedule: in the small hours of Sunday. */
const drill = z.preprocess(
  (value) => (value === 'weekly' ? { schedule: '0 4 * * 0' } : value),
  mapping({ schedule: schedule.optional(), sample: wholeNumber(1, 100_000).optional() }),
);

const keyring = mapping({ service: plainText, account: plainText.optional() });

/** An argument may be empty, or a script of several lines. */
const word = z
  .string({ error: 'text' })
  .refine((value) => !value.includes('\0'), { error: 'text without a NUL' });

const command = z.union(
  [
    parsed('a command', (value, refuse) => {
      const split = splitCommand(value);
      if (split.ok) return split.words;
      return refuse(`a command that runs without a shell (it ${split.problem}); write ["sh", "-c", "..."]`);
    }),
    list(word, 'a list of program and arguments').refine((words) => words[0] !== '', {
      error: 'a list of program and arguments',
    }),
  ],
  { error: 'a command, or a list of words' },
);

const variable = text('the name of an environment variable', (value) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(value),
);

const credentialName = text(
  'a plain file name',
  (value) => /^[^/\x00-\x1f\x7f]+$/.test(value) && !/^\.\.?$/.test(value),
);

/** One secret, said in one of six ways. */
function secretKeys<Prefix extends string>(prefix: Prefix) {
  const shape = {
    '': secret('text in quotes', (value) => /^[^\r\n]+$/.test(value)).optional(),
    _file: path.optional(),
    _command: command.optional(),
    _env: variable.optional(),
    _credential: credentialName.optional(),
    _keyring: keyring.optional(),
  };
  type Shape = typeof shape;
  const named = Object.entries(shape).map(([suffix, schema]) => [`${prefix}${suffix}`, schema]);
  return Object.fromEntries(named) as {
    [Suffix in keyof Shape as `${Prefix}${Suffix & string}`]: Shape[Suffix];
  };
}

const oauth = mapping({
  provider: oneOf(['google', 'microsoft', 'custom']),
  client_id: plainText,
  ...secretKeys('client_secret'),
  tenant: plainText.optional(),
  issuer: text('a URL with https://', isTrustworthyUrl).optional(),
  authorization_endpoint: text('a URL with https://', isTrustworthyUrl).optional(),
  token_endpoint: text('a URL with https://', isTrustworthyUrl).optional(),
  device_authorization_endpoint: text('a URL with https://', isTrustworthyUrl).optional(),
  scopes: list(plainText, 'a list of scopes').optional(),
});

const on = list(oneOf(ALERT_EVENTS), 'a list of failure, recovery, stale, guard and damage').optional();
const address = text('a mail address', (value) => /^[^\s@<>"]+@[^\s@<>"]+$/.test(value));

const smtp = mapping({
  host,
  port: port.optional(),
  tls: tls.optional(),
  allow_insecure: trueOrFalse().optional(),
  tls_ca_file: path.optional(),
  user: plainText.optional(),
  ...secretKeys('password'),
});

const notify = z.discriminatedUnion(
  'type',
  [
    mapping({ type: z.literal('webhook'), url: webUrl, on }),
    mapping({
      type: z.literal('email'),
      smtp,
      from: address,
      to: list(address, 'a list of mail addresses'),
      on,
    }),
    mapping({ type: z.literal('ping'), url: webUrl }),
  ],
  { error: (issue) => (issue.code === 'invalid_union' ? 'webhook, email or ping' : 'a mapping') },
);

const mailboxPattern = text(
  'a mailbox pattern that does not end in "/" (say "Trash" or "Trash/**")',
  (value) => /[^/]$/.test(value),
);

/** YAML reads an unquoted 1.2 as a number. */
const tlsVersion = z
  .literal(['1.2', '1.3', 1.2, 1.3], { error: '"1.2" or "1.3"' })
  .transform((value) => `TLSv${value}` as 'TLSv1.2' | 'TLSv1.3');

const proxyUrl = secret('a URL such as socks5://host:1080 or http://host:3128', (value) =>
  isUrl(value, ['http:', 'https:', 'socks:', 'socks4:', 'socks4a:', 'socks5:']),
);

const account = mapping({
  name: text('a name of letters, digits, ".", "_", "@", "+" and "-"', isAccountName),
  enabled: trueOrFalse().optional(),
  protocol: oneOf(['imap', 'pop3']).optional(),
  provider: oneOf(PROVIDER_NAMES).optional(),
  host: host.optional(),
  port: port.optional(),
  tls: tls.optional(),
  allow_insecure: trueOrFalse().optional(),
  tls_ca_file: path.optional(),
  tls_fingerprint: parsed('"sha256:" and 32 pairs of hex digits', parseFingerprint).optional(),
  tls_min_version: tlsVersion.optional(),
  tls_cert_file: path.optional(),
  tls_key_file: path.optional(),
  proxy: proxyUrl.optional(),
  user: plainText,
  ...secretKeys('password'),
  oauth: oauth.optional(),
  folders: mapping({
    include: list(mailboxPattern, 'a list of mailbox patterns').optional(),
    exclude: z.array(mailboxPattern, { error: 'a list of mailbox patterns' }).optional(),
  }).optional(),
  schedule: schedule.optional(),
  timezone: timezone.optional(),
  retention: retention.optional(),
  guard: guard.optional(),
  stale_after: staleAfter.optional(),
  failure_after: failureAfter.optional(),
  drill: drill.optional(),
  watch: z
    .union([trueOrFalse(), z.array(plainText, { error: 'a list of mailboxes' })], {
      error: 'true, false or a list of mailboxes',
    })
    .optional(),
  connections: wholeNumber(1, 32).optional(),
  rate_limit: parsed('an amount per time such as 2000MB/day', parseRate).optional(),
  engine: oneOf(['wire', 'imapflow']).optional(),
  compress: oneOf(['auto', 'on', 'off']).optional(),
  pop3: mapping({
    delete_after: parsed('never or a duration such as 30d, 6m (months) or 1y', (value) =>
      value === 'never' ? null : parseLongSpan(value),
    ).optional(),
  }).optional(),
});

export const configSchema = mapping({
  data_dir: path.optional(),
  schedule: schedule.optional(),
  timezone: timezone.optional(),
  concurrency: wholeNumber(1, 256).optional(),
  log: mapping({
    level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).optional(),
    format: oneOf(['auto', 'json', 'pretty']).optional(),
  }).optional(),
  http: mapping({
    listen: parsed('host:port such as "127.0.0.1:8025", or unix:/path', parseListen),
  }).optional(),
  retention: retention.optional(),
  guard: guard.optional(),
  notify: z.array(notify, { error: 'a list' }).optional(),
  stale_after: staleAfter.optional(),
  failure_after: failureAfter.optional(),
  drill: drill.optional(),
  accounts: list(account, 'a list of accounts'),
});

/** The file's values, checked one by one and parsed. */
export type CheckedConfig = z.output<typeof configSchema>;
export type CheckedAccount = CheckedConfig['accounts'][number];
export type CheckedSmtp = z.output<typeof smtp>;
export type CheckedOAuth = z.output<typeof oauth>;

function isAccountName(value: string): boolean {
  return /^[A-Za-z0-9._@+-]{1,128}$/.test(value) && value !== '.' && value !== '..';
}

/** Tokens travel over it: TLS, or a test server on this machine. */
function isTrustworthyUrl(value: string): boolean {
  return (
    isUrl(value, ['https:']) ||
    (isUrl(value, ['http:']) && /^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(value))
  );
}

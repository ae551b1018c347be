/**
 * Mistakes that show only when several keys, or the file itself, are looked at together. They read the
 * raw values and skip what is of the wrong shape (the schema reports that), so that every mistake of a
 * file is found in one go.
 */

import { shellWord } from '../core/text/command-words.js';
import { type ConfigPath, type Mistake, showPath } from './mistakes.js';
import { PROVIDER_NAMES, PROVIDERS, type ProviderProfile } from './providers.js';
import { isHost, isLoopback } from './values.js';

export interface Surroundings {
  /** As the operator would type it. */
  readonly file: string;
  /** Permission bits; null where there is no file (a text that is about to be written). */
  readonly mode: number | null;
  /** Whether the command line or the environment says where the archive is. */
  readonly dataDirKnown: boolean;
}

type Raw = Readonly<Record<string, unknown>>;

const SUFFIXES = ['', '_file', '_command', '_env', '_credential', '_keyring'];
const PASSWORD_KEYS = SUFFIXES.map((suffix) => `password${suffix}`);
const CLIENT_SECRET_KEYS = SUFFIXES.map((suffix) => `client_secret${suffix}`);

const READABLE_BY_OTHERS = 0o044;

export function crossChecks(root: unknown, around: Surroundings): Mistake[] {
  const config = mapping(root);
  if (!config) return [];
  const accounts = mappingsIn(config, 'accounts');
  return [
    ...checkDataDir(config, around),
    ...accounts.flatMap(({ raw, path }) => checkAccount(raw, path, around)),
    ...uniqueNames(accounts),
    ...mappingsIn(config, 'notify').flatMap(({ raw, path }) => {
      const smtp = mapping(raw.smtp);
      return smtp ? checkSmtp(smtp, [...path, 'smtp'], around) : [];
    }),
  ];
}

function checkDataDir(config: Raw, { dataDirKnown }: Surroundings): Mistake[] {
  if (dataDirKnown || config.data_dir !== undefined) return [];
  return [missing(['data_dir'], 'a path, since there is neither $STATE_DIRECTORY nor a home folder')];
}

function checkAccount(account: Raw, path: ConfigPath, around: Surroundings): Mistake[] {
  const profile = profileOf(account);
  const protocol = account.protocol ?? 'imap';
  const endpoint = profile?.[protocol === 'pop3' ? 'pop3' : 'imap'];
  const mistakes: Mistake[] = [];
  if (account.host === undefined && account.provider === undefined) {
    mistakes.push(missing([...path, 'host'], 'a host name or address, or a provider'));
  } else if (account.host === undefined && endpoint === null) {
    mistakes.push(
      value([...path, 'protocol'], `${account.provider} has no POP3; say protocol: imap, or give a host`),
    );
  }
  const connection = { host: account.host ?? endpoint?.host, tls: account.tls ?? endpoint?.tls };
  mistakes.push(...checkTls(account, connection, path));
  mistakes.push(...checkCredential(account, path, around));
  if (protocol === 'pop3' && account.watch !== undefined && account.watch !== false) {
    mistakes.push(key([...path, 'watch'], 'POP3 cannot watch a mailbox; it needs protocol: imap'));
  }
  if (protocol === 'imap' && account.pop3 !== undefined) {
    mistakes.push(key([...path, 'pop3'], 'only for an account with protocol: pop3'));
  }
  return mistakes;
}

function checkTls(raw: Raw, connection: { host: unknown; tls: unknown }, path: ConfigPath): Mistake[] {
  const mistakes: Mistake[] = [];
  const { host } = connection;
  if (connection.tls === 'none') {
    // Through a proxy the loopback is the proxy's own, and the way there is open.
    const local = typeof host === 'string' && isLoopback(host) && raw.proxy === undefined;
    if (!local && raw.allow_insecure !== true && typeof host === 'string' && isHost(host)) {
      const message =
        'without TLS anyone on the way reads the password; use implicit or starttls, or add allow_insecure: true';
      mistakes.push(value([...path, 'tls'], message));
    }
    const pointless = ['tls_ca_file', 'tls_fingerprint', 'tls_cert_file', 'tls_key_file'];
    for (const name of pointless.filter((candidate) => raw[candidate] !== undefined)) {
      mistakes.push(key([...path, name], 'has no effect with tls: none'));
    }
  }
  if (raw.tls_ca_file !== undefined && raw.tls_fingerprint !== undefined) {
    mistakes.push(
      key([...path, 'tls_fingerprint'], 'replaces the check against tls_ca_file; give only one of the two'),
    );
  }
  if (raw.tls_cert_file !== undefined && raw.tls_key_file === undefined) {
    mistakes.push(missing([...path, 'tls_key_file'], 'the key of tls_cert_file'));
  }
  if (raw.tls_key_file !== undefined && raw.tls_cert_file === undefined) {
    mistakes.push(missing([...path, 'tls_cert_file'], 'the certificate of tls_key_file'));
  }
  return mistakes;
}

function checkCredential(account: Raw, path: ConfigPath, around: Surroundings): Mistake[] {
  const mistakes = atMostOne(
    account,
    [...PASSWORD_KEYS, 'oauth'],
    path,
    'an account takes exactly one credential',
  );
  if (mistakes.length === 0 && present(account, [...PASSWORD_KEYS, 'oauth']).length === 0) {
    mistakes.push(value(path, `missing value; expected one of ${PASSWORD_KEYS.join(', ')} and oauth`));
  }
  mistakes.push(...openToOthers(account, 'password', path, around));
  const oauth = mapping(account.oauth);
  return oauth ? [...mistakes, ...checkOAuth(oauth, [...path, 'oauth'], around)] : mistakes;
}

function checkOAuth(oauth: Raw, path: ConfigPath, around: Surroundings): Mistake[] {
  const mistakes = [
    ...atMostOne(oauth, CLIENT_SECRET_KEYS, path, 'a client has one secret'),
    ...openToOthers(oauth, 'client_secret', path, around),
  ];
  if (oauth.provider === 'custom' && oauth.issuer === undefined && oauth.token_endpoint === undefined) {
    mistakes.push(missing([...path, 'issuer'], 'the issuer of a custom provider, or its token_endpoint'));
  }
  if (oauth.tenant !== undefined && oauth.provider !== 'microsoft') {
    mistakes.push(key([...path, 'tenant'], 'only for provider: microsoft'));
  }
  return mistakes;
}

function checkSmtp(smtp: Raw, path: ConfigPath, around: Surroundings): Mistake[] {
  const mistakes = [
    ...checkTls(smtp, { host: smtp.host, tls: smtp.tls }, path),
    ...atMostOne(smtp, PASSWORD_KEYS, path, 'a sign-in takes one password'),
    ...openToOthers(smtp, 'password', path, around),
  ];
  const [credential] = present(smtp, PASSWORD_KEYS);
  if (smtp.user !== undefined && credential === undefined) {
    mistakes.push(missing([...path, 'password'], `one of ${PASSWORD_KEYS.join(', ')}`));
  }
  if (smtp.user === undefined && credential !== undefined) {
    mistakes.push(missing([...path, 'user'], `the user of ${credential}`));
  }
  return mistakes;
}

/** Every key beyond the first in file order is one too many. */
function atMostOne(raw: Raw, keys: readonly string[], path: ConfigPath, rule: string): Mistake[] {
  const [first, ...more] = present(raw, keys);
  return more.map((extra) => key([...path, extra], `${rule}, and ${first} is there already`));
}

function present(raw: Raw, keys: readonly string[]): string[] {
  return Object.keys(raw).filter((name) => keys.includes(name));
}

function openToOthers(raw: Raw, name: string, path: ConfigPath, { file, mode }: Surroundings): Mistake[] {
  if (raw[name] === undefined || mode === null || (mode & READABLE_BY_OTHERS) === 0) return [];
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  return [
    key([...path, name], `others can read this file (mode ${octal}); run: chmod 600 ${shellWord(file)}`),
  ];
}

function uniqueNames(accounts: readonly Placed[]): Mistake[] {
  const firstWith = new Map<string, ConfigPath>();
  return accounts.flatMap(({ raw, path }) => {
    if (typeof raw.name !== 'string') return [];
    const folder = raw.name.toLowerCase();
    const first = firstWith.get(folder);
    if (first === undefined) {
      firstWith.set(folder, path);
      return [];
    }
    const message = `${showPath(first)} has this name already (it is also a folder's, where case may not count)`;
    return [value([...path, 'name'], message)];
  });
}

function profileOf(account: Raw): ProviderProfile | undefined {
  const name = PROVIDER_NAMES.find((candidate) => candidate === account.provider);
  return name === undefined ? undefined : PROVIDERS[name];
}

function mapping(raw: unknown): Raw | null {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Raw) : null;
}

interface Placed {
  readonly raw: Raw;
  readonly path: ConfigPath;
}

/** The mappings in the list under a key; what is no mapping is the schema's to report. */
function mappingsIn(config: Raw, name: string): Placed[] {
  const list: unknown = config[name];
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) => {
    const raw = mapping(item);
    return raw ? [{ raw, path: [name, index] }] : [];
  });
}

function key(path: ConfigPath, message: string): Mistake {
  return { path, place: 'key', message };
}

function value(path: ConfigPath, message: string): Mistake {
  return { path, place: 'value', message };
}

function missing(path: ConfigPath, expected: string): Mistake {
  return { path, place: 'parent', message: `missing value; expected ${expected}` };
}

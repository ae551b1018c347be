/**
 * The first configuration: tried before it is written. A sign-in that is tried goes the way that every later
 * run goes, from the same text; nothing is on disk before `writeSetup`.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { xdgFolder } from '../config/config-file.js';
import { parseConfig } from '../config/load.js';
import { providerOfExchanger } from '../config/provider-of.js';
import { PROVIDERS, type ProviderName, providerOfHost } from '../config/providers.js';
import { type StarterAnswers, starterConfig } from '../config/starter-config.js';
import { ArchiveError, ConfigError, throwIfAborted } from '../core/errors.js';
import type { Discovery } from '../discovery/discover.js';
import type { ServerFacts } from '../imap/probe-server.js';
import type { Surroundings } from './surroundings.js';
import { Wiring } from './wiring.js';

export type { ServerFacts } from '../imap/probe-server.js';

/** Where the config goes: as asked, $MAILKEEP_CONFIG, else the user's own place. */
export function setupFile(around: Surroundings, asked: string | null): string {
  const named = asked ?? around.env.MAILKEEP_CONFIG;
  if (named) return resolve(around.cwd, named);
  const folder = xdgFolder(around.env.XDG_CONFIG_HOME, homeOf(around), '.config');
  if (folder === null)
    throw new ConfigError('there is no home folder to write a config to', { hint: 'name one with --config' });
  return join(folder, 'mailkeep', 'config.yaml');
}

/** Where the archive goes unless the answers say otherwise. */
export function setupDataDir(around: Surroundings, asked: string | null): string {
  if (asked !== null) return resolve(around.cwd, asked);
  const folder = xdgFolder(around.env.XDG_DATA_HOME, homeOf(around), '.local/share');
  return join(folder ?? around.cwd, 'mailkeep');
}

export function isThere(file: string): boolean {
  return existsSync(file);
}

/** A server that somebody's domain names, or the provider that it has its mail at. */
export interface DiscoveredServer {
  readonly protocol: 'imap' | 'pop3';
  readonly provider: ProviderName | null;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
  /** For people: where the answer comes from. */
  readonly source: string;
  /** Whether it may be taken without asking: nobody on the way could have led it elsewhere. */
  readonly vouched: boolean;
}

const DISCOVERY_MS = 8000;

/**
 * What the domain says of its mail server; null where it says nothing that can be used. POP3 is asked for where it
 * is wanted, and without a wish where there is no IMAP. Throws InterruptedError.
 */
export async function discover(
  domain: string,
  wanted: 'imap' | 'pop3' | null,
  signal: AbortSignal,
): Promise<DiscoveredServer | null> {
  const [{ discoverServer }, { httpsClient }, { Resolver }] = await Promise.all([
    import('../discovery/discover.js'),
    import('../discovery/https.js'),
    import('node:dns/promises'),
  ]);
  const names = new Resolver({ timeout: 2000, tries: 2 });
  const ports = { names, https: httpsClient(), patienceMs: DISCOVERY_MS };
  try {
    for (const protocol of wanted === null ? (['imap', 'pop3'] as const) : [wanted]) {
      const said = await discoverServer(ports, domain, protocol, signal);
      const found = said.map((each) => asServer(each, protocol)).find((server) => server !== null);
      if (found !== undefined) return found;
    }
    return null;
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    names.cancel();
  }
}

/** An exchanger leads to a provider of the table or nowhere, whoever made it up. */
function asServer(found: Discovery, protocol: 'imap' | 'pop3'): DiscoveredServer | null {
  const { source } = found;
  if (found.kind === 'server') {
    const { server, vouched } = found;
    const provider = providerOfHost(server.host);
    const profile = provider === null ? null : PROVIDERS[provider][protocol];
    const isProfile =
      profile?.host === server.host && profile.port === server.port && profile.tls === server.tls;
    return {
      ...server,
      protocol,
      provider: isProfile ? provider : null,
      source,
      vouched: vouched || isProfile,
    };
  }
  const provider = providerOfExchanger(found.host);
  const profile = provider === null ? null : PROVIDERS[provider][protocol];
  if (profile === null || profile.tls === 'none') return null;
  const { host, port, tls } = profile;
  return { protocol, provider, host, port, tls, source, vouched: true };
}

/** Signs in with these answers and looks around. Throws what a run would throw, and ConfigError. */
export async function tryAnswers(
  around: Surroundings,
  file: string,
  answers: StarterAnswers,
  signal: AbortSignal,
): Promise<ServerFacts> {
  const config = parsed(around, file, answers);
  const wiring = new Wiring(config, around);
  const account = config.accounts[0]!;
  if (account.protocol === 'pop3')
    return await (await import('../pop3/probe-server.js')).probePop3(wiring.pop3Settings(account), signal);
  const settings = wiring.imapSettings(account);
  return await (await import('../imap/probe-server.js')).probeServer(settings, signal);
}

/**
 * Writes the config, and the password beside it where one was typed; both 0600, each whole or not at all. What
 * stood there before is replaced. Throws ArchiveError `io`.
 */
export function writeSetup(
  around: Surroundings,
  file: string,
  answers: StarterAnswers,
  password: { readonly file: string; readonly text: string } | null,
): void {
  parsed(around, file, answers);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // The password first: a config never names a file that is not there.
    if (password !== null) replaceFile(password.file, `${password.text}\n`);
    replaceFile(file, starterConfig(answers));
  } catch (error) {
    throw new ArchiveError(
      `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`,
      {
        code: 'io',
        hint: 'name another place with --config',
        cause: error,
      },
    );
  }
}

function parsed(around: Surroundings, file: string, answers: StarterAnswers): Config {
  return parseConfig(starterConfig(answers), {
    env: around.env,
    home: homeOf(around),
    workingFolder: around.cwd,
    dataDir: null,
    file,
    mode: null,
  });
}

function replaceFile(file: string, text: string): void {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function homeOf({ env }: Surroundings): string {
  return env.HOME ?? homedir();
}

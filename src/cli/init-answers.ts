/**
 * What the flags of `init` say, and what follows from it: the form without questions, and the proposals that
 * the questions begin with.
 */
import { resolve } from 'node:path';
import { domainOf, providerOf } from '../config/provider-of.js';
import { PROVIDERS, type ProviderName } from '../config/providers.js';
import type { StarterAnswers, StarterCredential } from '../config/starter-config.js';
import { UsageError } from '../core/errors.js';
import { discover, setupDataDir } from '../wiring/init.js';
import type { InitFlags } from './declare/setup.js';
import { note, type Verb } from './io.js';

export const LEFT = 'left; nothing was written';

export const USUAL_SCHEDULE = '*/15 * * * *';

export interface ServerAnswers {
  readonly protocol: 'imap' | 'pop3';
  readonly provider: ProviderName | null;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
}

/** Port with implicit TLS, port without; how hosts are mostly called. */
export const USUAL = {
  imap: { implicit: 993, plain: 143, host: 'imap' },
  pop3: { implicit: 995, plain: 110, host: 'pop' },
} as const;

/** What is known of the server of an address; the flags outweigh the table of providers. */
export function serverOf(flags: InitFlags, email: string): ServerAnswers {
  const protocol = flags.protocol ?? 'imap';
  const provider = flags.host === undefined ? providerOf(email) : null;
  const profile = provider === null ? null : PROVIDERS[provider][protocol];
  const usual = USUAL[protocol];
  const tls = flags.tls ?? profile?.tls ?? 'implicit';
  const port =
    flags.port ?? (profile?.tls === tls ? profile.port : tls === 'implicit' ? usual.implicit : usual.plain);
  const host = flags.host ?? profile?.host ?? `${usual.host}.${domainOf(email)}`;
  const asProfile = profile !== null && profile.port === port && profile.tls === tls;
  return { protocol, provider: asProfile ? provider : null, host, port, tls };
}

/** An account's name from an address: what can't be in one is left out. */
export function nameOf(flags: InitFlags, user: string): string {
  return flags.name ?? (user.replace(/[^A-Za-z0-9._@+-]/g, '').slice(0, 128) || 'personal');
}

export function credentialOf(verb: Verb, flags: InitFlags): StarterCredential | null {
  if (flags.passwordFile !== undefined)
    return { kind: 'file', path: resolve(verb.around.cwd, flags.passwordFile) };
  return flags.passwordCommand === undefined ? null : { kind: 'command', command: flags.passwordCommand };
}

/** Everything from the flags. Throws UsageError that names each flag that is missing. */
export async function answersWithoutQuestions(verb: Verb, flags: InitFlags): Promise<StarterAnswers> {
  const user = flags.user ?? flags.email;
  const credential = credentialOf(verb, flags);
  const missing = [
    ...(flags.email === undefined && (flags.user === undefined || flags.host === undefined)
      ? ['--email']
      : []),
    ...(flags.email !== undefined && isUnknown(flags, flags.email) && !flags.discover
      ? ['--host or --discover']
      : []),
    ...(credential === null ? ['--password-file or --password-command'] : []),
  ];
  if (missing.length > 0 || user === undefined || credential === null) {
    throw new UsageError(
      `there is no terminal to ask at, and these options are missing: ${missing.join(', ')}`,
      'nothing was written; mailkeep init --help shows an example',
    );
  }
  const email = flags.email ?? '';
  const provider = flags.host === undefined ? providerOf(email) : null;
  if (provider !== null && PROVIDERS[provider][flags.protocol ?? 'imap'] === null)
    throw new UsageError(`${provider} has no POP3`, 'nothing was written; leave --protocol out');
  const server = isUnknown(flags, email) ? await discovered(verb, flags, email) : serverOf(flags, email);
  return {
    name: nameOf(flags, user),
    user,
    ...server,
    tlsCaFile: caFileOf(verb, flags),
    credential,
    exclude: [],
    dataDir: setupDataDir(verb.around, verb.options.dataDir),
    schedule: flags.schedule ?? USUAL_SCHEDULE,
  };
}

/** Whether only the domain itself could tell the server of an address. */
function isUnknown(flags: InitFlags, email: string): boolean {
  return flags.host === undefined && providerOf(email) === null;
}

/** Nobody is there to confirm it, so only an answer that can't have been led elsewhere is taken. */
async function discovered(verb: Verb, flags: InitFlags, email: string): Promise<ServerAnswers> {
  const domain = domainOf(email);
  const found = await discover(domain, flags.protocol ?? null, verb.signal);
  if (found === null) {
    throw new UsageError(
      `${domain} says nowhere which its mail server is`,
      'nothing was written; name the server with --host: the help pages of whoever runs it tell',
    );
  }
  const { protocol, provider, host, port, tls, source } = found;
  if (!found.vouched) {
    throw new UsageError(
      `${source} names ${host}, which is not below ${domain}, and such a record can be forged`,
      `nothing was written; if that is your provider: --protocol ${protocol} --host ${host} --port ${port} --tls ${tls}`,
    );
  }
  note(verb, `found by ${source}: ${protocol === 'pop3' ? 'POP3 at ' : ''}${host}, port ${port}, tls ${tls}`);
  return { protocol, provider, host, port, tls };
}

export function caFileOf(verb: Verb, flags: InitFlags): string | null {
  return flags.tlsCaFile === undefined ? null : resolve(verb.around.cwd, flags.tlsCaFile);
}

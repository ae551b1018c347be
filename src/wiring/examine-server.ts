/**
 * For `doctor`: the way to an account's server, step by step, and what it says there. A step that fails ends
 * the way, because the later ones would only say the same again.
 */
import type { AccountConfig } from '../config/config.js';
import { broken, doubtful, fine, type HealthCheck, judgeCertificate } from '../core/daemon/health-check.js';
import { AccountError, InterruptedError } from '../core/errors.js';
import { compileRules, type MailboxVerdict } from '../core/mailbox/mailbox-glob.js';
import { probeServer, type ServerFacts } from '../imap/probe-server.js';
import { type Handshake, knock, lookUp, shakeHands } from '../net/reach-server.js';
import type { ServerSettings } from '../net/server-settings.js';
import type { Wiring } from './wiring.js';

export interface ExaminedMailbox {
  readonly path: string;
  readonly specialUse: string | null;
  readonly messages: number | null;
  readonly bytes: number | null;
  readonly verdict: MailboxVerdict;
}

export interface ExaminedServer {
  readonly facts: ServerFacts;
  readonly mailboxes: readonly ExaminedMailbox[];
}

/** Tells each step as it ends; what the server said, or null where the way there is broken. */
export async function examineServer(
  wiring: Wiring,
  account: AccountConfig,
  signal: AbortSignal,
  tell: (check: HealthCheck) => void,
): Promise<ExaminedServer | null> {
  let step = 'config';
  const warnings: string[] = [];
  try {
    const { settings, probe } = accessOf(
      wiring.warningTo((message) => warnings.push(message)),
      account,
    );
    // Behind a proxy it is the proxy that looks names up and knocks.
    if (account.proxy === null) {
      step = 'name';
      const addresses = await lookUp(settings);
      tell(fine('name', `${account.host} is ${addresses.slice(0, 4).join(', ')}`, { addresses }));
      step = 'tcp';
      const ms = Math.round(await knock(settings, signal));
      tell(fine('tcp', `port ${account.port} answers in ${ms} ms`, { milliseconds: ms }));
      step = 'tls';
      tell(await examineTls(wiring, account, settings, signal));
    }
    step = 'sign-in';
    const facts = await probe(signal);
    for (const message of warnings) tell(doubtful('credential', message, 'close it to others'));
    const whom = facts.software === null ? '' : ` to ${facts.software}`;
    tell(fine('sign-in', `${account.user} signed in${whom}`, { software: facts.software }));
    tell(tierOf(facts));
    if (facts.quota !== null) tell(quotaCheck(facts.quota));
    const verdict = compileRules(account.folders);
    const mailboxes = facts.mailboxes.map((mailbox) => ({ ...mailbox, verdict: verdict(mailbox.path) }));
    tell(selectionCheck(mailboxes));
    return { facts, mailboxes };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    tell(broken(isTlsError(error) ? 'tls' : step, error));
    return null;
  }
}

/** The way to the server, and what it says of itself after the sign-in. */
function accessOf(
  wiring: Wiring,
  account: AccountConfig,
): { settings: ServerSettings; probe: (signal: AbortSignal) => Promise<ServerFacts> } {
  // The step tls says it, with more.
  const onCertificate = () => {};
  if (account.protocol === 'imap') {
    const settings = { ...wiring.imapSettings(account), onCertificate };
    return { settings, probe: (signal) => probeServer(settings, signal) };
  }
  const settings = { ...wiring.pop3Settings(account), onCertificate };
  return {
    settings,
    probe: async (signal) => (await import('../pop3/probe-server.js')).probePop3(settings, signal),
  };
}

function isTlsError(error: unknown): boolean {
  return error instanceof AccountError && error.code === 'tls';
}

async function examineTls(
  wiring: Wiring,
  account: AccountConfig,
  settings: ServerSettings,
  signal: AbortSignal,
): Promise<HealthCheck> {
  if (account.tls === 'none') return withoutTls(account);
  const protocol = account.protocol === 'pop3' ? 'POP3' : 'IMAP';
  return judgeHandshake(await shakeHands(settings, protocol, signal), wiring.now);
}

function withoutTls({ allowInsecure }: AccountConfig): HealthCheck {
  const message = 'no encryption: whoever is on the way reads the password';
  return allowInsecure
    ? doubtful('tls', message, 'use tls: implicit or starttls')
    : fine('tls', 'no encryption, which is well on this machine itself');
}

function judgeHandshake({ protocol, cipher, certificate }: Handshake, now: number): HealthCheck {
  if (certificate === null) return fine('tls', `${protocol}, ${cipher}, without a certificate`);
  const { issuer, validFrom, validTo } = certificate;
  const subject = certificate.names.slice(0, 5).join(', ') || certificate.subject;
  const fingerprint = `sha256:${certificate.fingerprint}`;
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const facts = {
    protocol,
    cipher,
    subject,
    issuer,
    valid_from: new Date(validFrom).toISOString(),
    valid_to: new Date(validTo).toISOString(),
    fingerprint,
  };
  const message = `${protocol}; certificate of ${subject}, by ${issuer}, until ${day(validTo)}; ${fingerprint}`;
  const doubt = judgeCertificate({ validFrom, validTo }, now);
  if (doubt === null) return fine('tls', message, facts);
  const hint = 'the provider has to renew it; until then runs may fail';
  return doubtful('tls', `${message}: ${doubt}`, hint, facts);
}

const TIERS = {
  qresync: 'QRESYNC: the server tells changes and deletions by itself',
  condstore: 'CONDSTORE: the server tells changes; UIDs are listed to see deletions',
  plain: 'neither CONDSTORE nor QRESYNC: every run lists all flags',
  pop3: 'POP3: one mailbox, no flags; every run lists the identifiers of all messages',
} as const;

function tierOf({ tier, capabilities }: ServerFacts): HealthCheck {
  return fine('capabilities', `${TIERS[tier]} (${capabilities.length} capabilities)`, { tier, capabilities });
}

function quotaCheck({ used, limit }: { used: number; limit: number }): HealthCheck {
  const percent = limit === 0 ? 0 : Math.round((100 * used) / limit);
  const facts = { used_bytes: used, limit_bytes: limit };
  const message = `the mailboxes of the server are ${percent} % full`;
  const hint = 'a full account gets no mail, and a restore to it would fail';
  return percent >= 90 ? doubtful('quota', message, hint, facts) : fine('quota', message, facts);
}

function selectionCheck(mailboxes: readonly ExaminedMailbox[]): HealthCheck {
  const chosen = mailboxes.filter(({ verdict }) => verdict.selected);
  const messages = chosen.reduce((sum, mailbox) => sum + (mailbox.messages ?? 0), 0);
  const facts = { selected: chosen.length, left_out: mailboxes.length - chosen.length, messages };
  const text = `${chosen.length} of ${mailboxes.length} mailboxes are backed up, ${messages.toLocaleString('en')} messages`;
  if (chosen.length > 0) return fine('mailboxes', text, facts);
  return doubtful('mailboxes', text, 'folders.include and folders.exclude leave out every mailbox', facts);
}

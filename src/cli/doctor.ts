/**
 * `mailkeep doctor`: everything that can be in the way, looked at one after the other, with what to do. It goes
 * on where other commands end: with a broken config, without a server, with a damaged archive.
 */
import type { AccountConfig } from '../config/config.js';
import { broken, doubtful, type HealthCheck } from '../core/daemon/health-check.js';
import { MailkeepError, throwIfAborted } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { examineArchive } from '../wiring/examine-archive.js';
import { examineConfigFile, examineDataDir, examineProgram } from '../wiring/examine-machine.js';
import { type ExaminedMailbox, type ExaminedServer, examineServer } from '../wiring/examine-server.js';
import type { Wiring } from '../wiring/wiring.js';
import { chooseAccounts } from './accounts.js';
import { combineExitCodes, EXIT, exitCodeOf } from './exit-code.js';
import { formatBytes, formatTable } from './format.js';
import { columnsOf, print, printJson, type Verb } from './io.js';

interface Examined {
  readonly account: string | null;
  readonly check: HealthCheck;
}

export async function doctor(verb: Verb, names: readonly string[]): Promise<number> {
  const found: Examined[] = [];
  const tell = (account: string | null) => (check: HealthCheck) => {
    found.push({ account, check });
    if (!verb.options.json) print(verb, lineOf(check));
  };
  const servers = new Map<string, ExaminedServer>();

  for (const check of examineProgram()) tell(null)(check);
  const loaded = await load(verb, tell(null));
  if (loaded !== null) {
    for (const check of examineDataDir(loaded.wiring.config.dataDir)) tell(null)(check);
    const { config } = loaded.wiring;
    const isIdle = names.length === 0 && !config.accounts.some((account) => account.enabled);
    if (isIdle) {
      const hint = 'mailkeep doctor ACCOUNT looks at one all the same';
      tell(null)(doubtful('accounts', 'every account has enabled: false, so nothing is backed up', hint, {}));
    }
    for (const account of isIdle ? [] : chooseAccounts(config, names)) {
      throwIfAborted(verb.signal);
      if (!verb.options.json) print(verb, `\n${account.name}`);
      const server = await examineAccount(verb, loaded.wiring, account, tell(account.name));
      if (server !== null) servers.set(account.name, server);
    }
  }
  if (verb.options.json) printJson(verb, documentOf(found, servers));
  else print(verb, `\n${summary(found)}`);
  return exitCode(found);
}

async function load(
  verb: Verb,
  tell: (check: HealthCheck) => void,
): Promise<{ readonly wiring: Wiring } | null> {
  try {
    const { config, wiring } = await verb.load();
    tell(examineConfigFile(config.file, config.accounts.length));
    return { wiring };
  } catch (error) {
    if (!(error instanceof MailkeepError)) throw error;
    tell(broken('config', error));
    return null;
  }
}

async function examineAccount(
  verb: Verb,
  wiring: Wiring,
  account: AccountConfig,
  tell: (check: HealthCheck) => void,
): Promise<ExaminedServer | null> {
  const server = await examineServer(wiring, account, verb.signal, tell);
  if (server !== null && !verb.options.json && !verb.options.quiet)
    print(verb, mailboxTable(server.mailboxes, columnsOf(verb.terminal)));
  for (const check of examineArchive(wiring, account, server)) tell(check);
  return server;
}

const MARKS = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' } as const;
const INDENT = ' '.repeat(24);

function lineOf({ name, state, message, hint }: HealthCheck): string {
  const lines = message.split('\n').map(printable).join(`\n${INDENT}`);
  const advice = hint === null ? '' : `\n${INDENT}→ ${printable(hint)}`;
  return `  ${MARKS[state]}  ${name.padEnd(INDENT.length - 11)}${lines}${advice}`;
}

function mailboxTable(mailboxes: readonly ExaminedMailbox[], columns: number | null): string {
  const rows = mailboxes.map(({ path, messages, bytes, verdict }) => [
    `${INDENT}${printable(path)}`,
    messages === null ? '?' : messages.toLocaleString('en'),
    bytes === null ? '' : formatBytes(bytes),
    verdict.selected ? 'in' : 'out',
    reasonOf(verdict),
  ]);
  return rows.length === 0
    ? ''
    : formatTable([`${INDENT}mailbox`, 'messages', 'size', 'backup', 'because of'], rows, columns);
}

function reasonOf({ reason, pattern }: ExaminedMailbox['verdict']): string {
  if (pattern === null) return 'no pattern of include';
  return reason === 'excluded' ? `exclude ${printable(pattern)}` : `include ${printable(pattern)}`;
}

function documentOf(found: readonly Examined[], servers: ReadonlyMap<string, ExaminedServer>) {
  return {
    status: worst(found),
    checks: found.map(({ account, check }) => ({
      account,
      check: check.name,
      status: check.state,
      message: check.message,
      hint: check.hint,
      code: check.code,
      ...check.facts,
    })),
    accounts: [...servers].map(([account, { facts, mailboxes }]) => ({
      account,
      tier: facts.tier,
      capabilities: facts.capabilities,
      mailboxes: mailboxes.map(({ path, specialUse, messages, bytes, verdict }) => ({
        path,
        special_use: specialUse,
        messages,
        bytes,
        selected: verdict.selected,
        reason: verdict.reason,
        pattern: verdict.pattern,
      })),
    })),
  };
}

function worst(found: readonly Examined[]): HealthCheck['state'] {
  const states = new Set(found.map(({ check }) => check.state));
  if (states.has('problem')) return 'problem';
  return states.has('warning') ? 'warning' : 'ok';
}

function summary(found: readonly Examined[]): string {
  const count = (state: HealthCheck['state']) => found.filter(({ check }) => check.state === state).length;
  const problems = count('problem');
  const warnings = count('warning');
  if (problems + warnings === 0) return `all ${found.length} checks are fine`;
  return `${found.length} checks: ${problems} ${problems === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
}

/** What a person has to put right comes before what may pass by itself. */
const WORST_FIRST = [EXIT.usage, EXIT.credentials, EXIT.failed, EXIT.tryLater];

/** What is wrong with the machine or the config is wrong for every account. */
function exitCode(found: readonly Examined[]): number {
  const codeOf = (account: string | null) => {
    const codes = found
      .filter((each) => each.account === account && each.check.state === 'problem')
      .map(({ check }) => exitCodeOf(check.code ?? 'internal'));
    if (codes.length === 0) return EXIT.ok;
    return WORST_FIRST.find((code) => codes.includes(code)) ?? EXIT.failed;
  };
  const accounts = new Set(found.flatMap(({ account }) => account ?? []));
  return codeOf(null) || combineExitCodes([...accounts].map(codeOf));
}

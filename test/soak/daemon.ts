/**
 * The built daemon over many runs, and over many watched accounts that are idle: what it holds of memory and
 * descriptors, and what it costs to do nothing. The server lives in this process.
 *
 *   npx tsx test/soak/daemon.ts --runs 500            one account, one run behind the other
 *   npx tsx test/soak/daemon.ts --accounts 50         watched and idle for a minute
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { put } from '../e2e/in-process.js';
import { makeCertificates } from '../support/certificates.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { RunningDaemon } from '../support/running-daemon.js';

const PASSWORD = 'soak';

interface Figures {
  readonly rssMb: number;
  readonly descriptors: number;
  readonly cpuMs: number;
}

/** From /proc: the process as the system sees it. */
function figuresOf(pid: number): Figures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return {
    rssMb: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 102.4) / 10,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    cpuMs: (Number(ticks[11]) + Number(ticks[12])) * 10,
  };
}

/** One run behind the other, each with a new message, and now and then with the connections cut. */
async function manyRuns(runs: number): Promise<void> {
  await using server = await ImapServer.start({ users: { alice: PASSWORD } });
  put(server.store('alice'), 'INBOX', 200);
  const keys = { watch: true };
  await using mailkeep = await Mailkeep.create({
    port: server.port,
    user: 'alice',
    password: PASSWORD,
    keys,
    top: { schedule: '*/5 * * * * *' },
  });
  const daemon = new RunningDaemon(mailkeep);
  await daemon.until(/run 1 ok/);
  for (let run = 1; run <= runs; run++) {
    const from = daemon.lines.length;
    put(server.store('alice'), 'INBOX', 1);
    daemon.signal('SIGUSR1');
    await daemon.until(/run \d+ (ok|failed)/, from);
    if (run % 100 === 50) server.disconnectAll();
    if (run === 1 || run % 100 === 0) console.log({ runs: run, ...figuresOf(daemon.pid) });
  }
  const stop = await daemon.stop();
  const failed = daemon.count(/run \d+ failed/);
  const kept = mailkeep.archive().get('INBOX')!.size;
  console.log({ ...stop, failed, onServer: server.store('alice').inbox.uidNext - 1, kept });
}

/** Accounts that are watched, and to which nothing comes. */
async function manyAccounts(count: number, seconds: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `account${n}`);
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-soak-'));
  const { keyFile, certFile, caFile } = await makeCertificates(folder);
  await using server = await ImapServer.start({
    users: Object.fromEntries(names.map((name) => [name, PASSWORD])),
    tls: { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), mode: 'implicit' },
  });
  for (const name of names) put(server.store(name), 'INBOX', 20);
  await using mailkeep = await Mailkeep.create({ port: server.port, user: '', password: PASSWORD });
  const account = {
    host: '127.0.0.1',
    port: server.port,
    tls: 'implicit',
    tls_ca_file: caFile,
    password: PASSWORD,
    watch: true,
  };
  const accounts = names.map((name) => ({ name, user: name, ...account }));
  await writeFile(mailkeep.configFile, JSON.stringify({ data_dir: 'data', accounts }), { mode: 0o600 });
  const daemon = new RunningDaemon(mailkeep);
  while (daemon.count(/watches INBOX/) < count) await pause(100);
  await pause(5000);
  const before = figuresOf(daemon.pid);
  console.log({ watched: count, ...before });
  await pause(seconds * 1000);
  const after = figuresOf(daemon.pid);
  console.log({ seconds, ...after, cpuPercent: (after.cpuMs - before.cpuMs) / (seconds * 10) });
  const startedAt = performance.now();
  put(server.store(names.at(-1)!), 'INBOX', 1);
  await daemon.until(new RegExp(`${names.at(-1)}: run \\d+ ok`), daemon.lines.length);
  console.log({ newMailMs: Math.round(performance.now() - startedAt), ...(await daemon.stop()) });
  await rm(folder, { recursive: true });
}

const { values } = parseArgs({
  options: { runs: { type: 'string' }, accounts: { type: 'string' }, seconds: { type: 'string' } },
});
if (values.runs !== undefined) await manyRuns(Number(values.runs));
if (values.accounts !== undefined) await manyAccounts(Number(values.accounts), Number(values.seconds ?? 60));

/**
 * The built daemon over many runs, and over many watched accounts that are idle: what it holds of memory,
 * descriptors and threads, and what it costs to do nothing. Ends with 1 where something grew, was lost, or idled
 * at a price.
 *
 *   npx tsx test/soak/daemon.ts --runs 2000           one account, one run behind the other
 *   npx tsx test/soak/daemon.ts --accounts 50         watched and idle for a minute
 */
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { put } from '../e2e/in-process.js';
import { Dovecot } from '../support/dovecot.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { RunningDaemon } from '../support/running-daemon.js';

const PASSWORD = 'soak';

interface Figures {
  readonly rssMb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly cpuMs: number;
}

/** From /proc: the process as the system sees it. */
function figuresOf(pid: number): Figures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return {
    rssMb: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 102.4) / 10,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(/Threads:\s+(\d+)/.exec(status)![1]),
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
  const seen: Figures[] = [];
  for (let run = 1; run <= runs; run++) {
    const from = daemon.lines.length;
    put(server.store('alice'), 'INBOX', 1);
    daemon.signal('SIGUSR1');
    await daemon.until(/run \d+ (ok|failed)/, from);
    if (run % 100 === 50) server.disconnectAll();
    if (run % 50 !== 0) continue;
    seen.push(figuresOf(daemon.pid));
    console.log(JSON.stringify({ runs: run, ...seen.at(-1) }));
  }
  const stop = await daemon.stop();
  const failed = daemon.count(/run \d+ failed/);
  const kept = mailkeep.archive().get('INBOX')!.size;
  const onServer = server.store('alice').inbox.uidNext - 1;
  console.log(JSON.stringify({ ...stop, failed, onServer, kept }));
  judge('every message is kept', kept === onServer);
  judge('it ended well', stop.code === 0);
  // The first half is V8 finding its size.
  const [early, late] = [seen.slice(0, seen.length / 2), seen.slice(seen.length / 2)];
  const most = (some: readonly Figures[], of: keyof Figures) => Math.max(...some.map((one) => one[of]));
  judge('memory is flat', most(late, 'rssMb') <= 1.25 * most(early, 'rssMb'));
  // One connection more or less may be open at the moment of the look.
  judge('no descriptor is leaked', most(late, 'descriptors') <= most(early, 'descriptors') + 4);
  judge('no thread is leaked', most(late, 'threads') <= most(early, 'threads') + 1);
}

/** Accounts that are watched on Dovecot over TLS, and to which nothing comes. */
async function manyAccounts(count: number, seconds: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `account${n}`);
  const server = await Dovecot.start();
  for (const [seed, name] of names.entries())
    await server.putMessages(name, 'INBOX', makeMessages({ seed, count: 20 }));
  await using mailkeep = await Mailkeep.create({ port: server.port, user: '', password: server.password });
  const account = {
    host: '127.0.0.1',
    port: server.tlsPort,
    tls: 'implicit',
    tls_ca_file: server.certificates.caFile,
    password: server.password,
    watch: true,
  };
  const accounts = names.map((name) => ({ name, user: name, ...account }));
  await writeFile(mailkeep.configFile, JSON.stringify({ data_dir: 'data', accounts }), { mode: 0o600 });
  const daemon = new RunningDaemon(mailkeep);
  while (daemon.count(/watches INBOX/) < count) await pause(100);
  await idle(daemon.pid);
  const before = figuresOf(daemon.pid);
  console.log(JSON.stringify({ watched: count, ...before }));
  await pause(seconds * 1000);
  const after = figuresOf(daemon.pid);
  const cpuPercent = (after.cpuMs - before.cpuMs) / (seconds * 10);
  console.log(JSON.stringify({ seconds, ...after, cpuPercent }));
  judge('50 accounts take less than 150 MB', count > 50 || after.rssMb < 150);
  judge('idling costs nothing', cpuPercent < 0.5);
  const startedAt = performance.now();
  const from = daemon.lines.length;
  await server.putMessages(names.at(-1)!, 'INBOX', makeMessages({ seed: count, count: 1 }));
  await daemon.until(new RegExp(`${names.at(-1)}: run \\d+ ok: 1 added`), from);
  const newMailMs = Math.round(performance.now() - startedAt);
  judge('new mail is stored in two seconds', newMailMs < 2000);
  console.log(JSON.stringify({ newMailMs, ...(await daemon.stop()) }));
  await server.stop();
}

/** First runs, the text index and what V8 gives back when there is nothing to do: until all that is over. */
async function idle(pid: number): Promise<void> {
  for (let quiet = 0, last = figuresOf(pid).cpuMs; quiet < 9; ) {
    await pause(5000);
    const now = figuresOf(pid).cpuMs;
    quiet = now - last < 60 ? quiet + 1 : 0;
    last = now;
  }
}

function judge(what: string, holds: boolean): void {
  if (holds) return;
  console.log(`NOT SO: ${what}`);
  process.exitCode = 1;
}

const { values } = parseArgs({
  options: { runs: { type: 'string' }, accounts: { type: 'string' }, seconds: { type: 'string' } },
});
if (values.runs !== undefined) await manyRuns(Number(values.runs));
if (values.accounts !== undefined) await manyAccounts(Number(values.accounts), Number(values.seconds ?? 60));

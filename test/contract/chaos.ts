// Syncs over a link that cuts, splits, truncates, slows and stalls. Whatever was lost on the way: no run hangs, nothing
// wrong is ever in the archive, and one run over a quiet link ends equal to the server.

import { serverLines, storeState } from '../support/archive.js';
import { type ChaosProxy, type FaultKind, startChaosProxy } from '../support/chaos-proxy.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { Tier } from '../support/imap-server/server-context.js';
import type { Engine } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { type Random, randomFrom } from '../support/random.js';
import { settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly tier: Tier;
  readonly engine: Engine;
}

export interface ChaosFigures {
  /** Runs over the bad link, by how they ended. */
  readonly outcomes: Record<string, number>;
  readonly connections: number;
  readonly faults: Record<string, number>;
  /** Of the slowest run. */
  readonly mostMilliseconds: number;
  /** Messages that were downloaded, against those that ever were on the server. */
  readonly added: number;
  readonly adopted: number;
  readonly everOnServer: number;
}

/** Two of three connections end before their time. */
const KINDS: readonly FaultKind[] = [
  'none',
  'cut',
  'cut',
  'cut',
  'truncate',
  'truncate',
  'split',
  'slow',
  'stall',
];
const MAILBOXES = ['INBOX', 'Work', 'Work/Sub', '&ZeVnLIqe-'];
const FOLDERS = { '&ZeVnLIqe-': '日本語' };
const inTwoDays = () => Date.now() + 48 * 3_600_000;
/** Far more than a run needs whose every connection stalls until it times out. */
const MOST_MILLISECONDS = 120_000;

/** Throws where a run hangs, the archive is ever wrong, or the end is not equal to the server. */
export async function chaos({ seed, rounds, tier, engine }: ChaosOptions): Promise<ChaosFigures> {
  const random = randomFrom(seed);
  await using server = await ImapServer.start({ users: { alice: 'pass' }, tier });
  const link = await startChaosProxy({ port: server.port }, { seed, kinds: KINDS, mostBytes: 300_000 });
  await using backup = new Backup();
  const settings = {
    ...settingsFor({ port: link.port, password: 'pass' }, 'alice', engine),
    silenceTimeout: 300,
    connectTimeout: 300,
  };
  const outcomes: Record<string, number> = {};
  const sums = { mostMilliseconds: 0, added: 0, adopted: 0, everOnServer: 0 };
  try {
    for (let round = 1; round <= rounds; round++) {
      sums.everOnServer += change(server, random, round);
      const startedAt = performance.now();
      const report = await within(MOST_MILLISECONDS, () => backup.sync(settings), link);
      sums.mostMilliseconds = Math.max(sums.mostMilliseconds, Math.round(performance.now() - startedAt));
      sums.added += report.added;
      sums.adopted += report.adopted;
      const outcome = report.error === null ? report.status : `${report.status}: ${report.error.code}`;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (report.error?.code === 'internal' || report.hold)
        throw new Error(`round ${round}: ${JSON.stringify(report)}; ${link.describe()}`);
      // Reading it throws on a file that is not what its name says.
      if (round % 10 === 0 && round < rounds) backup.archive('mail', { unfinished: report.status !== 'ok' });
    }
    link.transparent = true;
    // What failed is tried again after a pause, which is over for this run.
    const later = { ...settings, silenceTimeout: 30_000, connectTimeout: 30_000, clock: inTwoDays };
    const last = await within(MOST_MILLISECONDS, () => backup.sync(later), link);
    sums.added += last.added;
    sums.adopted += last.adopted;
    const lines = JSON.stringify(backup.lines());
    const truth = JSON.stringify(filled(serverLines(storeState(server.store('alice')), FOLDERS)));
    const findings = await backup.findings();
    if (last.status !== 'ok' || lines !== truth || findings.length > 0)
      throw new Error(
        `the end: ${JSON.stringify(last)}\n${findings}\n${lines}\n${truth}\n${link.describe()}`,
      );
  } finally {
    await link.close();
  }
  const faults: Record<string, number> = {};
  for (const { fault } of link.plans) faults[fault.kind] = (faults[fault.kind] ?? 0) + 1;
  return { outcomes, connections: link.plans.length, faults, ...sums };
}

/** A few of the things that happen to an account between two runs. Returns how many messages came in. */
function change(server: ImapServer, random: Random, round: number): number {
  const store = server.store('alice');
  let added = 0;
  for (const name of MAILBOXES) {
    const mailbox = store.find(name) ?? store.create(name);
    const count = round === 1 ? 60 : random.integer(0, 4);
    const seed = round * 10 + MAILBOXES.indexOf(name);
    for (const { body, internalDate } of makeMessages({ seed, count, medianBytes: 3000, mostBytes: 60_000 }))
      mailbox.append({ body, internalDate: { seconds: internalDate, zone: 60 } });
    added += count;
    const some = mailbox.uids.filter(() => random.next() < 0.05);
    mailbox.setFlags(some, random.pick(['add', 'remove']), [random.pick(['\\Seen', '\\Flagged', 'Work'])]);
    mailbox.expunge(mailbox.uids.filter(() => random.next() < 0.015));
    const to = random.pick(MAILBOXES);
    if (to !== name && store.find(to) !== undefined)
      store.move(
        name,
        mailbox.uids.filter(() => random.next() < 0.02),
        to,
      );
    if (random.next() < 0.02) mailbox.bumpUidValidity({ renumber: random.next() < 0.5 });
  }
  return added;
}

async function within<T>(milliseconds: number, work: () => Promise<T>, link: ChaosProxy): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`a run took more than ${milliseconds} ms; ${link.describe()}`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work(), hang]);
  } finally {
    clearTimeout(timer);
  }
}

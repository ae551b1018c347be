// Finding mail: how long the text of an archive takes to index, what that costs a sync beside it, and how long a
// question then takes; beside notmuch on the same Maildir.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseQuery } from '../../src/core/query/query.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { SearchReader } from '../../src/sqlite/search-reader.js';
import { MailkeepHome, SOURCE } from '../contestants.js';
import { hundred, type Mail, made, megabytes, twenty } from '../data.js';
import { Notmuch } from '../notmuch.js';
import { type Goal, MAILKEEP, medianOf, memoryGoal, type Row, type Series, secondsGoal } from '../row.js';
import type { Contestant, Setting } from '../setting.js';
import { firstByMailkeep } from './first-backup.js';

const NOTMUCH = 'notmuch';

/** Frequent in the generated mail, so that there is something to sort and count. */
const WORDS = ['lomi', 'yowika'];

const SYNC_ALONE = 'mailkeep sync, alone';
const SYNC_BESIDE = 'mailkeep sync, beside the indexing';

/** Octets in the log of search.db by which the indexing is under way. */
const UNDER_WAY = 200_000;
const WAIT_MS = 30_000;

export const indexText: Row = {
  name: 'index-20k',
  needs: ['dovecot'],
  run: async (setting) => {
    const mail = await twenty(setting);
    const own = await backedUp(setting, mail);
    const contestants: Contestant[] = [
      {
        who: MAILKEEP,
        prepare: () => forgetSearch(own),
        command: () => own.command('sync', '--index', '--json'),
        verify: async ({ stdout }) => {
          const { accounts } = JSON.parse(stdout) as { accounts: { indexed: number }[] };
          if (accounts[0]?.indexed !== mail.messages) throw new Error(`indexed ${accounts[0]?.indexed}`);
          return { octets: statSync(searchFile(own)).size };
        },
      },
    ];
    const peer = await Notmuch.make(setting, own);
    if (peer !== null) {
      contestants.push({
        who: NOTMUCH,
        prepare: () => peer.forget(),
        command: () => peer.command('new'),
        verify: async () => ({ octets: await peer.size() }),
      });
    }
    const series = [
      ...(await setting.compete(contestants)),
      ...(await setting.compete(await syncs(setting, own))),
    ];
    return {
      name: 'index-20k',
      work: `text index of ${mail.messages.toLocaleString('en')} messages, ${megabytes(mail.octets)} (octets: the index)`,
      series,
      goals: [...secondsGoal(series, 60), ...memoryGoal(series, 700), ...slowedGoal(series)],
    };
  },
};

/** The first backup of another mailbox, with nothing else to do and while the text of `own` is indexed. */
async function syncs(setting: Setting, own: MailkeepHome): Promise<Contestant[]> {
  const mail = await made(setting, {
    user: 'beside',
    mailboxes: 4,
    messagesEach: setting.scaled(1250),
    medianBytes: 8000,
  });
  const { port } = await setting.server();
  const alone = await firstByMailkeep(setting, { port, user: mail.user }, mail.messages);
  const beside = await firstByMailkeep(setting, { port, user: mail.user }, mail.messages);
  const indexing = setting.owned(new Indexing(own), (it) => it.stop());
  return [
    { ...alone, who: SYNC_ALONE },
    {
      ...beside,
      who: SYNC_BESIDE,
      prepare: async (round) => {
        await beside.prepare?.(round);
        await indexing.start();
      },
      verify: async (sample, round) => {
        if (!indexing.isAtWork()) throw new Error('the text was indexed before the sync beside it had ended');
        await indexing.stop();
        return beside.verify?.(sample, round);
      },
    },
  ];
}

function slowedGoal(all: readonly Series[]): Goal[] {
  const [alone, beside] = [SYNC_ALONE, SYNC_BESIDE].map((who) => {
    const series = all.find((each) => each.who === who);
    return series === undefined ? null : medianOf(series, 'seconds');
  });
  if (!alone || !beside) return [];
  return [{ what: 'sync beside indexing / alone', value: beside / alone, unit: '', most: 1.1 }];
}

/** `sync --index` on an archive that lacks nothing but its text index, from the beginning each time. */
class Indexing {
  readonly #home: MailkeepHome;
  #child: ChildProcess | null = null;

  constructor(home: MailkeepHome) {
    this.#home = home;
  }

  /** Returns when it is under way. */
  async start(): Promise<void> {
    await forgetSearch(this.#home);
    const { program, args, folder } = this.#home.command('sync', '--index', '--quiet');
    this.#child = spawn(program, args, { cwd: folder, stdio: 'ignore' });
    const log = `${searchFile(this.#home)}-wal`;
    for (let waited = 0; waited < WAIT_MS; waited += 20) {
      if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > UNDER_WAY) return;
      await pause(20);
    }
    throw new Error('the indexing did not begin');
  }

  isAtWork(): boolean {
    return this.#child !== null && this.#child.exitCode === null;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
}

export const searchText: Row = {
  name: 'search-100k',
  needs: ['dovecot'],
  run: async (setting) => {
    const mail = await hundred(setting);
    const own = await backedUp(setting, mail);
    await setting.run(own.command('sync', '--index', '--json'));
    const contestants: Contestant[] = [
      {
        who: 'mailkeep, whole command',
        command: () => own.command('search', '--limit', '20', '--json', ...WORDS),
      },
    ];
    const peer = await Notmuch.make(setting, own);
    if (peer !== null) {
      await setting.run(peer.command('new'));
      contestants.push({ who: NOTMUCH, command: () => peer.command('search', '--limit=20', ...WORDS) });
    }
    const query = inProcess(own, setting.runs);
    return {
      name: 'search-100k',
      work: `newest 20 of ${query.total.toLocaleString('en')} hits in ${mail.messages.toLocaleString('en')} messages`,
      series: [query.series, ...(await setting.compete(contestants))],
      goals: secondsGoal([query.series], 0.1),
    };
  },
};

async function backedUp(setting: Setting, mail: Mail): Promise<MailkeepHome> {
  const { port } = await setting.server();
  const own = setting.owned(await MailkeepHome.make({ port, user: mail.user }), (it) => it.remove());
  await setting.run(own.command('sync'));
  return own;
}

function searchFile(home: MailkeepHome): string {
  return join(home.folder, 'data', SOURCE, 'search.db');
}

/** Out of the way: deleting it would cost whoever comes next. */
async function forgetSearch(home: MailkeepHome): Promise<void> {
  const file = searchFile(home);
  const aside = `${file}-set-aside-${readdirSync(join(home.folder, 'data', SOURCE)).length}`;
  for (const end of ['', '-wal', '-shm'])
    if (existsSync(file + end)) await rename(file + end, `${aside}${end}`);
}

/** What the command does between opening its files and printing. */
function inProcess(home: MailkeepHome, runs: number): { series: Series; total: number } {
  const root = join(home.folder, 'data', SOURCE);
  const query = parseQuery(WORDS, { now: Date.now(), startOfLocalDay: Date.UTC });
  const samples = [];
  let total = 0;
  for (let round = 0; round < runs; round++) {
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    const archive = ArchiveReader.open(join(root, 'index.db'));
    const reader = SearchReader.open(join(root, 'search.db'), join(root, 'index.db'));
    const found = reader.search({ query, sort: 'date', limit: 20, mailboxes: archive.mailboxes(), at: null });
    for (const { id } of found.messages) reader.textOf(id);
    reader.close();
    archive.close();
    const { user, system } = process.cpuUsage(cpu);
    total = found.total;
    samples.push({
      seconds: (performance.now() - startedAt) / 1000,
      cpuSeconds: (user + system) / 1e6,
      peakMegabytes: null,
    });
  }
  return { series: { who: MAILKEEP, samples }, total };
}

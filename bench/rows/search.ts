// Finding mail: how long the text of an archive takes to index, and how long a question then takes, beside notmuch on
// the same Maildir.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseQuery } from '../../src/core/query/query.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { SearchReader } from '../../src/sqlite/search-reader.js';
import { MailkeepHome, SOURCE } from '../contestants.js';
import { hundred, type Mail, megabytes, twenty } from '../data.js';
import type { Command } from '../measured.js';
import { MAILKEEP, memoryGoal, type Row, type Series, secondsGoal } from '../row.js';
import type { Contestant, Setting } from '../setting.js';

const NOTMUCH = 'notmuch';

/** Frequent in the generated mail, so that there is something to sort and count. */
const WORDS = ['lomi', 'yowika'];

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
          return undefined;
        },
      },
    ];
    const peer = await Notmuch.make(setting, own);
    if (peer !== null) {
      contestants.push({ who: NOTMUCH, prepare: () => peer.forget(), command: () => peer.command('new') });
    }
    const series = await setting.compete(contestants);
    return {
      name: 'index-20k',
      work: `text index of ${mail.messages.toLocaleString('en')} messages, ${megabytes(mail.octets)}`,
      series,
      goals: [...secondsGoal(series, 60), ...memoryGoal(series, 700)],
    };
  },
};

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

async function forgetSearch(home: MailkeepHome): Promise<void> {
  for (const end of ['', '-wal', '-shm'])
    await rm(join(home.folder, 'data', SOURCE, `search.db${end}`), { force: true });
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

/** Reads the Maildir of a mailkeep archive, renames nothing in it, and keeps its database elsewhere. */
class Notmuch {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where there is none on this machine. */
  static async make(setting: Setting, home: MailkeepHome): Promise<Notmuch | null> {
    try {
      execFileSync('notmuch', ['--version']);
    } catch {
      return null;
    }
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-bench-notmuch-'));
    const peer = setting.owned(new Notmuch(folder), (it) => it.#remove());
    const lines = [
      '[database]',
      `path=${join(folder, 'database')}`,
      `mail_root=${join(home.folder, 'data', SOURCE, 'mail')}`,
      '[maildir]',
      'synchronize_flags=false',
      '',
    ];
    await writeFile(join(folder, '.notmuch-config'), lines.join('\n'));
    return peer;
  }

  command(...args: string[]): Command {
    return { program: 'notmuch', args, folder: this.#folder };
  }

  async forget(): Promise<void> {
    await rm(join(this.#folder, 'database'), { recursive: true, force: true });
  }

  async #remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

// How cost grows with what is there already: the same work on 1,000 to 1,000,000 messages. It should follow the change.

import { addMessages, type FilledArchive, filledArchive } from '../filled-archive.js';
import {
  type Goal,
  type Measure,
  medianOf,
  memoryGoals,
  type Row,
  type RowResult,
  type Series,
} from '../row.js';
import type { Contestant, Setting } from '../setting.js';

const SIZES = [1000, 10_000, 100_000, 1_000_000];
const FRESH = 100;
/** From a thousand to a million messages the cost may at most double: of processor time, the synthetic server's own grows. */
const FLAT = 2;

export const growthNothing: Row = {
  name: 'growth-nothing',
  needs: [],
  run: (setting) =>
    grow(setting, {
      name: 'growth-nothing',
      work: 'nothing to do',
      contestant: (archive) => ({ command: () => archive.home.command('sync') }),
    }),
};

export const growthNew: Row = {
  name: 'growth-new',
  needs: [],
  run: (setting) =>
    grow(setting, {
      name: 'growth-new',
      work: `${FRESH} new messages`,
      contestant: ({ server, home }) => ({
        prepare: async () => addMessages(server, FRESH),
        command: () => home.command('sync', '--json'),
        verify: async ({ stdout }) => {
          const added = (JSON.parse(stdout) as { accounts: { added: number }[] }).accounts[0]?.added;
          if (added !== FRESH) throw new Error(`added is ${added}, not ${FRESH}`);
          return undefined;
        },
      }),
    }),
};

export const growthStatus: Row = {
  name: 'growth-status',
  needs: [],
  run: (setting) =>
    grow(setting, {
      name: 'growth-status',
      work: 'status',
      contestant: ({ home }) => ({ command: () => home.command('status') }),
    }),
};

/** The only one of them that has to look at every message. */
export const listMillion: Row = {
  name: 'list-1m',
  needs: [],
  run: async (setting) => {
    const samples: Measure[] = [];
    for (const messages of sizes(setting)) samples.push((await archiveOf(setting, messages)).listing);
    const series = sizes(setting).map((messages, at) => ({ who: named(messages), samples: [samples[at]!] }));
    return {
      name: 'list-1m',
      work: 'a mailbox of so many UIDs seen for the first time, without the bodies',
      series,
      goals: memoryGoals(series),
    };
  },
};

interface Growing {
  readonly name: string;
  readonly work: string;
  readonly contestant: (archive: FilledArchive) => Omit<Contestant, 'who'>;
}

async function grow(setting: Setting, { name, work, contestant }: Growing): Promise<RowResult> {
  const contestants: Contestant[] = [];
  for (const messages of sizes(setting))
    contestants.push({ who: named(messages), ...contestant(await archiveOf(setting, messages)) });
  const series = await setting.compete(contestants);
  return { name, work: `${work}, in so many`, series, goals: [...flatGoal(series), ...memoryGoals(series)] };
}

function sizes(setting: Setting): number[] {
  return SIZES.map((messages) => setting.scaled(messages));
}

function archiveOf(setting: Setting, messages: number): Promise<FilledArchive> {
  return setting.shared(`an archive of ${named(messages)}`, () => filledArchive(setting, messages));
}

function flatGoal(series: readonly Series[]): Goal[] {
  const [least, most] = [series[0]!, series.at(-1)!];
  const value = medianOf(most, 'cpuSeconds')! / medianOf(least, 'cpuSeconds')!;
  return [{ what: `CPU, ${most.who} / ${least.who}`, value, unit: '', most: FLAT }];
}

function named(messages: number): string {
  return `${messages.toLocaleString('en')} messages`;
}

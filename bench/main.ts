// `npm run bench`: the built command side by side with mbsync on a private Dovecot. Says what is missing and runs
// what it can; ends with 1 when a goal is missed or a row breaks, so that a slower mailkeep does not go unnoticed.

import { writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { Dovecot } from '../test/support/dovecot.js';
import { whyNotMailkeep } from './contestants.js';
import { runMeasured } from './measured.js';
import type { Need, RowResult } from './row.js';
import { ROWS } from './rows.js';
import { Setting } from './setting.js';
import { formatResults, isMet } from './table.js';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench-result.json' },
  },
});

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

process.exitCode = await main();

async function main(): Promise<number> {
  const runs = Number(flags.runs);
  if (!Number.isInteger(runs) || runs < 1) return usage('--runs takes a number from 1');
  const names = flags.only?.split(',') ?? ROWS.map((row) => row.name);
  const unknown = names.filter((name) => !ROWS.some((row) => row.name === name));
  if (unknown.length > 0) {
    return usage(`no such row: ${unknown.join(', ')}; there are ${ROWS.map((row) => row.name).join(', ')}`);
  }
  const unbuilt = whyNotMailkeep();
  if (unbuilt !== null) return usage(unbuilt);

  const missing = await missingNeeds();
  for (const [need, remedy] of missing) say(`${need} is missing: ${remedy}`);
  const setting = new Setting({
    runs,
    quick: flags.quick,
    hasMbsync: !missing.has('mbsync'),
    signal: stop.signal,
    log: say,
  });
  const results: RowResult[] = [];
  const broken: string[] = [];
  try {
    for (const row of ROWS.filter(({ name }) => names.includes(name))) {
      const lacking = row.needs.filter((need) => missing.has(need));
      if (lacking.length > 0) {
        say(`skipped ${row.name}: needs ${lacking.join(' and ')}`);
        continue;
      }
      say(row.name);
      try {
        results.push(await row.run(setting));
      } catch (error) {
        if (stop.signal.aborted) return 130;
        broken.push(row.name);
        say(`${row.name} broke: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    await setting.close();
  }
  process.stdout.write(`\n${formatResults(results)}`);
  if (flags.quick)
    process.stdout.write('\nA tenth of the data (--quick): good for a look, not for a verdict.\n');
  await writeFile(flags.out, `${JSON.stringify(document(results, broken), null, 2)}\n`);
  const missed = results.some((result) => !result.goals.every(isMet));
  return missed || broken.length > 0 ? 1 : 0;
}

function document(results: readonly RowResult[], broken: readonly string[]) {
  const [cpu] = cpus();
  const machine = { cpu: cpu?.model ?? '', cores: cpus().length, kernel: release(), node: process.version };
  return { version: 1, at: new Date().toISOString(), machine, quick: flags.quick, results, broken };
}

/** With the remedy of each. */
async function missingNeeds(): Promise<Map<Need, string>> {
  const missing = new Map<Need, string>();
  const noDovecot = Dovecot.whyNot();
  if (noDovecot !== undefined) missing.set('dovecot', noDovecot);
  const noPop3 = Dovecot.whyNoPop3();
  if (noPop3 !== undefined) missing.set('dovecot-pop3', noPop3);
  for (const [need, program, remedy] of [
    ['mbsync', 'mbsync', 'apt-get install isync'],
    ['getmail', 'getmail', 'apt-get install getmail6'],
  ] as const) {
    try {
      await runMeasured({ program, args: ['--version'], folder: process.cwd() });
    } catch {
      missing.set(need, `install it with: ${remedy}; until then mailkeep runs alone`);
    }
  }
  return missing;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function usage(text: string): number {
  say(`bench: ${text}`);
  return 2;
}

/** The verbs that give mail back: restore. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { AT, collect, type Run, verb } from './declaration.js';

export function declareRestore(program: Command, run: Run): void {
  verb(
    program,
    'restore',
    [0, 1, 2, 3, 10, 11, 12, 75, 130],
    ['mailkeep restore personal --in-place', 'mailkeep restore personal --to new --in-place --dry-run'],
  )
    .summary('puts mail back on a server')
    .description(
      'Appends what is missing on the target: same octets, dates, flags. What the target holds already is not sent again, and nothing on it is changed or deleted.',
    )
    .argument('<account>', 'whose archive')
    .argument('[query...]', 'which messages (default: all)')
    .option('--mailbox <glob>', 'only these mailboxes; may be given several times', collect, [])
    .option('--at <time>', AT)
    .option('--to <account>', 'the account whose server gets the mail (default: the same)')
    .addOption(
      new Option('--prefix <mailbox>', 'restore below this mailbox (default: Restored/<date>)').conflicts(
        'inPlace',
      ),
    )
    .option('--in-place', 'restore to the mailboxes the mail came from', false)
    .option(
      '--dry-run',
      'only show what would be done: reads the target, and every file that would be sent',
      false,
    )
    .option('--verify', 'read every selected message back whole and compare its hash', false)
    .action((account: string, query: string[], flags: RestoreFlags) =>
      run(async (v) => (await import('../restore.js')).restore(v, account, query, flags)),
    );
}

export interface RestoreFlags {
  readonly mailbox: readonly string[];
  readonly at?: string;
  readonly to?: string;
  readonly prefix?: string;
  readonly inPlace: boolean;
  readonly dryRun: boolean;
  readonly verify: boolean;
}

/** The verbs that prove an archive and keep it in shape: check, repair, prune. */
import { type Command, Option } from 'commander';
import { type Run, verb } from './declaration.js';

export function declareProof(program: Command, run: Run): void {
  verb(
    program,
    'check',
    [0, 1, 2, 3, 10, 11, 12, 20, 75, 130],
    ['mailkeep check', 'mailkeep check personal --read-data', 'mailkeep check --read-data=10% --server'],
  )
    .summary('proves the archive against its index and hashes')
    .description(
      'Compares the index with the files; with --read-data also every octet with its hash, with --server what the server holds. Changes nothing.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .option(
      '--read-data [share]',
      'read and hash every octet, or with =10% another tenth of them each time',
      false,
    )
    .option('--server', 'compare with the server, mailbox by mailbox', false)
    .option('--drill', 'restore a random sample from an index made anew, in a temporary folder', false)
    .action((names: string[], flags: CheckFlags) => {
      const [accounts, checked] = separate(names, flags);
      return run(async (v) => (await import('../check.js')).check(v, accounts, checked));
    });

  verb(
    program,
    'repair',
    [0, 1, 2, 3, 10, 11, 12, 75, 130],
    ['mailkeep repair', 'mailkeep repair personal --rebuild-index'],
  )
    .summary('puts right what check found; deletes nothing')
    .description(
      'Reads the whole archive and puts right what is wrong: damaged files go to quarantine/, and what they held is taken from a copy in the archive or fetched again. What is nowhere any more is named. May be interrupted and repeated.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .option(
      '--rebuild-index',
      'instead make a lost or damaged index.db anew from the mail and the journal',
      false,
    )
    .addOption(
      new Option(
        '--accept-lost',
        'what is nowhere any more stays in the history as lost, and is damage no longer',
      )
        .default(false)
        .conflicts('rebuildIndex'),
    )
    .action((names: string[], flags: { rebuildIndex: boolean; acceptLost: boolean }) =>
      run(async (v) =>
        flags.rebuildIndex
          ? (await import('../rebuild-index.js')).rebuildIndexes(v, names)
          : (await import('../repair.js')).repair(v, names, flags),
      ),
    );

  verb(program, 'prune', [0, 1, 2, 3, 10, 11, 130], ['mailkeep prune --dry-run', 'mailkeep prune personal'])
    .summary('applies retention to mail that left the server')
    .description(
      'Deletes what has been under removed/ for longer than `retention` says; the only command that deletes mail. Does nothing while an account is on hold.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .option('--dry-run', 'only list what would go', false)
    .action((names: string[], flags: { dryRun: boolean }) =>
      run(async (v) => (await import('../prune.js')).prune(v, names, flags)),
    );
}

/** `--read-data personal` means all data of that account: only what ends in "%" is a share. */
function separate(names: string[], flags: CheckFlags): [string[], CheckFlags] {
  const { readData } = flags;
  if (typeof readData !== 'string' || readData.endsWith('%')) return [names, flags];
  return [[readData, ...names], { ...flags, readData: true }];
}

export interface CheckFlags {
  readonly readData: string | boolean;
  readonly server: boolean;
  readonly drill: boolean;
}

/**
 * The command line: every verb with its flags, an example and its exit codes. Parsing only; each verb has
 * a file of its own, loaded when it is called, so that start-up stays short.
 */
import { Command, CommanderError, Option } from 'commander';
import { commandTail, HELP, programTail } from './help.js';
import type { GlobalOptions, Verb } from './io.js';

export type VerbRunner = (options: GlobalOptions, run: (verb: Verb) => Promise<number>) => Promise<void>;

/** Parses and runs; throws CommanderError for usage, help and version. */
export async function runProgram(
  argv: readonly string[],
  version: string,
  runner: VerbRunner,
): Promise<void> {
  await buildProgram(version, runner).parseAsync([...argv], { from: 'user' });
}

export function buildProgram(version: string, runner: VerbRunner): Command {
  const program = new Command('mailkeep')
    .description('Keeps whole mailboxes: incremental backup of IMAP accounts into Maildir, and restore.')
    .version(version, '--version')
    .option('--config <file>', 'the configuration file')
    .option('--data-dir <folder>', 'where the archives are (overrides the config)')
    .addOption(
      new Option(
        '--log-level <level>',
        'how much the daemon logs: trace, debug, info, warn, error, fatal or silent',
      ).choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    )
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'no progress, no remarks')
    .configureHelp(HELP)
    .addHelpText('after', programTail())
    .showSuggestionAfterError(true)
    .exitOverride();

  const options = (): GlobalOptions => {
    const flags = program.opts<{
      config?: string;
      dataDir?: string;
      logLevel?: string;
      json?: boolean;
      quiet?: boolean;
    }>();
    return {
      config: flags.config ?? null,
      dataDir: flags.dataDir ?? null,
      logLevel: flags.logLevel ?? null,
      json: flags.json === true,
      quiet: flags.quiet === true,
    };
  };
  const run = (work: (verb: Verb) => Promise<number>) => runner(options(), work);

  verb(
    program,
    'sync',
    [0, 1, 2, 3, 11, 12, 75, 130],
    ['mailkeep sync', 'mailkeep sync personal --mailbox "Work/**"'],
  )
    .alias('backup')
    .summary('backs up; only what changed travels (alias: backup)')
    .description(
      'Backs up the accounts. Only what changed travels; the command ends when all of it is safe on disk.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .option('--mailbox <glob>', 'only these mailboxes; may be given several times', collect, [])
    .option('--full', 'trust no cursor: compare every UID and flag', false)
    .option('--dry-run', 'only look and say what would be done', false)
    .action((names: string[], flags: { mailbox: string[]; full: boolean; dryRun: boolean }) =>
      run(async (v) => (await import('./sync.js')).sync(v, names, flags)),
    );

  verb(program, 'status', [0, 2, 10], ['mailkeep status', 'mailkeep status personal --json'])
    .summary('last run and completeness of every mailbox')
    .description('Shows the last run, and for every mailbox what the server holds and what is stored.')
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .action((names: string[]) => run(async (v) => (await import('./status.js')).status(v, names)));

  verb(program, 'history', [0, 2, 10], ['mailkeep history personal'])
    .summary('the runs, newest first')
    .description(
      'Lists the runs that changed something or went wrong, newest first: when, what, how they ended.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .action((names: string[]) => run(async (v) => (await import('./history.js')).history(v, names)));

  verb(program, 'check', [0, 1, 2, 10, 20, 130], ['mailkeep check', 'mailkeep check personal --read-data'])
    .summary('proves the archive against its index and hashes')
    .description(
      'Compares the index with the files; with --read-data also every octet with its hash. Changes nothing.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .option('--read-data', 'read and hash every octet', false)
    .action((names: string[], flags: { readData: boolean }) =>
      run(async (v) => (await import('./check.js')).check(v, names, flags)),
    );

  verb(
    program,
    'restore',
    [0, 1, 2, 3, 10, 12, 75, 130],
    ['mailkeep restore personal --in-place', 'mailkeep restore personal --to new --in-place --dry-run'],
  )
    .summary('puts mail back on a server')
    .description(
      'Appends what is missing on the target: same octets, dates, flags. What the target holds already is not sent again, and nothing on it is changed or deleted.',
    )
    .argument('<account>', 'whose archive')
    .argument('[query...]', 'which messages (default: all)')
    .option('--mailbox <glob>', 'only these mailboxes; may be given several times', collect, [])
    .option('--to <account>', 'the account whose server gets the mail (default: the same)')
    .addOption(
      new Option('--prefix <mailbox>', 'restore below this mailbox (default: Restored/<date>)').conflicts(
        'inPlace',
      ),
    )
    .option('--in-place', 'restore to the mailboxes the mail came from', false)
    .option('--dry-run', 'only show what would be done', false)
    .option('--verify', 'read every restored message back whole and compare its hash', false)
    .action((account: string, query: string[], flags: RestoreFlags) =>
      run(async (v) => (await import('./restore.js')).restore(v, account, query, flags)),
    );

  verb(program, 'accept', [0, 2, 10, 11], ['mailkeep accept personal'])
    .summary('releases a hold of the mass-deletion guard')
    .description(
      'Says that the deletions which put the account on hold were meant: the next sync follows them.',
    )
    .argument('<account>', 'the account on hold')
    .action((name: string) => run(async (v) => (await import('./accept.js')).accept(v, name)));

  verb(program, 'daemon', [0, 1, 2], ['mailkeep daemon'])
    .summary('runs the schedule in the foreground')
    .description(
      'Stays in the foreground and backs up every account by its schedule; what is overdue runs at once.',
    )
    .action(() => run(async (v) => (await import('./daemon.js')).daemon(v)));

  return program;
}

export interface RestoreFlags {
  readonly mailbox: readonly string[];
  readonly to?: string;
  readonly prefix?: string;
  readonly inPlace: boolean;
  readonly dryRun: boolean;
  readonly verify: boolean;
}

export { CommanderError };

function verb(
  program: Command,
  name: string,
  codes: readonly number[],
  examples: readonly string[],
): Command {
  return program
    .command(name)
    .exitOverride()
    .showSuggestionAfterError(true)
    .addHelpText('after', commandTail(codes, examples));
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

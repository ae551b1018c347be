/**
 * The command line: the global options, and the verbs that the files in declare/ add. Parsing only; each
 * verb has a file of its own, loaded when it is called, so that start-up stays short.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { declareAccount } from './declare/account.js';
import { declareBackup } from './declare/backup.js';
import { declareDaemon } from './declare/daemon.js';
import { declareExport } from './declare/export.js';
import { declareFind } from './declare/find.js';
import { declareImport } from './declare/import.js';
import { declareProof } from './declare/proof.js';
import { declareRestore } from './declare/restore.js';
import { declareSetup } from './declare/setup.js';
import { HELP, programTail } from './help.js';
import type { GlobalOptions, Verb } from './io.js';

/** In the order of --help. */
const DECLARATIONS = [
  declareSetup,
  declareBackup,
  declareFind,
  declareProof,
  declareRestore,
  declareExport,
  declareAccount,
  declareImport,
  declareDaemon,
];

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
    .description(
      'Keeps whole mailboxes: incremental backup of IMAP and POP3 accounts into Maildir, and restore.',
    )
    .version(version, '--version')
    .option('--config <file>', 'the configuration file', path)
    .option('--data-dir <folder>', 'where the archives are (overrides the config)', path)
    .addOption(
      new Option(
        '--log-level <level>',
        'how much the daemon logs: trace, debug, info, warn, error, fatal or silent',
      ).choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    )
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'no progress, no remarks')
    .configureHelp(HELP)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'mailkeep: ')) })
    .showHelpAfterError('  nothing was done; mailkeep --help shows the commands')
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

  for (const declare of DECLARATIONS) declare(program, run);
  return program;
}

/** A variable that is not set leaves an empty word, which as a folder is the one we are in. */
function path(text: string): string {
  if (text === '') throw new InvalidArgumentError('expected a path.');
  return text;
}

export { CommanderError };

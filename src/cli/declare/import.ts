/** The verb that takes mail of other programs in: import. */
import { Argument, type Command } from 'commander';
import { IMPORT_FORMATS, type ImportFormat } from '../../core/ports/import.js';
import { type Run, verb } from './declaration.js';

export function declareImport(program: Command, run: Run): void {
  verb(
    program,
    'import',
    [0, 1, 2, 3, 11, 130],
    ['mailkeep import maildir personal ~/Mail', 'mailkeep import mbox personal ~/old.mbox --dry-run'],
  )
    .summary('takes a local copy of the account in, so that sync need not download it')
    .description(
      'Takes mail that another program (mbsync, OfflineIMAP, Thunderbird, imap-backup) keeps on this machine into the archive, below Imported/<name of PATH>, as mail that is not on the server. The next sync recognises what the server holds too and downloads only what is not here. PATH is only read; may be interrupted and repeated.',
    )
    .addArgument(new Argument('<format>', IMPORT_FORMATS.join(' or ')).choices(IMPORT_FORMATS))
    .argument('<account>', 'whose mail it is')
    .argument('<path>', 'a Maildir or mbox file, or a folder above them')
    .option('--dry-run', 'only read and say what would be taken', false)
    .action((format: ImportFormat, account: string, path: string, flags: ImportFlags) =>
      run(async (v) => (await import('../import.js')).importLocal(v, format, account, path, flags)),
    );
}

export interface ImportFlags {
  readonly dryRun: boolean;
}

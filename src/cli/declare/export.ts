/** The verbs that write mail to files: export. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { EXPORT_FORMATS, type ExportFormat } from '../../core/ports/export.js';
import { AT, collect, type Run, verb } from './declaration.js';

export function declareExport(program: Command, run: Run): void {
  verb(
    program,
    'export',
    [0, 1, 2, 3, 10, 130],
    [
      'mailkeep export personal --format mbox --to ~/mail-2026',
      'mailkeep export personal from:ada after:1y --format zip --to ada.zip',
      'mailkeep export personal --format maildir --to /srv/mail/me',
    ],
  )
    .summary('writes mail to files: mbox, eml, maildir or zip')
    .description(
      'Writes mail of the archive to files: mbox (mboxrd, a file for each mailbox), eml (a file for each message), maildir (a tree that Dovecot serves with LAYOUT=fs, by hard links where possible) or zip (eml files in one archive). Nothing is overwritten, and nothing has its final name before it is whole.',
    )
    .argument('<account>', 'whose archive')
    .argument('[query...]', 'which messages (default: all)')
    .option('--mailbox <glob>', 'only these mailboxes; may be given several times', collect, [])
    .option('--at <time>', AT)
    .addOption(
      new Option('--format <format>', EXPORT_FORMATS.join(', '))
        .choices(EXPORT_FORMATS)
        .makeOptionMandatory(),
    )
    .requiredOption('--to <path>', 'the folder to make, or the file for zip')
    .action((account: string, query: string[], flags: ExportFlags) =>
      run(async (v) => (await import('../export.js')).exportMail(v, account, query, flags)),
    );
}

export interface ExportFlags {
  readonly mailbox: readonly string[];
  readonly at?: string;
  readonly format: ExportFormat;
  readonly to: string;
}

/** The verbs of a backup: sync, status, history, accept. */
import type { Command } from 'commander';
import type { SyncFlags } from '../sync.js';
import { AT, collect, type Run, verb } from './declaration.js';

export function declareBackup(program: Command, run: Run): void {
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
    .option('--wait', 'wait for another command that works on the account, instead of exit 11', false)
    .option('--index', 'also index the text, so that the next search need not', false)
    .action((names: string[], flags: SyncFlags) =>
      run(async (v) => (await import('../sync.js')).sync(v, names, flags)),
    );

  verb(program, 'status', [0, 1, 2, 3, 10], ['mailkeep status', 'mailkeep status personal --at 2026-03-31'])
    .summary('last run and completeness of every mailbox')
    .description('Shows the last run, and for every mailbox what the server holds and what is stored.')
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .option('--at <time>', AT)
    .action((names: string[], flags: { at?: string }) =>
      run(async (v) => (await import('../status.js')).status(v, names, flags)),
    );

  verb(program, 'history', [0, 1, 2, 3, 10], ['mailkeep history personal'])
    .summary('the runs, newest first')
    .description(
      'Lists the runs that changed something or went wrong, newest first: when, what, how they ended.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .action((names: string[]) => run(async (v) => (await import('../history.js')).history(v, names)));

  verb(program, 'accept', [0, 2, 10, 11], ['mailkeep accept personal'])
    .summary('releases a hold of the mass-deletion guard')
    .description(
      'Says that the deletions which put the account on hold were meant: the next sync follows them.',
    )
    .argument('<account>', 'the account on hold')
    .action((name: string) => run(async (v) => (await import('../accept.js')).accept(v, name)));
}

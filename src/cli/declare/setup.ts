/** The verbs of the first minutes, and of those when something is wrong: doctor. */
import type { Command } from 'commander';
import { type Run, verb } from './declaration.js';

export function declareSetup(program: Command, run: Run): void {
  verb(program, 'doctor', [0, 1, 2, 12, 75, 130], ['mailkeep doctor', 'mailkeep doctor personal --json'])
    .summary('looks at everything that can be in the way')
    .description(
      'Looks at the program, the config, permissions and the disk; then for each account at the way to the server, TLS, the sign-in, what the server can do, which mailboxes are in or out and why, and at the archive. Says of each what to do. Changes nothing; works with a broken config and without a server.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .action((names: string[]) => run(async (v) => (await import('../doctor.js')).doctor(v, names)));
}

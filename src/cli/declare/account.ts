/** The verbs about an account itself: auth. */
import type { Command } from 'commander';
import type { AuthFlags } from '../auth.js';
import { type Run, verb } from './declaration.js';

export function declareAccount(program: Command, run: Run): void {
  verb(program, 'auth', [0, 1, 2, 12, 75, 130], ['mailkeep auth company', 'mailkeep auth company --browser'])
    .summary('OAuth2 sign-in; stores the refresh token')
    .description(
      'Signs an account with oauth in: shows a page to open, and a code where the provider has them. Over ssh, paste the address of the last page.',
    )
    .argument('<account>', 'the account')
    .option(
      '--browser',
      'by a browser that comes back to this machine, even if the provider has codes',
      false,
    )
    .action((name: string, flags: AuthFlags) =>
      run(async (v) => (await import('../auth.js')).auth(v, name, flags)),
    );
}

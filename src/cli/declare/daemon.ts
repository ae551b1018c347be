/** The verb of the service: daemon. */
import type { Command } from 'commander';
import { type Run, verb } from './declaration.js';

export function declareDaemon(program: Command, run: Run): void {
  verb(program, 'daemon', [0, 1, 2], ['mailkeep daemon'])
    .summary('runs the schedule in the foreground')
    .description(
      'Stays in the foreground and backs up every account by its schedule; what is overdue runs at once.',
    )
    .action(() => run(async (v) => (await import('../daemon.js')).daemon(v)));
}

/** The verbs of the service: daemon, notify. */
import type { Command } from 'commander';
import { type Run, verb } from './declaration.js';

export function declareDaemon(program: Command, run: Run): void {
  verb(program, 'daemon', [0, 1, 2], ['mailkeep daemon'])
    .summary('runs the schedule in the foreground')
    .description(
      'Stays in the foreground and backs up every account by its schedule; what is overdue runs at once.',
    )
    .action(() => run(async (v) => (await import('../daemon.js')).daemon(v)));

  verb(program, 'notify', [0, 1, 2, 3, 130], ['mailkeep notify --test'])
    .summary('tries out the notifications')
    .description(
      'With --test, sends a test through every notifier of the config and says how each went. A ping is told of a success.',
    )
    .option('--test', 'send a test', false)
    .action((flags: { test: boolean }) => run(async (v) => (await import('../notify.js')).notify(v, flags)));
}

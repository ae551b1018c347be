/** The verbs that prove an archive and put it right: check, repair. */
import type { Command } from 'commander';
import { type Run, verb } from './declaration.js';

export function declareProof(program: Command, run: Run): void {
  verb(program, 'check', [0, 1, 2, 10, 20, 130], ['mailkeep check', 'mailkeep check personal --read-data'])
    .summary('proves the archive against its index and hashes')
    .description(
      'Compares the index with the files; with --read-data also every octet with its hash. Changes nothing.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .option('--read-data', 'read and hash every octet', false)
    .action((names: string[], flags: { readData: boolean }) =>
      run(async (v) => (await import('../check.js')).check(v, names, flags)),
    );

  verb(program, 'repair', [0, 1, 2, 3, 10, 11, 130], ['mailkeep repair personal --rebuild-index'])
    .summary('makes a lost or damaged index anew')
    .description(
      'Makes index.db anew from mail/, removed/ and the journal, history included. No message is touched; the old index goes to quarantine/.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .requiredOption('--rebuild-index', 'make index.db anew from the mail and the journal')
    .action((names: string[]) =>
      run(async (v) => (await import('../rebuild-index.js')).rebuildIndexes(v, names)),
    );
}

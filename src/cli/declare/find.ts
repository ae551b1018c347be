/** The verbs that find mail: search, show, attachments. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AttachmentFlags } from '../attachments.js';
import type { SearchFlags } from '../search.js';
import type { ShowFlags } from '../show.js';
import { AT, collect, type Run, verb } from './declaration.js';

export function declareFind(program: Command, run: Run): void {
  verb(
    program,
    'search',
    [0, 1, 2, 3, 10, 130],
    ['mailkeep search invoice from:ada after:2026-01-01', 'mailkeep search \'"annual report" -draft\''],
  )
    .summary('finds archived mail')
    .description(
      'Finds mail in the archive, also what has left the server. Words match subject, addresses, text and attachment names; text that is not indexed yet is indexed first. Marks: N not read, A attachments, R gone from the server, E encrypted, S signed.',
    )
    .argument(
      '<query...>',
      'words, "phrases", -word, a OR b, and fields such as from: in: after: has:attachment',
    )
    .option('--account <account>', 'only this account; may be given several times', collect, [])
    .option('--limit <n>', 'most messages shown (default: 50; with --json all)', positiveInteger)
    .addOption(
      new Option('--sort <order>', 'newest first, or best match first')
        .choices(['date', 'relevance'])
        .default('date'),
    )
    .option('--at <time>', AT)
    .action((query: string[], flags: SearchFlags) =>
      run(async (v) => (await import('../search.js')).search(v, query, flags)),
    );

  verb(
    program,
    'show',
    [0, 1, 2, 10, 130],
    ['mailkeep show 3f5d4608c1', 'mailkeep show 3f5d4608c1 --part 2 > report.pdf'],
  )
    .summary('one message, for reading or as it is')
    .description(
      'Shows a message by its ID (at least 8 digits of it): decoded fields, attachments, text. Nothing in it can drive the terminal, nothing is fetched, HTML becomes text. --raw and --part write to a pipe or a file only.',
    )
    .argument('<id>', 'from search, or the hash in a file name of the archive')
    .addOption(
      new Option('--headers', 'the header as it came').default(false).conflicts(['raw', 'part', 'thread']),
    )
    .addOption(
      new Option('--raw', 'exactly the octets that the server sent')
        .default(false)
        .conflicts(['part', 'thread']),
    )
    .addOption(new Option('--part <n>', 'the content of one part, decoded').conflicts('thread'))
    .option('--thread', 'the whole conversation, from all mailboxes of the account', false)
    .option('--account <account>', 'look in this account only; may be given several times', collect, [])
    .action((id: string, flags: ShowFlags) =>
      run(async (v) => (await import('../show.js')).show(v, id, flags)),
    );

  verb(
    program,
    'attachments',
    [0, 1, 2, 3, 10, 130],
    ['mailkeep attachments from:ada after:1y', 'mailkeep attachments --type "*.pdf" --to ~/papers'],
  )
    .summary('lists attachments, or saves them')
    .description(
      'Lists the attachments of the messages that a query finds. With --to it saves them: safe names, dates of the messages, nothing overwritten, the same content once.',
    )
    .argument('[query...]', 'which messages (default: all)')
    .option('--to <folder>', 'save them there')
    .option('--type <glob>', 'only this content type (image/*) or, without "/", this file name (*.pdf)')
    .option('--inline', 'also what belongs to the text, such as pictures in HTML and signatures', false)
    .option('--account <account>', 'only this account; may be given several times', collect, [])
    .action((query: string[], flags: AttachmentFlags) =>
      run(async (v) => (await import('../attachments.js')).attachments(v, query, flags)),
    );
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < 1)
    throw new InvalidArgumentError('expected a whole number from 1 on.');
  return value;
}

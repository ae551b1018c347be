/** docs/man/mailkeep.1: the same facts in the language of man(7). */
import { exitCodeTerms, type Reference, type Term } from './facts.js';

const PLACES = [
  ['--config, $MAILKEEP_CONFIG', 'the configuration file, where it is named'],
  ['$XDG_CONFIG_HOME/mailkeep/config.yaml', 'its usual place; ~/.config without the variable'],
  ['/etc/mailkeep/config.yaml', 'the one of the machine'],
  ['data_dir/account/', 'an archive: mail/, removed/, journal.jsonl, index.db'],
] as const;

/** `codes`: every exit code of the program. */
export function manPage({ description, options, commands }: Reference, codes: readonly number[]): string {
  const chapters = commands.flatMap((command) => [
    `.SS ${quoted(`mailkeep ${command.name} ${command.usage}`)}`,
    escaped(command.description),
    ...(command.aliases.length === 0 ? [] : ['.PP', escaped(`Also: ${command.aliases.join(', ')}.`)]),
    ...terms(command.arguments),
    ...terms(command.options),
    '.PP',
    'Examples:',
    '.PP',
    '.nf',
    '.RS 4',
    ...command.examples.map(escaped),
    '.RE',
    '.fi',
    '.PP',
    escaped(`Exit codes: ${command.exitCodes.map(({ term }) => term).join(', ')}.`),
  ]);
  return `${[
    '.\\" Made by npm run docs from the program itself.',
    '.TH MAILKEEP 1 "" "mailkeep" "User Commands"',
    '.SH NAME',
    'mailkeep \\- keeps whole mailboxes on disk, and puts them back',
    '.SH SYNOPSIS',
    '.B mailkeep',
    escaped('[--config FILE] [--data-dir FOLDER] [--log-level LEVEL] [--json] [--quiet] COMMAND'),
    '.SH DESCRIPTION',
    escaped(description),
    '.SH OPTIONS',
    'These stand before or after any command.',
    ...terms(options),
    '.SH COMMANDS',
    ...chapters,
    '.SH EXIT STATUS',
    ...terms(exitCodeTerms(codes)),
    '.SH FILES',
    ...terms(PLACES.map(([term, meaning]) => ({ term, meaning }))),
    '.SH SEE ALSO',
    escaped('mbsync(1), dovecot(1), restic(1); docs/ and config.example.yaml beside the program'),
  ].join('\n')}\n`;
}

function terms(list: readonly Term[]): string[] {
  return list.flatMap(({ term, meaning }) => ['.TP', `.B ${escaped(term)}`, escaped(meaning)]);
}

/** A line that begins with a dot or a quote would be a command of roff. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function quoted(text: string): string {
  return `"${escaped(text.trim()).replaceAll('"', '""')}"`;
}

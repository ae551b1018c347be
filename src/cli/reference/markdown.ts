/** docs/commands.md: every command with its options, examples and exit codes. */
import type { Reference, Term } from './facts.js';

export function commandsMarkdown({ description, options, commands }: Reference): string {
  const chapters = commands.map((command) =>
    [
      `## mailkeep ${command.name}`,
      command.aliases.length === 0 ? '' : `Also: \`mailkeep ${command.aliases.join('`, `mailkeep ')}\`.`,
      `    mailkeep ${command.name} ${command.usage}`.trimEnd(),
      command.description,
      table('argument', command.arguments),
      table('option', command.options),
      ['```text', ...command.examples, '```'].join('\n'),
      table('exit code', command.exitCodes),
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
  );
  return `${[
    '# Commands',
    '<!-- Made by `npm run docs` from the program itself. Change src/cli/declare/, not this page. -->',
    description,
    'These stand before or after any command:',
    table('option', options),
    ...chapters,
  ].join('\n\n')}\n`;
}

function table(head: string, terms: readonly Term[]): string {
  if (terms.length === 0) return '';
  const rows = terms.map(({ term, meaning }) => `| \`${code(term)}\` | ${cell(meaning)} |`);
  return [`| ${head} | |`, '|---|---|', ...rows].join('\n');
}

/** In a code span nothing but the bar of the table has a meaning. */
function code(text: string): string {
  return text.replaceAll('|', '\\|');
}

function cell(text: string): string {
  return code(text).replaceAll('<', '&lt;').replaceAll('\n', ' ');
}

/**
 * How --help looks: 80 columns, only what a reader can use (no "default: false"), the global options with
 * every command, then examples and exit codes.
 */
import type { HelpConfiguration } from 'commander';
import { EXIT_MEANINGS } from './exit-code.js';

export const HELP: HelpConfiguration = {
  showGlobalOptions: true,
  // Terms are long here; commander would give up wrapping their descriptions.
  minWidthToWrap: 24,
  optionDescription: (option) => option.description,
  subcommandTerm: (command) =>
    [command.name(), command.usage().replace('[options]', '').trim()].join(' ').trim(),
  visibleGlobalOptions: (command) =>
    command.parent?.options.filter((option) => option.long !== '--version') ?? [],
};

/** What stands below the commands of `mailkeep --help`. */
export function programTail(): string {
  return [
    '',
    'The configuration is looked for in --config, $MAILKEEP_CONFIG,',
    '$XDG_CONFIG_HOME/mailkeep/config.yaml (~/.config without it) and',
    '/etc/mailkeep/config.yaml. Options may stand before or after the command.',
    '',
    ...exitCodes(Object.keys(EXIT_MEANINGS).map(Number)),
  ].join('\n');
}

/** What stands below the options of one command. */
export function commandTail(codes: readonly number[], examples: readonly string[]): string {
  return ['', 'Examples:', ...examples.map((example) => `  ${example}`), '', ...exitCodes(codes)].join('\n');
}

function exitCodes(codes: readonly number[]): string[] {
  return ['Exit codes:', ...codes.map((code) => `  ${String(code).padStart(3)}  ${EXIT_MEANINGS[code]}`)];
}

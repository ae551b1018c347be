/** The command line as plain data, from the tree that parses it: what the man page and docs/commands.md say. */
import type { Argument, Command, Option } from 'commander';
import { tailOf } from '../declare/declaration.js';
import { EXIT_MEANINGS } from '../exit-code.js';

export interface Reference {
  readonly description: string;
  readonly options: readonly Term[];
  readonly commands: readonly CommandFacts[];
}

export interface CommandFacts {
  readonly name: string;
  readonly aliases: readonly string[];
  /** `sync [options] [account...]` without the name. */
  readonly usage: string;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly Term[];
  readonly options: readonly Term[];
  readonly examples: readonly string[];
  readonly exitCodes: readonly Term[];
}

export interface Term {
  readonly term: string;
  readonly meaning: string;
}

export function referenceOf(program: Command): Reference {
  return {
    description: program.description(),
    options: program.options.map(optionTerm),
    commands: visibleCommands(program).map(commandFacts),
  };
}

/** Without those that only a completion script calls. */
export function visibleCommands(program: Command): Command[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
}

export function exitCodeTerms(codes: readonly number[]): Term[] {
  return codes.map((code) => ({ term: String(code), meaning: EXIT_MEANINGS[code] ?? '' }));
}

function commandFacts(command: Command): CommandFacts {
  const { codes, examples } = tailOf(command);
  return {
    name: command.name(),
    aliases: command.aliases(),
    usage: command.usage(),
    summary: command.summary(),
    description: command.description(),
    arguments: command.registeredArguments.map(argumentTerm),
    options: command.options.filter((option) => !option.hidden).map(optionTerm),
    examples,
    exitCodes: exitCodeTerms(codes),
  };
}

function optionTerm(option: Option): Term {
  const choices = option.argChoices?.filter((choice) => !option.description.includes(choice)) ?? [];
  const extra = choices.length === 0 ? '' : ` (${option.argChoices?.join(', ')})`;
  return { term: option.flags, meaning: `${option.description}${extra}` };
}

function argumentTerm(argument: Argument): Term {
  return { term: argument.name(), meaning: argument.description };
}

/** What every declaration of a verb needs. */
import type { Command } from 'commander';
import { commandTail } from '../help.js';
import type { Verb } from '../io.js';

/** Runs a verb's work with what the process gives it. */
export type Run = (work: (verb: Verb) => Promise<number>) => Promise<void>;

export function verb(
  program: Command,
  name: string,
  codes: readonly number[],
  examples: readonly string[],
): Command {
  const command = program
    .command(name)
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError(
      `  nothing was done; mailkeep ${name} --help shows what it takes${TAKES_QUERY.has(name) ? MINUS : ''}`,
    )
    .addHelpText('after', commandTail(codes, examples));
  TAILS.set(command, { codes, examples });
  return command;
}

const TAKES_QUERY: ReadonlySet<string> = new Set(['search', 'attachments', 'restore', 'export']);
const MINUS = '. A word to leave out stands behind --: ferry -- -lamp';

export interface Tail {
  readonly codes: readonly number[];
  readonly examples: readonly string[];
}

/** Commander keeps no examples and no exit codes; the reference wants them apart. */
const TAILS = new WeakMap<Command, Tail>();

export function tailOf(command: Command): Tail {
  return TAILS.get(command) ?? { codes: [], examples: [] };
}

/** What --at takes, wherever it is. */
export const AT = 'as it was then: a date, a date and time, or the number of a run (see history)';

/** Of an option that may be given several times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

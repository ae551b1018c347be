/**
 * The words that may stand where the cursor is, for the completion scripts. Silent about everything that goes
 * wrong: a key pressed in a shell is no place for an error, and nothing is read that takes long.
 */
import type { Argument, Command, Option } from 'commander';
import { printable } from '../core/text/printable.js';
import type { Verb } from './io.js';
import { visibleCommands } from './reference/facts.js';

/** The names that only the config and the archives know. */
export interface Names {
  readonly accounts: () => Promise<readonly string[]>;
  readonly mailboxes: (account: string | null) => Promise<readonly string[]>;
}

/** What a script does by itself where no word is proposed. */
export const FILES = ':files';

/** `words` follow "mailkeep"; the last one is the one under the cursor and may be empty. */
export async function complete(program: Command, words: readonly string[], names: Names): Promise<string[]> {
  const current = words.at(-1) ?? '';
  const { command, before, operands } = place(program, words.slice(0, -1));
  const options = [...(command?.options ?? []), ...program.options];
  const awaiting = before === null ? undefined : options.find((option) => option.long === before);
  const assigned = /^(--[a-z-]+)=(.*)$/s.exec(current);
  if (assigned !== null) {
    const option = options.find(({ long }) => long === assigned[1]);
    const values = option === undefined ? [] : await valuesOf(option, operands, names);
    return values.filter((value) => value !== FILES).map((value) => `${assigned[1]}=${value}`);
  }
  if (awaiting?.required === true) return startingWith(current, await valuesOf(awaiting, operands, names));
  if (current.startsWith('-'))
    return startingWith(current, [
      ...options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? ''),
      '--help',
    ]);
  if (command === null)
    return startingWith(
      current,
      visibleCommands(program).flatMap((known) => [known.name(), ...known.aliases()]),
    );
  return startingWith(current, await operandValues(command, operands, names));
}

interface Place {
  readonly command: Command | null;
  /** The word before the cursor, if it is an option. */
  readonly before: string | null;
  readonly operands: readonly string[];
}

function place(program: Command, words: readonly string[]): Place {
  let command: Command | null = null;
  const operands: string[] = [];
  let before: string | null = null;
  for (const word of words) {
    const options: readonly Option[] = [...(command?.options ?? []), ...program.options];
    const awaiting: boolean =
      before !== null && options.find(({ long }) => long === before)?.required === true;
    before = !awaiting && word.startsWith('--') ? word : null;
    if (awaiting || word.startsWith('-')) continue;
    if (command !== null) operands.push(word);
    else
      command = program.commands.find((known) => [known.name(), ...known.aliases()].includes(word)) ?? null;
  }
  return { command, before, operands };
}

async function valuesOf(
  option: Option,
  operands: readonly string[],
  names: Names,
): Promise<readonly string[]> {
  if (option.argChoices !== undefined) return option.argChoices;
  const value = /<([^>]+)>/.exec(option.flags)?.[1] ?? '';
  if (value === 'account') return await names.accounts();
  if (option.long === '--mailbox' || option.long === '--prefix')
    return await names.mailboxes(operands[0] ?? null);
  return /^(file|folder|path)$/.test(value) ? [FILES] : [];
}

async function operandValues(
  command: Command,
  operands: readonly string[],
  names: Names,
): Promise<readonly string[]> {
  const known: readonly Argument[] = command.registeredArguments;
  const last = known.at(-1);
  const argument = known[operands.length] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return argument.argChoices;
  if (argument.name() !== 'account') return [];
  return (await names.accounts()).filter((name) => !operands.includes(name));
}

function startingWith(current: string, words: readonly string[]): string[] {
  if (words.includes(FILES)) return [FILES];
  return words.filter((word) => word.startsWith(current));
}

/** From the config and the archives; empty where they can't be read. Names that no line can carry are left out. */
export function namesOf(verb: Verb): Names {
  const load = () => verb.load().catch(() => null);
  return {
    accounts: async () => (await load())?.config.accounts.map(({ name }) => name) ?? [],
    mailboxes: async (account) => {
      const loaded = await load();
      const accounts =
        loaded?.config.accounts.filter(({ name }) => account === null || name === account) ?? [];
      const paths = accounts.flatMap((known) => {
        try {
          return loaded!.wiring.look(known, (reader) => reader.mailboxes().filter(({ listed }) => listed));
        } catch {
          return [];
        }
      });
      return [...new Set(paths.map(({ path }) => path))].filter((path) => printable(path) === path);
    },
  };
}

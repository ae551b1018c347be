/** What the README says of the command line is what the command line has. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { EXIT, EXIT_MEANINGS } from '../../src/cli/exit-code.js';
import { buildProgram } from '../../src/cli/program.js';

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
const PROGRAM = buildProgram('0.0.0', () => Promise.resolve());

describe('README', () => {
  const commands = readmeCommands(README);

  test('shows enough commands for this test to mean something', () => {
    expect(commands.length).toBeGreaterThan(10);
  });

  test.each(commands)('%s: verb and flags stand in --help', (line) => {
    expect(unknownWords(line)).toEqual([]);
  });

  test('its table of commands names every verb once', () => {
    const verbs = tableRows('command').map(([cell]) => /^`(\w+)/.exec(cell!)?.[1]);
    expect(verbs).toEqual(PROGRAM.commands.map((command) => command.name()));
  });

  test('its table of commands names every flag of a verb', () => {
    for (const [cell] of tableRows('command')) {
      const command = commandOf(/^`(\w+)/.exec(cell!)![1]!)!;
      expect(flagsIn(cell!).sort()).toEqual(command.options.map((option) => option.long!).sort());
    }
  });

  test('its table of exit codes is the one of the program', () => {
    const rows = tableRows('code').map(([code, meaning]) => [Number(code), meaning]);
    expect(rows).toEqual(Object.entries(EXIT_MEANINGS).map(([code, meaning]) => [Number(code), meaning]));
    expect(rows.map(([code]) => code)).toEqual(Object.values(EXIT));
  });
});

describe('messages', () => {
  /** Commands that the interface reserves; a hint may name one only once it is there. */
  const reserved = /mailkeep (init|doctor|search|show|attachments|export|repair|prune|auth|completion)\b/g;

  test('send nobody to a command that does not exist', () => {
    const src = resolve(import.meta.dirname, '../../src');
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(50);
    const wrong = files.flatMap((file) =>
      [...readFileSync(join(src, file), 'utf8').matchAll(reserved)]
        .filter(([, verb]) => commandOf(verb!) === undefined)
        .map(([words]) => `${file}: ${words}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the check of README commands', () => {
  test('finds a verb and a flag that do not exist', () => {
    expect(unknownWords('frobnicate --now')).toEqual(['frobnicate']);
    expect(unknownWords('sync personal --nope')).toEqual(['--nope']);
    expect(unknownWords('sync --json --mailbox "Work/**"')).toEqual([]);
  });
});

/** What follows `node dist/main.js` or `mailkeep` in code blocks, and the first cells of the table of commands. */
function readmeCommands(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!).join('');
  const lines = [...blocks.matchAll(/^(?:node dist\/main\.js|mailkeep) ([^#\n]*)/gm)].map(
    (match) => match[1]!,
  );
  const inline = [...text.matchAll(/`mailkeep ([a-z][^`]*)`/g)].map((match) => match[1]!);
  const cells = tableRows('command').map(([cell]) => cell!.replaceAll('`', ''));
  return [...lines, ...inline, ...cells].map((line) => line.trim());
}

function unknownWords(line: string): string[] {
  const verb = line.split(/\s/)[0]!;
  const command = commandOf(verb);
  if (command === undefined) return [verb];
  const known = [...command.options, ...PROGRAM.options].map((option) => option.long);
  return flagsIn(line).filter((flag) => flag !== '--help' && !known.includes(flag));
}

function commandOf(name: string): Command | undefined {
  return PROGRAM.commands.find((command) => command.name() === name || command.aliases().includes(name));
}

function flagsIn(text: string): string[] {
  return [...text.matchAll(/--[a-z-]+/g)].map((match) => match[0]);
}

/** The cells of the table whose first head is this word; a `\|` is part of its cell. */
function tableRows(head: string): string[][] {
  const lines = README.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** What the README says of the command line is what the command line has. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT, EXIT_MEANINGS } from '../../src/cli/exit-code.js';
import { visibleCommands } from '../../src/cli/reference/facts.js';
import { commandNamed, flagsIn, PROGRAM } from './documents.js';

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');

describe('README', () => {
  test('its table of commands names every verb once', () => {
    const verbs = tableRows('command').map(([cell]) => /^`(\w+)/.exec(cell!)?.[1]);
    expect(verbs).toEqual(visibleCommands(PROGRAM).map((command) => command.name()));
  });

  test('its table of commands names every flag of a verb', () => {
    for (const [cell] of tableRows('command')) {
      const command = commandNamed(/^`(\w+)/.exec(cell!)![1]!)!;
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
        .filter(([, verb]) => commandNamed(verb!) === undefined)
        .map(([words]) => `${file}: ${words}`),
    );
    expect(wrong).toEqual([]);
  });
});

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

/**
 * What the documents for users show in code blocks: the README and every page of docs/. A block that can't be run
 * in a test stands under a line `<!-- not run: why -->`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.js';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Page {
  /** From the project's folder: `docs/faq.md`. */
  readonly name: string;
  readonly text: string;
  /** Written by the program from its own declarations: examples of everything, for nobody's archive. */
  readonly isGenerated: boolean;
  readonly blocks: readonly Block[];
}

export interface Block {
  readonly language: string;
  readonly code: string;
  /** Where its first line of code stands in the page, from 1. */
  readonly line: number;
  /** Why it is not run, or null where it is. */
  readonly notRun: string | null;
}

export interface ShellCommand {
  /** As one would type it, with continued lines joined. */
  readonly text: string;
  readonly line: number;
}

export function pages(): Page[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((file) => file.endsWith('.md'));
  return ['README.md', ...docs.sort().map((file) => `docs/${file}`)].map((name) => {
    const text = readFileSync(join(ROOT, name), 'utf8');
    return { name, text, isGenerated: text.includes('<!-- Made by `npm run docs`'), blocks: blocksOf(text) };
  });
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  for (let start = 0; start < lines.length; start++) {
    const language = /^```(\w*)$/.exec(lines[start]!)?.[1];
    if (language === undefined) continue;
    let end = start + 1;
    while (end < lines.length && lines[end] !== '```') end++;
    const above = lines.slice(0, start).findLast((line) => line !== '') ?? '';
    const notRun = /^<!-- not run: (.+) -->$/.exec(above)?.[1] ?? null;
    blocks.push({ language, code: lines.slice(start + 1, end).join('\n'), line: start + 2, notRun });
    start = end;
  }
  return blocks;
}

/** Every command of a block, whatever its program; comments and empty lines left out. */
export function commandsOf({ code, line }: Block): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let begun = '';
  for (const [index, text] of code.split('\n').entries()) {
    const joined = begun + text;
    if (joined.endsWith('\\')) begun = `${joined.slice(0, -1).trimEnd()} `;
    else {
      const bare = joined.replace(/(^|\s+)#.*$/, '').trim();
      if (bare !== '') commands.push({ text: bare, line: line + index });
      begun = '';
    }
  }
  return commands;
}

/** What follows `mailkeep` in a command line, or null where it runs something else. */
export function wordsAfterMailkeep(command: string): string | null {
  return /^(?:node dist\/main\.js|mailkeep)(?: (.*))?$/.exec(command)?.[1] ?? null;
}

/** `mailkeep …` in running text. */
export function inlineCommands(text: string): string[] {
  return [...text.matchAll(/`mailkeep ([a-z][^`]*)`/g)].map((match) => match[1]!.trim());
}

export const PROGRAM = buildProgram('0.0.0', () => Promise.resolve());

export function commandNamed(name: string): Command | undefined {
  return PROGRAM.commands.find((command) => command.name() === name || command.aliases().includes(name));
}

/** The verb or the flags of a command line that the program does not have. */
export function unknownWords(line: string): string[] {
  const words = line.split(/\s+/);
  const at = words.findIndex((word, index) => !word.startsWith('-') && !takesValue(words[index - 1]));
  const verb = words[at];
  const command = verb === undefined ? undefined : commandNamed(verb);
  const global = PROGRAM.options.map((option) => option.long);
  if (command === undefined) {
    const bare = at < 0 && words.every((word) => word === '--version' || word === '--help');
    return bare ? [] : [verb ?? line];
  }
  const known = [...command.options.map((option) => option.long), ...global, '--help'];
  return flagsIn(line).filter((flag) => !known.includes(flag));
}

function takesValue(word: string | undefined): boolean {
  return PROGRAM.options.some((option) => option.long === word && option.required);
}

export function flagsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map((match) => match[0]);
}

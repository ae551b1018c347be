/**
 * The commands that the README and the guides show are typed here, page by page and in the order of the page, and
 * each must end with exit code 0 and find what it looks for. Blocks under `<!-- not run: why -->` are only checked for verbs and flags.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Block,
  blocksOf,
  commandsOf,
  inlineCommands,
  type Page,
  pages,
  type ShellCommand,
  unknownWords,
  wordsAfterMailkeep,
} from './documents.js';
import { Sandbox } from './sandbox.js';

/** Pages that begin where there is no archive yet; every other one begins with a backup of some days. */
const FROM_NOTHING = ['README.md', 'docs/getting-started.md'];
const LEAST_COMMANDS = 40;
/** What may be run on the machine of whoever runs the tests: mailkeep in its sandbox, and small things below `~`. */
const HARMLESS = /^(?:mailkeep|node dist\/main\.js) |^(?:mkdir -p|chmod \d+|rm -f)(?: ~\/[^\s;&|.]\S*)+$/;
/** What asks a person, who isn't there. docs/session.txt shows one that is. */
const ASKS = /^(?:init|auth)\b/;
/** A command that ends well and did nothing shows nothing. */
const FOUND_NOTHING = /^(?:nothing found|no message was selected)$/m;
const PAGE_MS = 600_000;

const PAGES = pages();

describe('commands in the documents', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await Sandbox.open();
  });
  afterEach(() => sandbox.close());

  test.each(PAGES.filter((page) => runnable(page).length > 0))(
    '$name: each one works',
    async (page) => {
      if (!FROM_NOTHING.includes(page.name)) await sandbox.backUp();
      const failed: string[] = [];
      for (const { text, line } of runnable(page)) {
        if (!HARMLESS.test(text)) throw new Error(`${page.name}:${line}: mark the block as not run: ${text}`);
        const { code, output } = await sandbox.type(text);
        if (code !== 0 || FOUND_NOTHING.test(output))
          failed.push(`${page.name}:${line}: ${text}: exit code ${code}\n${output}`);
      }
      expect(failed).toEqual([]);
    },
    PAGE_MS,
  );

  test('one that fails would be noticed', async () => {
    const { code, output } = await sandbox.type('mailkeep status nobody');
    expect([code, output]).toEqual([2, expect.stringContaining('nobody')]);
    expect((await sandbox.type('cp no-such-file there')).code).not.toBe(0);
  });

  test(`there are at least ${LEAST_COMMANDS} of them`, () => {
    const mailkeeps = PAGES.flatMap(runnable).filter(({ text }) => wordsAfterMailkeep(text) !== null);
    expect(mailkeeps.length).toBeGreaterThanOrEqual(LEAST_COMMANDS);
  });
});

describe('commands in the documents, run or not', () => {
  test.each(PAGES)('$name names only verbs and flags that the program has', ({ text, blocks }) => {
    const shown = blocks
      .filter(isShell)
      .flatMap(commandsOf)
      .map(({ text }) => wordsAfterMailkeep(text));
    const lines = [...shown.filter((words) => words !== null), ...inlineCommands(text)];
    expect(lines.filter((line) => unknownWords(line).length > 0)).toEqual([]);
  });

  test('the recorded session goes from init to the daemon, with verbs and flags that the program has', () => {
    const session = readFileSync(resolve(import.meta.dirname, '../../docs/session.txt'), 'utf8');
    const lines = [...session.matchAll(/^\$ mailkeep (.+)$/gm)].map(([, line]) => line!);
    expect(lines.filter((line) => unknownWords(line).length > 0)).toEqual([]);
    const steps = ['init', 'doctor', 'sync', 'search', 'restore', 'daemon'];
    const verbs = lines.map((line) => line.split(' ')[0]!);
    expect(verbs.filter((verb, at) => steps.includes(verb) && verbs.indexOf(verb) === at)).toEqual(steps);
  });

  test('a verb or a flag that does not exist is found', () => {
    expect(unknownWords('frobnicate --now')).toEqual(['frobnicate']);
    expect(unknownWords('sync personal --nope')).toEqual(['--nope']);
    expect(unknownWords('--data-dir /tmp/x repair --rebuild-indexes')).toEqual(['--rebuild-indexes']);
    expect(unknownWords('sync --json --mailbox "Work/**"')).toEqual([]);
  });

  test('blocks, marks, comments and continued lines are read as meant', () => {
    const text = '```sh\na # b\n\nc \\\n  d\n```\n\n<!-- not run: why -->\n\n```sh\ne\n```\n';
    const [first, second] = blocksOf(text);
    expect(commandsOf(first!)).toEqual([
      { text: 'a', line: 2 },
      { text: 'c   d', line: 5 },
    ]);
    expect([first!.notRun, second!.notRun]).toEqual([null, 'why']);
  });
});

function runnable(page: Page): ShellCommand[] {
  if (page.isGenerated) return [];
  return page.blocks
    .filter((block) => isShell(block) && block.notRun === null)
    .flatMap(commandsOf)
    .filter(({ text }) => !ASKS.test(wordsAfterMailkeep(text) ?? ''));
}

function isShell({ language }: Block): boolean {
  return language === 'sh';
}

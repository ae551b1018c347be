/** What the documents point at is there: links, headings and the files of the source that are named. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mistakesIn } from '../config/parse.js';
import { type Page, pages } from './documents.js';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = pages();

describe('the documents', () => {
  test.each(PAGES)('$name: every link leads somewhere', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test.each(PAGES)('$name: every file of the source that it names is there', ({ text }) => {
    const missing = filesNamed(text).filter((file) => !existsSync(join(ROOT, file)));
    expect(missing).toEqual([]);
  });

  test.each(PAGES)('$name: every configuration in it is valid', ({ blocks }) => {
    const configs = blocks.filter(({ language, code }) => language === 'yaml' && !code.includes('scrape_'));
    const mistakes = configs.flatMap(({ code }) => mistakesIn(withAccounts(code)));
    expect(mistakes).toEqual([]);
  });

  test('show enough for this to mean something', () => {
    expect(PAGES.flatMap(({ text }) => linksOf(text)).length).toBeGreaterThan(40);
    expect(PAGES.flatMap(({ text }) => filesNamed(text)).length).toBeGreaterThan(40);
    expect(
      PAGES.flatMap(({ blocks }) => blocks).filter(({ language }) => language === 'yaml').length,
    ).toBeGreaterThan(5);
  });

  test('a broken link, a missing file and a wrong key would be noticed', () => {
    const text = '# One\n\n[a](nowhere.md) [b](#two) [c](../README.md#limits) `core/none.ts`\n';
    expect(brokenLinks({ name: 'docs/x.md', text, isGenerated: false, blocks: [] })).toEqual([
      'nowhere.md',
      '#two',
    ]);
    expect(filesNamed(text)).toEqual(['src/core/none.ts']);
    expect(mistakesIn(withAccounts('scedule: "off"')).length).toBe(1);
  });
});

function brokenLinks({ name, text }: Page): string[] {
  return linksOf(text).filter((target) => {
    const [path, anchor] = target.split('#') as [string, string?];
    const file = path === '' ? name : join(dirname(name), path);
    if (!existsSync(join(ROOT, file))) return true;
    if (anchor === undefined) return false;
    return !anchorsOf(path === '' ? text : readFileSync(join(ROOT, file), 'utf8')).includes(anchor);
  });
}

/** Links to files of the project. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((to) => !/^\w+:/.test(to));
}

/** Headings as GitHub makes anchors of them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** `jobs/adopt.ts` in running text: a file below src/, unless it says otherwise. */
function filesNamed(text: string): string[] {
  return [...text.matchAll(/`((?:[\w-]+\/)+[\w-]+\.ts)`/g)].map(([, file]) =>
    /^(?:src|test|bench)\//.test(file!) ? file! : `src/${file}`,
  );
}

/** A part of a configuration or, indented, of an account, made whole. */
function withAccounts(code: string): string {
  if (code.startsWith('    ')) return `accounts:\n  - name: a\n    host: h\n    user: u\n${code}\n`;
  return /^accounts:/m.test(code)
    ? code
    : `${code}\naccounts:\n  - { name: a, host: h, user: u, password_env: P }\n`;
}

describe('format.md', () => {
  test.each([
    ['src/sqlite/migrations.ts', 15],
    ['src/sqlite/search-schema.ts', 3],
  ])('names every table of %s', (file, atLeast) => {
    const schema = readFileSync(join(ROOT, file), 'utf8');
    const tables = [...schema.matchAll(/CREATE (?:VIRTUAL )?TABLE (\w+)/g)].map(([, table]) => table!);
    expect(tables.length).toBeGreaterThanOrEqual(atLeast);
    const rows = readFileSync(join(ROOT, 'docs/format.md'), 'utf8')
      .match(/^\| `.+?` \|/gm)!
      .join(' ');
    expect(tables.filter((table) => !rows.includes(`\`${table}\``))).toEqual([]);
  });
});

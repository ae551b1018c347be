/** What docs/ has from the program is what the program has. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { program } from '../support/program.js';
import { referenceFiles } from './reference-files.js';

const top = (file: string) => resolve(import.meta.dirname, '../..', file);

describe('the reference', () => {
  test.each([...referenceFiles()])('%s is what npm run docs writes', (file, text) => {
    expect(readFileSync(top(file), 'utf8')).toBe(text);
  });

  test.skipIf(program('groff').missing)('the man page is roff without a complaint', () => {
    const run = spawnSync('groff', ['-man', '-Tutf8', '-k', '-ww', top('docs/man/mailkeep.1')], {
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('mailkeep search');
    expect(run.stdout).toContain('--read-data');
  });

  test.skipIf(program('mandoc', '-V').missing)('mandoc finds nothing wrong in it either', () => {
    const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', top('docs/man/mailkeep.1')], {
      encoding: 'utf8',
    });
    // The same text has to come out on every day, so it bears no date.
    const complaints = `${lint.stdout}${lint.stderr}`
      .split('\n')
      .filter((line) => !/missing date|^$/.test(line));
    expect(complaints).toEqual([]);
  });

  test('the package has the man page, the guide installs it, and editors find the schema', () => {
    const manifest = JSON.parse(readFileSync(top('package.json'), 'utf8')) as { man: string };
    expect(manifest.man).toBe('docs/man/mailkeep.1');
    expect(readFileSync(top('docs/getting-started.md'), 'utf8')).toContain(
      `install -D -m 644 ${manifest.man} /usr/local/share/man/man1/mailkeep.1`,
    );
    const example = readFileSync(top('config.example.yaml'), 'utf8');
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=docs/config.schema.json');
  });
});

describe('the schema for editors', () => {
  type Schema = {
    readonly type?: string;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
    readonly oneOf?: readonly Schema[];
    readonly anyOf?: readonly Schema[];
  };

  /** Keys of a value that the schema does not know, by path. */
  function unknownKeys(value: unknown, schema: Schema, path: string): string[] {
    const branches = schema.oneOf ?? schema.anyOf;
    if (branches !== undefined) {
      const found = branches.map((branch) => unknownKeys(value, branch, path));
      return found.toSorted((one, other) => one.length - other.length)[0] ?? [];
    }
    if (Array.isArray(value))
      return value.flatMap((item, index) => unknownKeys(item, schema.items ?? {}, `${path}[${index}]`));
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => {
      const known = schema.properties?.[key];
      return known === undefined ? [`${path}.${key}`] : unknownKeys(inner, known, `${path}.${key}`);
    });
  }

  const schema = JSON.parse(readFileSync(top('docs/config.schema.json'), 'utf8')) as Schema;

  test('knows every key of config.example.yaml', () => {
    const example: unknown = parse(readFileSync(top('config.example.yaml'), 'utf8'));
    expect(unknownKeys(example, schema, '')).toEqual([]);
    expect(unknownKeys({ accounts: [{ nmae: 1 }] }, schema, '')).toEqual(['.accounts[0].nmae']);
  });

  test('says what a text has to be', () => {
    expect(schema.properties?.schedule).toMatchObject({
      type: 'string',
      description: expect.stringContaining('cron expression'),
    });
  });
});

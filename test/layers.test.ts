/**
 * The direction of imports, as a failing test: each folder of src/ may import only what this table allows.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

interface Layer {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Whether the host's own modules (`node:`) may be used. */
  readonly node: boolean;
}

const ADAPTER = ['core'];
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { folders: ['core'], packages: [], node: false },
  jobs: { folders: ['core', 'jobs'], packages: [], node: false },
  config: { folders: ['core', 'config'], packages: ['yaml', 'zod'], node: true },
  credentials: { folders: [...ADAPTER, 'credentials'], packages: [], node: true },
  net: { folders: [...ADAPTER, 'net'], packages: [], node: true },
  oauth: { folders: [...ADAPTER, 'oauth'], packages: ['openid-client'], node: true },
  imap: { folders: [...ADAPTER, 'net', 'imap', 'imap/wire'], packages: ['imapflow'], node: true },
  'imap/wire': { folders: ['imap/wire'], packages: [], node: true },
  pop3: { folders: [...ADAPTER, 'net', 'pop3'], packages: [], node: true },
  maildir: { folders: [...ADAPTER, 'maildir'], packages: [], node: true },
  journal: { folders: [...ADAPTER, 'journal'], packages: [], node: true },
  sqlite: { folders: [...ADAPTER, 'sqlite'], packages: ['better-sqlite3'], node: true },
  mime: { folders: [...ADAPTER, 'mime'], packages: ['mailparser'], node: false },
  http: { folders: [...ADAPTER, 'http'], packages: ['hono', '@hono/node-server', 'prom-client'], node: true },
  notify: { folders: [...ADAPTER, 'notify'], packages: ['nodemailer', 'p-retry'], node: true },
  systemd: { folders: [...ADAPTER, 'systemd'], packages: [], node: true },
  log: { folders: [...ADAPTER, 'log'], packages: ['pino'], node: true },
  export: { folders: [...ADAPTER, 'export'], packages: [], node: true },
  'local-mail': { folders: [...ADAPTER, 'local-mail'], packages: [], node: true },
  discovery: { folders: [...ADAPTER, 'discovery'], packages: [], node: true },
  schedule: { folders: [...ADAPTER, 'schedule'], packages: ['node-cron'], node: true },
  cli: {
    folders: ['core', 'jobs', 'config', 'cli', 'wiring'],
    packages: ['commander', 'cli-table3', '@clack/prompts'],
    node: true,
  },
  wiring: {
    folders: [
      ...[
        'core',
        'jobs',
        'config',
        'credentials',
        'imap',
        'journal',
        'maildir',
        'mime',
        'net',
        'oauth',
        'pop3',
        'sqlite',
      ],
      ...['schedule', 'http', 'notify', 'systemd', 'log', 'export', 'local-mail', 'discovery'],
    ],
    packages: [],
    node: true,
  },
  start: { folders: ['start'], packages: [], node: true },
  main: { folders: ['core', 'jobs', 'config', 'cli', 'wiring'], packages: [], node: true },
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

describe('layers', () => {
  const imports = sourceFiles(SRC).flatMap(importsOf);

  test('every file of src/ belongs to a known layer', () => {
    const unknown = sourceFiles(SRC).filter((file) => LAYERS[layerOf(file)] === undefined);
    expect(unknown.map((file) => relative(SRC, file))).toEqual([]);
  });

  test('no import goes against the table', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.flatMap(offence)).toEqual([]);
  });

  test('an import from an adapter to a job would be an offence', () => {
    const planted = { file: join(SRC, 'maildir/store.ts'), specifier: '../jobs/retire.js' };
    expect(offence(planted)).toEqual(['maildir/store.ts imports jobs']);
    expect(offence({ file: join(SRC, 'core/mailbox/flags.ts'), specifier: 'node:fs' })).toEqual([
      'core/mailbox/flags.ts imports node:fs',
    ]);
  });
});

function offence({ file, specifier }: Import): string[] {
  const layer = LAYERS[layerOf(file)]!;
  const name = relative(SRC, file);
  if (specifier.startsWith('node:')) return layer.node ? [] : [`${name} imports ${specifier}`];
  if (!specifier.startsWith('.'))
    return layer.packages.includes(packageOf(specifier)) ? [] : [`${name} imports ${specifier}`];
  // The package's own manifest.
  if (specifier === '../../package.json') return [];
  const target = layerOf(resolve(dirname(file), specifier));
  return layer.folders.includes(target) || target === layerOf(file) ? [] : [`${name} imports ${target}`];
}

/** The folder below src/, or the file's own name for the few that lie in src/ itself. */
function layerOf(file: string): string {
  const path = relative(SRC, file).replace(/\.(ts|js)$/, '');
  if (path.startsWith('imap/wire/')) return 'imap/wire';
  return path.split('/')[0]!;
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import '([^']+)'/g,
  );
  return [...found].map((match) => ({ file, specifier: (match[1] ?? match[2] ?? match[3])! }));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

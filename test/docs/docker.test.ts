/**
 * The container files fit the project and each other. Where Debian's docker-compose is installed, it reads them as
 * it would to start them; building the image needs an engine.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { program } from '../support/program.js';

const FOLDER = resolve(import.meta.dirname, '../../docs/docker');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

interface Compose {
  readonly services: {
    readonly mailkeep: {
      readonly build: { readonly context: string; readonly dockerfile: string };
      readonly volumes: readonly string[];
      readonly secrets: readonly string[];
    };
  };
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

describe('the container files', () => {
  const dockerfile = read('Dockerfile');
  /** Instructions with continued lines joined and without comments. */
  const steps = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => /^([A-Z]+) +(.+)$/.exec(line)?.slice(1) as [string, string] | undefined);
  const argumentsOf = (name: string) => steps.flatMap((step) => (step?.[0] === name ? [step[1]] : []));
  const compose = parse(read('compose.yaml')) as Compose;
  const { mailkeep } = compose.services;

  test('the Dockerfile has only instructions, from base images with a version, and ends as no root', () => {
    const known = 'FROM WORKDIR COPY RUN USER ENV VOLUME ENTRYPOINT CMD'.split(' ');
    expect(steps.filter((step) => step === undefined || !known.includes(step[0]))).toEqual([]);
    for (const base of argumentsOf('FROM')) expect(base).toMatch(/^node:\d+-bookworm/);
    expect(argumentsOf('USER')).toEqual(['mailkeep']);
    expect(argumentsOf('ENTRYPOINT')).toEqual(['["mailkeep"]']);
  });

  test('its Node.js is one that the package supports, and its builds are allowed to compile SQLite', () => {
    const { engines } = JSON.parse(read('../../package.json')) as { engines: { node: string } };
    const oldest = Number(/\d+/.exec(engines.node)?.[0]);
    for (const base of argumentsOf('FROM'))
      expect(Number(/\d+/.exec(base)?.[0])).toBeGreaterThanOrEqual(oldest);
    expect(argumentsOf('RUN').join('\n')).toContain('--allow-scripts=mailkeep,better-sqlite3');
  });

  test('compose builds from this folder and mounts what the image expects', () => {
    expect(existsSync(resolve(FOLDER, mailkeep.build.context, 'package.json'))).toBe(true);
    expect(existsSync(resolve(FOLDER, mailkeep.build.context, mailkeep.build.dockerfile))).toBe(true);
    expect(argumentsOf('VOLUME')).toEqual(['/data']);
    expect(mailkeep.volumes).toEqual(['./config:/config:ro', 'archive:/data']);
    expect(argumentsOf('ENV').join(' ')).toContain('MAILKEEP_CONFIG=/config/config.yaml');
    expect(Object.keys(compose.volumes)).toEqual(['archive']);
    expect(mailkeep.secrets.every((name) => name in compose.secrets)).toBe(true);
    const uid = /--uid (\d+)/.exec(dockerfile)![1]!;
    expect(read('compose.yaml')).toContain(`user ${uid}`);
    expect(read('../daemon.md')).toContain(`chown -R ${uid}`);
  });

  test.skipIf(program('docker-compose', 'version').missing)('docker-compose accepts them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailkeep-compose-'));
    try {
      cpSync(FOLDER, folder, { recursive: true });
      for (const { file } of Object.values(compose.secrets)) writeFileSync(join(folder, file), 'secret');
      const config = spawnSync('docker-compose', ['config', '--quiet'], { cwd: folder, encoding: 'utf8' });
      expect([config.status, config.stdout + config.stderr]).toEqual([0, '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

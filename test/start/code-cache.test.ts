// The built program runs with what V8 compiled of it when it was built, and as well without that, or with what another
// V8 made.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

let folder: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailkeep-start-'));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  cache = join(folder, 'dist/mailkeep.cache');
});
afterEach(() => rmSync(folder, { recursive: true }));

function mailkeep(...args: string[]): string {
  return execFileSync(process.execPath, [join(folder, 'dist/main.js'), ...args], { encoding: 'utf8' });
}

/** Whether V8 takes it for this program. */
function isTaken(): boolean {
  const source = Module.wrap(readFileSync(join(folder, 'dist/mailkeep.js'), 'latin1'));
  return new Script(source, { cachedData: readFileSync(cache) }).cachedDataRejected === false;
}

describe('what V8 compiled', () => {
  test('is taken by the Node that built it', () => {
    expect(isTaken()).toBe(true);
    expect(mailkeep('--version')).toMatch(/^\d+\.\d+\.\d+/);
  });

  test.each([
    ['is not there', () => rmSync(cache)],
    ['is empty', () => writeFileSync(cache, '')],
    ['is cut short', () => writeFileSync(cache, readFileSync(cache).subarray(0, 100_000))],
    [
      'is of another V8',
      () => {
        const octets = readFileSync(cache);
        // Behind the magic number: the version's hash.
        octets.writeUInt32LE(octets.readUInt32LE(4) ^ 0x5555, 4);
        writeFileSync(cache, octets);
      },
    ],
  ])('may be missed: it %s', (_, spoil) => {
    spoil();
    expect(mailkeep('--version')).toMatch(/^\d+\.\d+\.\d+/);
    expect(mailkeep('status', '--help')).toContain('mailkeep status');
  });

  test('is made again by the warm-up, which leaves nothing else and says nothing', () => {
    rmSync(cache);
    const warmUp = join(folder, 'dist/warm-up.js');
    const env = { ...process.env, TMPDIR: join(folder, 'dist') };
    expect(execFileSync(process.execPath, [warmUp], { encoding: 'utf8', env })).toBe('');
    expect(isTaken()).toBe(true);
    expect(readdirSync(join(folder, 'dist'))).toEqual(readdirSync(join(ROOT, 'dist')));
  });
});

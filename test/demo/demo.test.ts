/** `npm run demo` is the first thing that a stranger tries: it runs here once, as it would there. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrap } from './stage.js';

const ROOT = resolve(import.meta.dirname, '../..');

describe('npm run demo', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-test-'));
  let run: { code: number | null; output: string };

  beforeAll(async () => {
    run = await demo({ TMPDIR: folder });
  }, 150_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('comes to its end with exit code 0', () => {
    expect(run.output).toContain('They are equal.');
    expect(run.code).toBe(0);
  });

  test('is plain text in a pipe', () => {
    expect(run.output.includes('\u001b')).toBe(false);
  });

  test('restores what was lost, and the next sync recognises all of it', () => {
    expect(run.output).toContain('restored 12 messages, 49 there already, 0 failed');
    expect(run.output).toMatch(/^demo: 12 already here; 8 mailboxes, complete/m);
  });

  test('leaves the archive where it says, readable by its owner alone', () => {
    const [name] = readdirSync(folder).filter((entry) => entry.startsWith('mailkeep-demo-'));
    expect(run.output).toContain(`rm -r ${join(folder, name!)}`);
    const config = join(folder, name!, 'config.yaml');
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(readFileSync(config, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(10);
    expect(existsSync(join(folder, name!, 'archive/demo/mail/日本語/cur'))).toBe(true);
  });
});

describe('wrap', () => {
  test('breaks at spaces and counts East Asian characters as two columns', () => {
    expect(wrap('one two three', 7)).toBe('one two\nthree');
    expect(wrap('日本 日本', 8)).toBe('日本\n日本');
    expect(wrap('日本 日本', 9)).toBe('日本 日本');
  });

  test('keeps the indent on every line, and runs of spaces', () => {
    expect(wrap('  one two', 5)).toBe('  one\n  two');
    expect(wrap('  one   two', 20)).toBe('  one   two');
    expect(wrap('', 20)).toBe('');
  });

  test('leaves a word that is wider than the line whole', () => {
    expect(wrap('a extraordinary b', 5)).toBe('a\nextraordinary\nb');
  });
});

function demo(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'test/demo/main.ts')], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, output }));
  });
}

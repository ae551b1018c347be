/**
 * Runs the built command as a person would: another process, the config named by MAILKEEP_CONFIG. What it
 * prints on stdout and stderr is kept in the order in which it came.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

export const MAIN = resolve(import.meta.dirname, '../../dist/main.js');

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** stdout and stderr together. */
  readonly output: string;
}

/** Throws where the command can't be run at all or is ended by a signal. */
export async function runMailkeep(
  words: readonly string[],
  configFile: string,
  signal: AbortSignal,
): Promise<CommandResult> {
  if (!existsSync(MAIN)) throw new Error('dist/main.js is not there: run npm ci (or npm run build) first');
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { ...process.env, MAILKEEP_CONFIG: configFile },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise<number>((done, fail) => {
    child.once('error', fail);
    child.once('close', (exitCode, by) =>
      exitCode === null ? fail(new Error(`mailkeep was ended by ${by}`)) : done(exitCode),
    );
  });
  return { code, stdout, output };
}

/** The words as one would type them in a shell. */
export function typed(words: readonly string[]): string {
  const shown = words.map((word) => (/^[\w./@=:-]+$/u.test(word) ? word : `"${word}"`));
  return ['node', 'dist/main.js', ...shown].join(' ');
}

/**
 * Where a verb's output goes: results to stdout, progress and notes to stderr; with --json stdout holds
 * exactly one document.
 */

import type { Config } from '../config/config.js';
import type { ErrorReport } from '../core/report.js';
import { printable } from '../core/text/printable.js';
import type { Surroundings } from '../wiring/surroundings.js';
import type { Wiring } from '../wiring/wiring.js';

export interface GlobalOptions {
  readonly config: string | null;
  readonly dataDir: string | null;
  readonly logLevel: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
}

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Verb {
  readonly options: GlobalOptions;
  readonly around: Surroundings;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** For a service: hears a signal that would end the process otherwise. */
  readonly onSignal: (signal: 'SIGHUP' | 'SIGUSR1', listener: () => void) => void;
  readonly load: () => Promise<{ config: Config; wiring: Wiring }>;
}

/** Of the terminal; null where results go elsewhere, and nothing has to be cut. */
export function columnsOf({ stdout }: Terminal): number | null {
  return stdout.isTTY === true ? stdout.columns : null;
}

export function printJson(verb: Verb, document: object): void {
  verb.terminal.stdout.write(`${JSON.stringify({ version: 1, ...document })}\n`);
}

export function print(verb: Verb, text: string): void {
  verb.terminal.stdout.write(`${text}\n`);
}

/** A remark for people; silent with --quiet and --json. */
export function note(verb: Verb, text: string): void {
  if (!verb.options.quiet && !verb.options.json) verb.terminal.stderr.write(`${text}\n`);
}

/** What went wrong and what to do. What a server said, or named a mailbox, reaches the terminal as text on that line. */
export function tellError(verb: Verb, { message, hint }: Pick<ErrorReport, 'message' | 'hint'>): void {
  const { stderr } = verb.terminal;
  stderr.write(`mailkeep: ${printable(message)}\n`);
  if (hint !== null) stderr.write(`  ${printable(hint)}\n`);
}

// The built daemon as a service manager sees it: a process with a log on stderr, to which signals are sent. Tests
// wait for lines of the log instead of sleeping.

import type { ChildProcess } from 'node:child_process';
import type { Mailkeep, Run } from './mailkeep.js';

export interface LogLine {
  readonly time: number;
  readonly msg: string;
  /** Of a run that failed. */
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly [fact: string]: unknown;
}

export class RunningDaemon {
  readonly lines: LogLine[] = [];
  readonly ended: Promise<Run>;
  readonly #child: ChildProcess;
  #rest = '';
  #wake: () => void = () => {};

  constructor(mailkeep: Mailkeep) {
    const { child, ended } = mailkeep.start('daemon', '--log-level', 'debug');
    this.#child = child;
    this.ended = ended;
    child.stderr!.on('data', (text: string) => this.#read(text));
    void ended.then(() => this.#wake());
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** How often the pattern was logged, from the line with this index on. */
  count(pattern: RegExp, from = 0): number {
    return this.lines.slice(from).filter((line) => pattern.test(textOf(line))).length;
  }

  /** The next line that matches, from the line with this index on; throws when the daemon ends without it. */
  async until(pattern: RegExp, from = 0, milliseconds = 30_000): Promise<LogLine> {
    const deadline = performance.now() + milliseconds;
    let gone: Run | null = null;
    void this.ended.then((run) => {
      gone = run;
    });
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(textOf(line)));
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (gone !== null || left <= 0) throw new Error(`no line ${pattern}:\n${this.#told}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM, and how long it took to end. */
  async stop(): Promise<{ code: number | null; milliseconds: number }> {
    const startedAt = performance.now();
    this.signal('SIGTERM');
    const { code } = await this.ended;
    return { code, milliseconds: performance.now() - startedAt };
  }

  get #told(): string {
    return this.lines.map((line) => `${new Date(line.time).toISOString()} ${textOf(line)}`).join('\n');
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('{')) this.lines.push(JSON.parse(line) as LogLine);
    }
    this.#wake();
  }
}

function textOf({ msg, error }: LogLine): string {
  return error ? `${msg}: ${error.message}` : msg;
}

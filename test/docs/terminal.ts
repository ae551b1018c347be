/** A person at a terminal: bash in a tmux of its own, where keys are typed and the whole screen is read back. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const WIDTH = 100;
const PATIENCE_MS = 120_000;
const PROMPT = '$ ';

export class Terminal {
  readonly #socket = `mailkeep-session-${process.pid}`;

  readonly #home: string;
  readonly #main: string;

  /** `home` is the person's, `main` what their `mailkeep` runs. */
  constructor(home: string, main: string) {
    this.#home = home;
    this.#main = main;
  }

  async open(): Promise<void> {
    const home = this.#home;
    const bin = join(home, '.bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'mailkeep'), `#!/bin/sh\nexec '${process.execPath}' '${this.#main}' "$@"\n`);
    chmodSync(join(bin, 'mailkeep'), 0o755);
    const env = [
      `HOME=${home}`,
      `PATH=${bin}:${process.env.PATH}`,
      'LANG=C.UTF-8',
      `PS1=${PROMPT}`,
      'NO_COLOR=1',
    ];
    const shell = ['env', '-i', 'TERM=screen', ...env, 'bash', '--norc', '--noprofile'];
    const size = ['-x', String(WIDTH), '-y', '50'];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-c', home, ...size, ...shell);
    this.#tmux('set-option', '-g', 'history-limit', '20000');
    await this.prompt();
  }

  /** Waits until the shell asks for a command. */
  async prompt(): Promise<void> {
    await this.until((text) => text.split('\n').at(-1) === PROMPT.trim());
  }

  /** Types a command and waits for the shell to ask for the next one. */
  async run(line: string): Promise<void> {
    await this.type(line);
    await this.prompt();
  }

  async type(line: string): Promise<void> {
    const before = this.screen().length;
    this.#tmux('send-keys', '-l', line);
    this.#tmux('send-keys', 'Enter');
    await this.until((text) => text.length > before);
  }

  /** Answers the question with this text; no answer takes what is proposed. */
  async answer(question: string, answer = ''): Promise<void> {
    await this.until((text) => text.includes(question));
    if (answer !== '') this.#tmux('send-keys', '-l', answer);
    await pause(300);
    this.#tmux('send-keys', 'Enter');
  }

  interrupt(): void {
    this.#tmux('send-keys', 'C-c');
  }

  async until(isThere: (text: string) => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isThere(this.screen().trimEnd())) {
      if (performance.now() > deadline) throw new Error(`waited in vain:\n${this.screen()}`);
      await pause(100);
    }
  }

  /** All that was shown, from the start. */
  screen(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-');
  }

  /** The process that the shell runs at the moment. */
  child(): number {
    const shell = this.#tmux('display-message', '-p', '#{pane_pid}').trim();
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')[0]);
  }

  close(): void {
    this.#tmux('kill-server');
  }

  #tmux(...words: string[]): string {
    return execFileSync('tmux', ['-u', '-L', this.#socket, ...words], { encoding: 'utf8' });
  }
}

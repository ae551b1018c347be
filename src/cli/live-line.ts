/**
 * The one line on stderr that tells how far a command is. On a terminal it is rewritten in place and cut to its
 * width; elsewhere calm lines come every 10 s or 10 %, whichever is first, and never two within a second.
 * Everything that a command does shares it, and nothing is written with --quiet or --json.
 */
import { fitted } from './format.js';
import type { Verb } from './io.js';

export interface LiveLine {
  /** `share` is how much of the whole is done, 0 to 1, null where that isn't known; `text` is safe for a terminal. */
  readonly update: (share: () => number | null, text: () => string) => void;
  /** Before anything else is written to the terminal. */
  readonly clear: () => void;
}

const TTY_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 10_000;
const PLAIN_STEP = 0.1;
const PLAIN_PAUSE_MS = 1_000;

/** Columns of a terminal that does not say, and the fewest that are used. */
const USUAL_WIDTH = 80;
const LEAST_WIDTH = 20;

const lines = new WeakMap<Verb, LiveLine>();

export function liveLineOf(verb: Verb): LiveLine {
  const line = lines.get(verb) ?? (isMute(verb) ? MUTE : new StderrLine(verb));
  lines.set(verb, line);
  return line;
}

const MUTE: LiveLine = { update: () => undefined, clear: () => undefined };

function isMute({ options }: Verb): boolean {
  return options.quiet || options.json;
}

class StderrLine implements LiveLine {
  readonly #verb: Verb;
  readonly #tty: boolean;
  #lastAt: number;
  #lastShare = 0;
  #shown = false;

  constructor(verb: Verb) {
    this.#verb = verb;
    this.#tty = verb.terminal.stderr.isTTY === true;
    this.#lastAt = verb.around.clock();
  }

  readonly update = (shareNow: () => number | null, text: () => string): void => {
    const now = this.#verb.around.clock();
    const elapsed = now - this.#lastAt;
    if (elapsed < (this.#tty ? TTY_INTERVAL_MS : PLAIN_PAUSE_MS)) return;
    const share = shareNow();
    // Another account has joined, or another piece of work began.
    this.#lastShare = Math.min(this.#lastShare, share ?? 0);
    if (!this.#isDue(elapsed, share)) return;
    this.#lastAt = now;
    this.#lastShare = share ?? 0;
    this.#shown = this.#tty;
    const { stderr } = this.#verb.terminal;
    const width = Math.max(LEAST_WIDTH, (stderr.columns || USUAL_WIDTH) - 1);
    stderr.write(this.#tty ? `\r\u001b[K${fitted(text(), width)}` : `${text()}\n`);
  };

  readonly clear = (): void => {
    if (this.#shown) this.#verb.terminal.stderr.write('\r\u001b[K');
    this.#shown = false;
  };

  #isDue(elapsed: number, share: number | null): boolean {
    if (this.#tty || elapsed >= PLAIN_INTERVAL_MS) return true;
    return share !== null && share - this.#lastShare >= PLAIN_STEP;
  }
}

/**
 * Progress on stderr: one line that is rewritten on a terminal, a calm line every 10 s elsewhere. Accounts that
 * are worked on side by side share the line, which then tells their sum.
 */
import { printable } from '../core/text/printable.js';
import { fitted, formatBytes, formatDuration } from './format.js';
import type { Verb } from './io.js';

/** Counts so far; a total is null where it isn't known before the end. */
export interface ProgressCounts {
  readonly mailbox: string;
  readonly messages: number;
  readonly messagesTotal: number | null;
  readonly bytes: number;
  readonly bytesTotal: number | null;
}

export interface Progress {
  readonly update: (progress: ProgressCounts) => void;
  readonly stop: () => void;
}

const TTY_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 10_000;

export function progressOf(verb: Verb, account: string): Progress {
  if (verb.options.quiet || verb.options.json) return { update: () => undefined, stop: () => undefined };
  const board = boardOf(verb);
  return {
    update: (progress) => board.update(account, progress),
    stop: () => board.stop(account),
  };
}

const boards = new WeakMap<Verb, Board>();

function boardOf(verb: Verb): Board {
  const board = boards.get(verb) ?? new Board(verb);
  boards.set(verb, board);
  return board;
}

/** All accounts that one command works on. */
class Board {
  readonly #verb: Verb;
  readonly #startedAt: number;
  readonly #counts = new Map<string, ProgressCounts>();
  #last: number;
  #shown = false;

  constructor(verb: Verb) {
    this.#verb = verb;
    this.#startedAt = verb.around.clock();
    this.#last = this.#startedAt;
  }

  update(account: string, counts: ProgressCounts): void {
    this.#counts.set(account, counts);
    const { stderr } = this.#verb.terminal;
    const now = this.#verb.around.clock();
    const tty = stderr.isTTY === true;
    if (now - this.#last < (tty ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
    this.#last = now;
    this.#shown = tty;
    const line = progressLine(this.#counts, account, now - this.#startedAt);
    stderr.write(tty ? `\r\u001b[K${fitted(line, Math.max(20, (stderr.columns ?? 80) - 1))}` : `${line}\n`);
  }

  /** The account's report follows, on a line of its own. */
  stop(account: string): void {
    this.#counts.delete(account);
    if (this.#shown) this.#verb.terminal.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}

/** Before that a rate says more of the start than of what is to come. */
const STEADY_MS = 2000;

/** `current` is the account that has just told of itself. */
export function progressLine(
  counts: ReadonlyMap<string, ProgressCounts>,
  current: string,
  elapsedMs: number,
): string {
  const all = [...counts.values()];
  const sum = (of: (each: ProgressCounts) => number | null) =>
    all.reduce<number | null>((total, each) => {
      const value = of(each);
      return total === null || value === null ? null : total + value;
    }, 0);
  const messages = sum((each) => each.messages) ?? 0;
  const messagesTotal = sum((each) => each.messagesTotal);
  const bytes = sum((each) => each.bytes) ?? 0;
  const bytesTotal = sum((each) => (each.bytesTotal === null ? null : Math.max(each.bytes, each.bytesTotal)));
  const mailbox = printable(counts.get(current)?.mailbox ?? '');
  const share = messagesTotal === null ? '' : ` of ${messagesTotal.toLocaleString('en')}`;
  const volume = bytesTotal === null ? '' : ` of ${formatBytes(bytesTotal)}`;
  const who = counts.size > 1 ? `${counts.size} accounts` : current;
  const where = counts.size > 1 ? `${current} ${mailbox}` : mailbox;
  return [
    `${who}: ${messages.toLocaleString('en')}${share} messages`,
    `${formatBytes(bytes)}${volume}`,
    ...paceOf(bytes, bytesTotal, elapsedMs),
    where,
  ].join(', ');
}

function paceOf(bytes: number, bytesTotal: number | null, elapsedMs: number): string[] {
  if (elapsedMs < STEADY_MS || bytes === 0) return [];
  const perMs = bytes / elapsedMs;
  const rate = `${formatBytes(perMs * 1000)}/s`;
  if (bytesTotal === null || bytesTotal <= bytes) return [rate];
  const left = Math.ceil((bytesTotal - bytes) / perMs / 1000) * 1000;
  return [rate, `${formatDuration(left).replace('.0 s', ' s')} left`];
}

/**
 * Progress of what moves messages. Accounts that are worked on side by side share the line, which then tells
 * their sum.
 */
import { printable } from '../core/text/printable.js';
import { formatBytes, formatDuration } from './format.js';
import type { Verb } from './io.js';
import { type LiveLine, liveLineOf } from './live-line.js';

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

export function progressOf(verb: Verb, account: string): Progress {
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
  readonly #clock: () => number;
  readonly #startedAt: number;
  readonly #line: LiveLine;
  readonly #counts = new Map<string, ProgressCounts>();

  constructor(verb: Verb) {
    this.#clock = verb.around.clock;
    this.#startedAt = this.#clock();
    this.#line = liveLineOf(verb);
  }

  update(account: string, counts: ProgressCounts): void {
    this.#counts.set(account, counts);
    this.#line.update(
      () => shareOf(sumOf(this.#counts)),
      () => progressLine(this.#counts, account, this.#clock() - this.#startedAt),
    );
  }

  /** The account's report follows, on a line of its own. */
  stop(account: string): void {
    this.#counts.delete(account);
    this.#line.clear();
  }
}

type Sum = Omit<ProgressCounts, 'mailbox'>;

function sumOf(counts: ReadonlyMap<string, ProgressCounts>): Sum {
  const all = [...counts.values()];
  const sum = (of: (each: ProgressCounts) => number | null) =>
    all.reduce<number | null>((total, each) => {
      const value = of(each);
      return total === null || value === null ? null : total + value;
    }, 0);
  return {
    messages: sum((each) => each.messages) ?? 0,
    messagesTotal: sum((each) => each.messagesTotal),
    bytes: sum((each) => each.bytes) ?? 0,
    bytesTotal: sum((each) => (each.bytesTotal === null ? null : Math.max(each.bytes, each.bytesTotal))),
  };
}

function shareOf({ messages, messagesTotal, bytes, bytesTotal }: Sum): number | null {
  if (bytesTotal) return bytes / bytesTotal;
  return messagesTotal ? messages / messagesTotal : null;
}

/** Before that a rate says more of the start than of what is to come. */
const STEADY_MS = 2000;

/** `current` is the account that has just told of itself. */
export function progressLine(
  counts: ReadonlyMap<string, ProgressCounts>,
  current: string,
  elapsedMs: number,
): string {
  const { messages, messagesTotal, bytes, bytesTotal } = sumOf(counts);
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

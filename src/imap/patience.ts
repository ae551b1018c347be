/**
 * How long a run waits because the server says so. A short time that it names is waited out and the run goes
 * on; a long one, or one named again and again, ends the run, and the next one tries. Where no time is named
 * nothing is waited for: such limits last for minutes to a day.
 */
import { MailkeepError, throwIfAborted } from '../core/errors.js';
import { CommandRefusedError, ConnectionLostError } from './wire/errors.js';

/** Milliseconds that one run waits in all. */
const MAX_TOTAL = 90_000;
/** A server that still asks after so many waits means more than it says. */
const MAX_WAITS = 3;

/** Resolves after so many milliseconds, and early once the signal has fired. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export class Patience {
  readonly #sleep: Sleep;
  readonly #signal: AbortSignal;
  #left = MAX_TOTAL;
  #waits = 0;

  constructor(sleep: Sleep, signal: AbortSignal) {
    this.#sleep = sleep;
    this.#signal = signal;
  }

  /** Whether the error named a time that has been waited out. Throws InterruptedError. */
  async waitOut(error: unknown): Promise<boolean> {
    const pause = toldPause(error);
    if (pause === null || pause > this.#left || this.#waits >= MAX_WAITS || hasWaited(error)) return false;
    this.#left -= pause;
    this.#waits += 1;
    await this.#sleep(pause, this.#signal);
    throwIfAborted(this.#signal);
    return true;
  }
}

/** imapflow waits by itself, and says so once it has given up. */
function hasWaited(error: unknown): boolean {
  return error instanceof Error && (error as ImapFlowThrottling).code === 'ETHROTTLE';
}

const UNITS: Readonly<Record<string, number>> = { m: 1, s: 1000, mi: 60_000, h: 3_600_000 };
/** `Suggested Backoff Time: 299961 milliseconds` (Exchange), `try again in 30 seconds`, `wait 5 min`. */
const TIME =
  /\b(?:back-?off|again|retry|wait)\D{0,24}?(\d{1,9}(?:\.\d{1,3})?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|hours?|h)\b/i;

/** Milliseconds that the server asks for, or null where it names no time. */
export function toldPause(error: unknown): number | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code, throttleReset, responseText, reason } = at as ImapFlowThrottling;
    if (code === 'ETHROTTLE' && typeof throttleReset === 'number') return throttleReset;
    const text =
      at instanceof CommandRefusedError
        ? at.text
        : at instanceof ConnectionLostError
          ? at.bye
          : at instanceof MailkeepError
            ? null
            : (responseText ?? reason);
    const found = TIME.exec(text ?? '');
    if (found !== null) return Number(found[1]) * unitOf(found[2]!.toLowerCase());
  }
  return null;
}

/** When to come back, for people. */
export function describePause(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`;
}

interface ImapFlowThrottling {
  readonly code?: unknown;
  readonly throttleReset?: unknown;
  readonly responseText?: string;
  readonly reason?: string;
}

function unitOf(name: string): number {
  const short = name.startsWith('mi') && !name.startsWith('mil') ? 'mi' : name.slice(0, 1);
  return UNITS[short]!;
}

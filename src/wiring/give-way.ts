/**
 * For threads that work behind everything else. The lowest priority is not enough: such a thread still takes
 * caches and some milliseconds of every wait for a server from a sync beside it. So it also stands aside for a
 * while whenever others keep it from the processors, and works on as soon as they don't.
 */
import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** How long to stand aside; each time again as long as others want the processors. */
const ASIDE_MS = 100;

/**
 * Of the time in which a thread could have run: how much it waited for a processor. Threads of one index on two
 * processors make each other wait for a third of it.
 */
const MOST_WAITING = 0.6;

/** Less says nothing: in some milliseconds threads that are on good terms make each other wait, too. */
const LEAST_NS = 10_000_000;

/** On Linux of the calling thread, and those that it starts inherit it; elsewhere it would be of the process. */
export function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Where that is forbidden it is only less polite.
  }
}

export interface ThreadTimes {
  /** Nanoseconds that the thread ran, and that it waited for a processor. */
  readonly ran: number;
  readonly waited: number;
}

/** Called between two pieces of work of the calling thread. */
export class GivingWay {
  readonly #times: () => ThreadTimes;
  readonly #standAside: () => Promise<unknown>;
  #last: ThreadTimes;

  constructor(times = timesOfThread, standAside: () => Promise<unknown> = () => pause(ASIDE_MS)) {
    this.#times = times;
    this.#standAside = standAside;
    this.#last = times();
  }

  async pause(): Promise<void> {
    const now = this.#times();
    const { ran, waited } = { ran: now.ran - this.#last.ran, waited: now.waited - this.#last.waited };
    if (ran + waited < LEAST_NS) return;
    this.#last = now;
    if (waited > MOST_WAITING * (ran + waited)) await this.#standAside();
  }
}

/** Zeros where the kernel does not tell. */
function timesOfThread(): ThreadTimes {
  try {
    const [ran = 0, waited = 0] = readFileSync('/proc/thread-self/schedstat', 'latin1')
      .split(' ')
      .map(Number);
    return { ran, waited };
  } catch {
    return { ran: 0, waited: 0 };
  }
}

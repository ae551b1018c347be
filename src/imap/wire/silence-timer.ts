/**
 * Measures how long the server has said nothing, or next to nothing, while it owes something: a byte a minute, or
 * a line again and again that it is still there, keeps a connection up and brings nobody an answer.
 */

/** So many times the silence allowed may pass with fewer octets than these: a fraction of what the slowest line brings. */
const TRICKLE_TIMES = 10;
const TRICKLE_OCTETS = 65_536;

export class SilenceTimer {
  readonly #milliseconds: number;
  readonly #expired: (milliseconds: number) => void;
  #timer: NodeJS.Timeout | null = null;
  /** Octets that came since `#since`. */
  #octets = 0;
  #since = 0;

  /** `expired` learns for how long too little came. */
  constructor(milliseconds: number, expired: (milliseconds: number) => void) {
    this.#milliseconds = milliseconds;
    this.#expired = expired;
  }

  /** So many octets came: the silence begins anew. */
  touch(octets: number): void {
    if (this.#timer === null) return;
    this.#timer.refresh();
    this.#octets += octets;
    const now = performance.now();
    if (this.#octets >= TRICKLE_OCTETS) {
      this.#octets = 0;
      this.#since = now;
    } else if (now - this.#since > this.#milliseconds * TRICKLE_TIMES) {
      this.#expired(this.#milliseconds * TRICKLE_TIMES);
    }
  }

  /** A command was answered, or octets of one were accepted: worth more than what came. */
  advance(): void {
    this.touch(TRICKLE_OCTETS);
  }

  /** Starts where it stands still, or stops. */
  run(waiting: boolean): void {
    if (waiting && this.#timer === null) {
      this.#octets = 0;
      this.#since = performance.now();
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#expired(this.#milliseconds);
      }, this.#milliseconds);
    } else if (!waiting && this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
  }
}

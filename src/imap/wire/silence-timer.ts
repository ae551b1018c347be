/**
 * Measures how long the server has said nothing while it owes something.
 */
export class SilenceTimer {
  readonly #milliseconds: number;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(milliseconds: number, expired: () => void) {
    this.#milliseconds = milliseconds;
    this.#expired = expired;
  }

  /** A byte came or went: the silence begins anew. */
  touch(): void {
    this.#timer?.refresh();
  }

  /** Starts where it stands still, or stops. */
  run(waiting: boolean): void {
    if (waiting && this.#timer === null) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#expired();
      }, this.#milliseconds);
    } else if (!waiting && this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
  }
}

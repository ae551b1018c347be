/**
 * Work beside the runs, such as indexing text: one piece at a time for the whole daemon, so that it never
 * takes more than its share, and one waiting piece for each key, however often it is asked for.
 */
export class Background {
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<string, (signal: AbortSignal) => Promise<void>>();
  #working: Promise<void> | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** `work` must not throw; it stops when the signal fires. The newest piece for a key is the one that is done. */
  add(key: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.#signal.aborted) return;
    this.#waiting.set(key, work);
    this.#working ??= this.#run();
  }

  /** Resolves when the piece under way has come to its end, and no other waits. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #run(): Promise<void> {
    for (const [key, work] of this.#waiting) {
      if (this.#signal.aborted) break;
      this.#waiting.delete(key);
      await work(this.#signal);
    }
    this.#waiting.clear();
    this.#working = null;
  }
}

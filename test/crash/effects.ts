// Counts everything a run does to the archive and can stop the run behind any of it. After the stop nothing
// takes effect any more, so that `finally` blocks and other tidying can't do what a killed process couldn't.

/** What a stopped run throws. It carries no `code`, so that nobody takes it for an error of the disk. */
export class Crash extends Error {
  constructor() {
    super('the process was killed here');
  }
}

export interface EffectsOptions {
  /** The run is stopped behind this effect, counted from 1. */
  readonly crashAfter?: number | undefined;
  /** These effects fail and do nothing; numbers count from 1. */
  readonly failing?: ((effect: number, name: string) => Error | null) | undefined;
}

export class Effects {
  readonly names: string[] = [];
  readonly #options: EffectsOptions;
  #stopped = false;

  constructor(options: EffectsOptions = {}) {
    this.#options = options;
  }

  get count(): number {
    return this.names.length;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  perform<T>(name: string, work: () => T): T {
    if (this.#stopped) throw new Crash();
    this.names.push(name);
    const failure = this.#options.failing?.(this.count, name) ?? null;
    if (failure !== null) throw failure;
    const result = this.#tried(work);
    if (this.count === this.#options.crashAfter) {
      this.#stopped = true;
      throw new Crash();
    }
    return result;
  }

  /** What failed of itself changed nothing. */
  #tried<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.names.pop();
      throw error;
    }
  }
}

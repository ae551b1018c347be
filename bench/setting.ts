// What all rows share: the server, the size of the data, the data sets already made, and the folders of the
// contestants. Everything lives in temporary folders that `close` removes.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Dovecot } from '../test/support/dovecot.js';
import type { Command, Sample } from './measured.js';
import { runMeasured } from './measured.js';
import type { Measure, Series } from './row.js';

const runTool = promisify(execFile);

export interface Contestant {
  readonly who: string;
  /** Untimed: brings back the state from which the work starts. `round` counts from 0 in each row. */
  prepare?(round: number): Promise<void>;
  command(round: number): Command;
  /** Untimed: throws where the work was not done. May add what was counted on the way. */
  verify?(sample: Sample, round: number): Promise<Partial<Measure> | undefined>;
}

/** mbsync would use COMPRESS on any link; without it both programs move the same octets. */
export const UNCOMPRESSED = 'protocol imap {\n  mail_plugins =\n}';

export class Setting {
  readonly runs: number;
  readonly hasMbsync: boolean;
  /** Ends the program that is running. */
  readonly signal: AbortSignal;
  readonly #quick: boolean;
  readonly #log: (text: string) => void;
  readonly #made = new Map<string, Promise<unknown>>();
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(options: {
    runs: number;
    quick: boolean;
    hasMbsync: boolean;
    signal: AbortSignal;
    log: (text: string) => void;
  }) {
    this.runs = options.runs;
    this.hasMbsync = options.hasMbsync;
    this.signal = options.signal;
    this.#quick = options.quick;
    this.#log = options.log;
  }

  /** A number of messages or octets: as given, or a tenth of it with --quick. */
  scaled(amount: number): number {
    return this.#quick ? Math.ceil(amount / 10) : amount;
  }

  /** Made once and shared by rows that name it alike. */
  shared<T>(name: string, make: () => Promise<T>): Promise<T> {
    let made = this.#made.get(name) as Promise<T> | undefined;
    if (made === undefined) {
      this.#log(`preparing ${name}`);
      made = make();
      this.#made.set(name, made);
    }
    return made;
  }

  server(): Promise<Dovecot> {
    return this.shared('Dovecot', async () =>
      this.owned(
        await Dovecot.start({ extra: UNCOMPRESSED, pop3: Dovecot.whyNoPop3() === undefined }),
        (server) => server.stop(),
      ),
    );
  }

  owned<T>(thing: T, close: (thing: T) => Promise<void>): T {
    this.#closers.push(() => close(thing));
    return thing;
  }

  /** Runs the contestants in turn, so that whatever else the machine does hits all of them alike. */
  async compete(contestants: readonly Contestant[]): Promise<Series[]> {
    const samples = contestants.map((): Measure[] => []);
    for (let round = 0; round < this.runs; round++) {
      for (const [at, contestant] of contestants.entries()) {
        await contestant.prepare?.(round);
        // What preparing left to write would otherwise be waited for by the first fsync of the timed part.
        await runTool('sync');
        const sample = await this.run(contestant.command(round));
        const counted = (await contestant.verify?.(sample, round)) ?? {};
        const { seconds, cpuSeconds, peakMegabytes } = sample;
        samples[at]!.push({ seconds, cpuSeconds, peakMegabytes, ...counted });
        this.#log(`  ${contestant.who}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU`);
      }
    }
    return contestants.map(({ who }, at) => ({ who, samples: samples[at]! }));
  }

  /** Untimed for whoever does not look at the sample. */
  run(command: Command): Promise<Sample> {
    return runMeasured(command, this.signal);
  }

  async close(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }
}

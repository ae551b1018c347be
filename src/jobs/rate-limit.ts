/**
 * `rate_limit` in a run: every octet of a message that comes is counted, whoever asked for it, and kept in the
 * index every few megabytes, so that a run that is killed has forgotten little. Whether more may be asked for is
 * decided before it is asked: a command in flight is never cut off.
 */

import { ByteBudget, type RateLimit, type Spent } from '../core/byte-budget.js';
import { pause } from '../core/pause.js';
import type { BodyReceiver, BodySink, FetchRequest, Source } from '../core/ports/source.js';
import type { SyncIndex } from '../core/ports/sync-index.js';

/** A limit by the second or minute is kept by waiting; a longer wait is for the next run. */
const LONGEST_WAIT_MS = 60_000;
/** To go on for less would be a run for a handful of messages each time. */
const WORTH_GOING_ON = 0.1;

export class SyncBudget {
  readonly #budget: ByteBudget;
  readonly #index: SyncIndex;
  readonly #clock: () => number;
  #unkept = 0;
  /** When the next run may go on; null while this one may. */
  pausedUntil: number | null = null;

  constructor(limit: RateLimit, index: SyncIndex, clock: () => number) {
    this.#budget = new ByteBudget(limit, spentFrom(index.spent()));
    this.#index = index;
    this.#clock = clock;
  }

  get limit(): RateLimit {
    return this.#budget.limit;
  }

  /**
   * As many rows from the first as may be read and, if that was for nothing, read once more. To spend everything on
   * looking would leave nothing to store, in this run and in each one after it.
   */
  withinTwice<Row>(rows: readonly Row[], sizeOf: (row: Row) => number): readonly Row[] {
    let left = this.#budget.left(this.#clock());
    const end = rows.findIndex((row) => {
      left -= 2 * sizeOf(row);
      return left < 0;
    });
    return end < 0 ? rows : rows.slice(0, end);
  }

  /** As many rows from the first as may be asked for now; none once the budget is spent. */
  async within<Row>(
    rows: readonly Row[],
    sizeOf: (row: Row) => number,
    signal: AbortSignal,
  ): Promise<readonly Row[]> {
    const [first] = rows;
    if (first === undefined) return rows;
    let left = await this.#allowance(sizeOf(first), signal);
    const end = rows.findIndex((row) => {
      left -= sizeOf(row);
      return left < 0;
    });
    return end < 0 ? rows : rows.slice(0, end);
  }

  /**
   * How many octets may be asked for, where the next message has so many; waits a little if that helps. Zero: this
   * run is over, and `pausedUntil` says when to go on. A message larger than all that is allowed is let through when
   * nothing else was read, else it would never come.
   */
  async #allowance(next: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      const now = this.#clock();
      const left = this.#budget.left(now);
      if (left >= next) return left;
      if (left === this.limit.bytes) return next;
      const wanted = Math.max(next, this.limit.bytes * WORTH_GOING_ON);
      const freeAt = this.#budget.freeAt(now, wanted);
      if (freeAt - now > LONGEST_WAIT_MS || signal.aborted) {
        this.pausedUntil = freeAt;
        return 0;
      }
      await pause(Math.max(1, freeAt - now), signal);
    }
  }

  count(bytes: number): void {
    this.#budget.spend(bytes, this.#clock());
    this.#unkept += bytes;
    if (this.#unkept >= Math.min(16_000_000, this.limit.bytes / 20)) this.keep();
  }

  keep(): void {
    if (this.#unkept === 0) return;
    this.#unkept = 0;
    this.#index.recordSpent(JSON.stringify(this.#budget.spent));
  }
}

/** The same source; the budget hears of every octet of a message. */
export function counted(source: Source, budget: SyncBudget): Source {
  return {
    get tier() {
      return source.tier;
    },
    get cleaner() {
      return source.cleaner ?? null;
    },
    get unlisted() {
      return source.unlisted ?? null;
    },
    poll: (checkpoints) => source.poll(checkpoints),
    observe: (requests, receive) => source.observe(requests, receive),
    fetch: async (requests, receiver) => {
      try {
        await source.fetch(requests, new CountingReceiver(receiver, budget));
      } finally {
        budget.keep();
      }
    },
    probe: (requests, places, receive) => source.probe(requests, places, receive),
    labels: (requests, receiver) => source.labels(requests, receiver),
    close: () => source.close(),
  };
}

class CountingReceiver implements BodyReceiver {
  readonly #receiver: BodyReceiver;
  readonly #budget: SyncBudget;

  constructor(receiver: BodyReceiver, budget: SyncBudget) {
    this.#receiver = receiver;
    this.#budget = budget;
  }

  begin(request: FetchRequest, uid: number, size: number, receivedAt?: number): BodySink {
    const sink = this.#receiver.begin(request, uid, size, receivedAt);
    return {
      write: (chunk) => {
        this.#budget.count(chunk.length);
        return sink.write(chunk);
      },
      end: () => sink.end(),
      abort: () => sink.abort(),
    };
  }

  failed(request: FetchRequest, uid: number, reason: string): void {
    this.#receiver.failed(request, uid, reason);
  }

  mailboxFailed(request: FetchRequest, reason: string): void {
    this.#receiver.mailboxFailed(request, reason);
  }
}

/** What is no such list counts as nothing: it is only a limit. */
function spentFrom(text: string | null): Spent[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(list) ? list.filter(isSpent) : [];
  } catch {
    return [];
  }
}

function isSpent(value: unknown): value is Spent {
  const { at, bytes } = (value ?? {}) as Partial<Spent>;
  return Number.isFinite(at) && Number.isFinite(bytes) && bytes! >= 0;
}

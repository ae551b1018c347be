/**
 * Work on many mailboxes over one connection, which may be lost: a mailbox that breaks it must not keep the others
 * from being backed up. Answers come in the order of asking, so the oldest one that is due is the suspect: it is left
 * out while the others go on, asked for once more by itself behind them, and given up if it does it again.
 */
import { forEachConcurrently } from './concurrently.js';

/** Losses one after the other, without any answer in between: the server is broken, not a mailbox of it. */
const MAX_IN_A_ROW = 5;
/** Losses in one run, whatever came in between: each costs a sign-in. */
const MAX_IN_ALL = 40;

/** From so many at once to so many less with each loss: what a broken connection takes with it is not to be blamed. */
const FEWER = 8;

/** How many connections polling, observing and probing have lost in one run. */
export class LostConnections {
  #inARow = 0;
  #inAll = 0;

  /** Something was answered, or it is known what the server breaks over: others may be asked for. */
  explained(): void {
    this.#inARow = 0;
  }

  /** One more; false where another connection promises nothing. */
  mayGoOn(): boolean {
    this.#inARow += 1;
    this.#inAll += 1;
    return this.#inARow <= MAX_IN_A_ROW && this.#inAll <= MAX_IN_ALL;
  }
}

export interface SharedWork<T> {
  readonly items: readonly T[];
  /** Most under way at once. */
  readonly limit: number;
  /** `asking` is to be called ahead of every further question about the item. May be begun again. */
  readonly work: (item: T, asking: () => void) => Promise<void>;
  /** Throws what ends the run; returns once there is another connection, or the server was waited for. */
  readonly recover: (error: unknown) => Promise<'waited' | 'reconnected'>;
  /** The item broke the connection twice, and not every item does. */
  readonly giveUp: (item: T, error: unknown) => void | Promise<void>;
  /** What to throw where all of several items break the connection, which is the server's doing then; default: nothing. */
  readonly broken?: (error: unknown) => unknown;
  readonly lost: LostConnections;
}

export async function workTogether<T>(shared: SharedWork<T>): Promise<void> {
  const { items, recover, giveUp, broken, lost } = shared;
  const left = new Set(items);
  let { limit } = shared;
  const suspects: T[] = [];
  for (;;) {
    const asked = new Set<T>();
    try {
      await forEachConcurrently([...left], limit, (item) => run(shared, item, asked, left));
      break;
    } catch (error) {
      if ((await recover(error)) === 'waited') continue;
      limit = Math.max(1, Math.floor(limit / FEWER));
      const [oldest] = asked;
      if (oldest !== undefined && left.delete(oldest)) suspects.push(oldest);
    }
  }
  const guilty = new Map<T, unknown>();
  for (const suspect of suspects) {
    for (;;) {
      try {
        await run(shared, suspect, new Set(), left);
        break;
      } catch (error) {
        if ((await recover(error)) === 'waited') continue;
        guilty.set(suspect, error);
        lost.explained();
        break;
      }
    }
  }
  const [first] = guilty.values();
  if (broken !== undefined && guilty.size > 1 && guilty.size === items.length) throw broken(first);
  for (const [item, error] of guilty) await giveUp(item, error);
}

/** `asked`: what is due, in the order in which the server will answer. */
async function run<T>({ work, lost }: SharedWork<T>, item: T, asked: Set<T>, left: Set<T>): Promise<void> {
  asked.add(item);
  await work(item, () => {
    asked.delete(item);
    asked.add(item);
  });
  asked.delete(item);
  left.delete(item);
  lost.explained();
}

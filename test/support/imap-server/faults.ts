// The script kit that makes the server lie. Rules are kept in the order a test added them; for every
// command all rules that match take effect together, the earlier one first. The greeting is a command of
// its own, named GREETING, so a connection can also go wrong before it has begun.

import type { FetchRow } from './responses.js';

export interface FaultMatch {
  /** A command name such as `SELECT` or `UID FETCH`; a pattern to match several. Any command if left out. */
  readonly command?: string | RegExp;
  /** The mailbox the command names or, if it names none, the one selected. LIST is about every mailbox. */
  readonly mailbox?: string;
  /** Commands whose message set holds this UID; of their rows only this one is changed. */
  readonly uid?: number;
  /** Found in the command's name and arguments. */
  readonly text?: RegExp;
  /** 1 for the first connection since the server started. */
  readonly connection?: number;
  /** Only the n-th command that matches all of the above, from 1. */
  readonly nth?: number;
  /** Only so many commands in all. */
  readonly times?: number;
}

/** A command as the rules see it. */
export interface Occasion {
  readonly command: string;
  readonly tag: string;
  readonly text: string;
  readonly connection: number;
  readonly mailbox: string | undefined;
  readonly everyMailbox: boolean;
  touches(uid: number): boolean;
}

export type Ending = 'fin' | 'rst';

/** What becomes of a row: itself, other rows, raw lines without CRLF, or the end of the connection. */
export type RowOutcome = readonly (FetchRow | string | { readonly end: Ending })[];

/** An answer given in place of running the command; the connection may end behind it. */
export interface Instead {
  readonly bytes: string | Buffer;
  readonly end?: Ending;
}

export interface FaultAction {
  /** Before the command runs; may wait, throw a CommandError, or answer instead. */
  before?(occasion: Occasion, fault: Fault): Promise<Instead | undefined> | Instead | undefined;
  row?(row: FetchRow, occasion: Occasion): RowOutcome;
  /** Another value for a number SELECT or STATUS reports; undefined leaves the item out. */
  number?(item: string, value: bigint): bigint | undefined;
  /** Lines without CRLF, ahead of the answer and ahead of its tagged line. */
  readonly opening?: readonly string[];
  readonly closing?: readonly string[];
  /** The whole answer, tagged line included. */
  rewrite?(answer: Buffer): Buffer;
  /** Once so many bytes of the answer are sent: cut the connection, or send no more until released. */
  readonly stop?: { readonly after: number; readonly how: Ending | 'hold' };
  /** Writes the answer in pieces of so many bytes. */
  readonly segment?: number;
}

/** A rule in force. */
export class Fault {
  readonly match: FaultMatch;
  readonly action: FaultAction;
  /** How many commands it has changed. */
  hits = 0;
  /** Settles when the rule first takes effect. */
  readonly reached: Promise<void>;
  /** Settles once `release` is called. */
  readonly released: Promise<void>;
  /** Lets go of everything the rule holds back, now and from now on. */
  release!: () => void;
  #reach!: () => void;
  #seen = 0;

  constructor(match: FaultMatch, action: FaultAction) {
    this.match = match;
    this.action = action;
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    this.released = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  /** Whether the rule takes effect on this command; counts it if so. */
  claims(occasion: Occasion): boolean {
    const { command, mailbox, uid, text, connection, nth, times } = this.match;
    if (
      typeof command === 'string' ? command !== occasion.command : command?.test(occasion.command) === false
    )
      return false;
    if (mailbox !== undefined && !occasion.everyMailbox && mailbox !== occasion.mailbox) return false;
    if (connection !== undefined && connection !== occasion.connection) return false;
    if (text?.test(occasion.text) === false) return false;
    if (uid !== undefined && !occasion.touches(uid)) return false;
    this.#seen++;
    if ((nth !== undefined && nth !== this.#seen) || (times !== undefined && this.hits >= times))
      return false;
    this.hits++;
    this.#reach();
    return true;
  }
}

export class FaultScript {
  #faults: Fault[] = [];

  /** Puts a rule in force. */
  add(match: FaultMatch, action: FaultAction): Fault {
    const fault = new Fault(match, action);
    this.#faults.push(fault);
    return fault;
  }

  remove(fault: Fault): void {
    this.#faults = this.#faults.filter((other) => other !== fault);
    fault.release();
  }

  clear(): void {
    for (const fault of [...this.#faults]) this.remove(fault);
  }

  plan(occasion: Occasion): FaultPlan {
    const claimed = this.#faults.filter((fault) => fault.claims(occasion));
    return new FaultPlan(claimed, occasion);
  }
}

/** All that is to go wrong with one command. */
export class FaultPlan {
  readonly #faults: readonly Fault[];
  readonly #occasion: Occasion;

  constructor(faults: readonly Fault[], occasion: Occasion) {
    this.#faults = faults;
    this.#occasion = occasion;
  }

  get rewrites(): boolean {
    return this.#faults.some((fault) => fault.action.rewrite !== undefined);
  }

  get segment(): number | undefined {
    return this.#faults.find((fault) => fault.action.segment !== undefined)?.action.segment;
  }

  /** The first stop, with the promise a hold waits for. */
  get stop(): { after: number; how: Ending | 'hold'; released: Promise<void> } | undefined {
    const fault = this.#faults.find((other) => other.action.stop !== undefined);
    return fault && { ...fault.action.stop!, released: fault.released };
  }

  get opening(): readonly string[] {
    return this.#faults.flatMap((fault) => fault.action.opening ?? []);
  }

  get closing(): readonly string[] {
    return this.#faults.flatMap((fault) => fault.action.closing ?? []);
  }

  async before(): Promise<Instead | undefined> {
    for (const fault of this.#faults) {
      const instead = await fault.action.before?.(this.#occasion, fault);
      if (instead !== undefined) return instead;
    }
    return undefined;
  }

  row(row: FetchRow): RowOutcome {
    let outcome: RowOutcome = [row];
    for (const { action, match } of this.#faults) {
      if (action.row === undefined) continue;
      outcome = outcome.flatMap((part) =>
        typeof part === 'object' && 'items' in part && (match.uid === undefined || match.uid === part.uid)
          ? action.row!(part, this.#occasion)
          : [part],
      );
    }
    return outcome;
  }

  number(item: string, mailbox: string, value: bigint): bigint | undefined {
    let reported: bigint | undefined = value;
    for (const { action, match } of this.#faults) {
      if (reported === undefined || action.number === undefined) continue;
      if (match.mailbox !== undefined && match.mailbox !== mailbox) continue;
      reported = action.number(item, reported);
    }
    return reported;
  }

  rewrite(answer: Buffer): Buffer {
    return this.#faults.reduce((bytes, { action }) => action.rewrite?.(bytes) ?? bytes, answer);
  }
}

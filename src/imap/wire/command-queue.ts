/**
 * The commands of a session in order: those that wait, and those in flight. Knows depth, window and which
 * SELECT each command depends on; does no input or output.
 */
import type { WireCommand } from './wire-command.js';

/** One SELECT or EXAMINE; the commands queued behind it share it and learn from it when it failed. */
export interface Selection {
  readonly mailbox: string;
  failure: { readonly cause: unknown } | null;
}

export interface PendingCommand {
  readonly command: WireCommand<unknown>;
  readonly tag: string;
  readonly weight: number;
  readonly selection: Selection | null;
  readonly signal: AbortSignal | null;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** Stands in where nothing was ever selected, so that such commands are refused without being sent. */
const NOTHING_SELECTED: Selection = {
  mailbox: '',
  failure: { cause: new Error('no mailbox was selected in this session') },
};

export class CommandQueue {
  readonly inFlight: PendingCommand[] = [];
  lastSelection: Selection | null = null;
  readonly #tagPrefix: string;
  readonly #maxDepth: number;
  readonly #window: number;
  #waiting: PendingCommand[] = [];
  #weight = 0;
  #count = 0;
  /** One listener for each signal, however many commands share it: signals warn about more than ten. */
  readonly #signals = new Map<AbortSignal, { listener: () => void; commands: number }>();

  constructor(tagPrefix: string, maxDepth: number, window: number) {
    this.#tagPrefix = tagPrefix;
    this.#maxDepth = maxDepth;
    this.#window = window;
  }

  add(
    command: WireCommand<unknown>,
    how: Pick<PendingCommand, 'resolve' | 'reject' | 'signal'>,
    onAbort: (signal: AbortSignal) => void,
  ): void {
    this.#count += 1;
    const tag = `${this.#tagPrefix}${this.#count}`;
    const selection = this.#selectionFor(command);
    this.#waiting.push({ command, tag, weight: command.weight ?? 0, selection, ...how });
    if (how.signal !== null) this.#listen(how.signal, onAbort);
  }

  /** Stops listening on behalf of a command that is settled. */
  forget({ signal }: PendingCommand): void {
    const entry = signal === null ? undefined : this.#signals.get(signal);
    if (signal === null || entry === undefined) return;
    entry.commands -= 1;
    if (entry.commands > 0) return;
    signal.removeEventListener('abort', entry.listener);
    this.#signals.delete(signal);
  }

  /** A SELECT that will never be sent: what is queued behind it must not run in the mailbox before it. */
  refuseSelection(command: WireCommand<unknown>, cause: unknown): void {
    const selection = this.#selectionFor(command);
    if (selection !== null && typeof command.mailbox === 'object') selection.failure = { cause };
  }

  /** Takes the next waiting command if there is room for it. */
  next(): PendingCommand | null {
    const pending = this.#waiting[0];
    if (pending === undefined || this.inFlight.length >= this.#maxDepth) return null;
    if (this.inFlight.length > 0 && this.#weight + pending.weight > this.#window) return null;
    this.#waiting.shift();
    return pending;
  }

  start(pending: PendingCommand): void {
    this.inFlight.push(pending);
    this.#weight += pending.weight;
  }

  /** The oldest command in flight is answered. */
  finish(pending: PendingCommand): void {
    this.inFlight.shift();
    this.#weight -= pending.weight;
  }

  /** Takes out the commands of a signal that still wait. */
  withdraw(signal: AbortSignal): PendingCommand[] {
    const withdrawn = this.#waiting.filter((pending) => pending.signal === signal);
    this.#waiting = this.#waiting.filter((pending) => pending.signal !== signal);
    return withdrawn;
  }

  /** Empties both queues and returns what was in them, oldest first. */
  drain(): PendingCommand[] {
    return [...this.inFlight.splice(0), ...this.#waiting.splice(0)];
  }

  #selectionFor(command: WireCommand<unknown>): Selection | null {
    const { mailbox } = command;
    if (mailbox === undefined) return null;
    if (mailbox === 'needs') return this.lastSelection ?? NOTHING_SELECTED;
    this.lastSelection = mailbox === 'leaves' ? null : { mailbox: mailbox.selects, failure: null };
    return this.lastSelection;
  }
  #listen(signal: AbortSignal, onAbort: (signal: AbortSignal) => void): void {
    const known = this.#signals.get(signal);
    if (known !== undefined) {
      known.commands += 1;
      return;
    }
    const listener = () => onAbort(signal);
    this.#signals.set(signal, { listener, commands: 1 });
    signal.addEventListener('abort', listener, { once: true });
  }
}

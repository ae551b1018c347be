/**
 * The commands of a session in order: those that wait, and those in flight. Knows depth, window, which
 * SELECT each command depends on, and whose answer a response is; does no input or output.
 *
 * Servers run a pipeline in order, but Dovecot holds the tagged OK of a FETCH, SEARCH or NOOP back until it
 * has read all that is waiting, and meanwhile runs and even finishes the commands behind it. Only SELECT,
 * EXAMINE and UNSELECT wait for everything before them: they are the fences within which answers may mix.
 */
import type { Claim, CommandReceiver, WireCommand } from './wire-command.js';

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
    const { exclusive } = pending.command;
    if (exclusive !== undefined && this.inFlight.some((other) => mixes(pending, other))) return null;
    this.#waiting.shift();
    return pending;
  }

  start(pending: PendingCommand): void {
    this.inFlight.push(pending);
    this.#weight += pending.weight;
  }

  /** The command with this tag, if the server may answer it now. */
  answered(tag: string): PendingCommand | undefined {
    return this.answerable().find((pending) => pending.tag === tag);
  }

  /** The command is answered, and no longer in flight. */
  finish(pending: PendingCommand): void {
    this.inFlight.splice(this.inFlight.indexOf(pending), 1);
    this.#weight -= pending.weight;
  }

  /** The commands the server may be running: up to the next fence, or the fence alone. Oldest first. */
  answerable(): PendingCommand[] {
    const fence = this.inFlight.findIndex(isFence);
    if (fence < 0) return this.inFlight;
    return this.inFlight.slice(0, Math.max(1, fence));
  }

  /** Whose answer this is: the first that claims it as such, else the first to have asked, else the oldest. */
  addressee(
    claim: (receiver: CommandReceiver, tag: string) => Claim | undefined,
  ): PendingCommand | undefined {
    const [oldest, second] = this.inFlight;
    if (oldest === undefined || second === undefined || isFence(oldest) || isFence(second)) return oldest;
    let asked: PendingCommand | undefined;
    for (const pending of this.inFlight) {
      if (isFence(pending)) break;
      const claimed = claim(pending.command.receiver, pending.tag);
      if (claimed === 'answer') return pending;
      if (claimed === 'repeat') asked ??= pending;
    }
    return asked ?? oldest;
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

/** Meant for a mailbox that could not be opened: what the server sends for it is about another one. */
export function isOrphan({ command, selection }: PendingCommand): boolean {
  return command.mailbox === 'needs' && selection !== null && selection.failure !== null;
}

/** Waits, on every server, for all commands before it, and all behind it wait for it. */
function isFence({ command }: PendingCommand): boolean {
  return command.mailbox !== undefined && command.mailbox !== 'needs';
}

/** Whether answers to the two could be mistaken for each other. */
function mixes(one: PendingCommand, other: PendingCommand): boolean {
  return one.command.exclusive === other.command.exclusive && one.selection === other.selection;
}

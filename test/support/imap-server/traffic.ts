// What went over the wire, for tests to count and to wait for: every command of every connection in the
// order the server took them up, and totals since the last reset.

export interface LoggedCommand {
  /** 1 for the first connection since the server started. */
  readonly connection: number;
  readonly tag: string;
  readonly name: string;
  /** Name and arguments; long literals shortened, passwords replaced by `***`. */
  readonly text: string;
  readonly user: string | undefined;
  /** The mailbox that is selected, not the one the command names. */
  readonly selected: string | undefined;
}

export class TrafficStats {
  bytesIn = 0;
  bytesOut = 0;
  /** FETCH rows that carried `BODY[]`, `RFC822` or `BODY[TEXT]`, whole or in part. */
  bodyFetches = 0;
  /** FETCH rows that carried header fields only. */
  headerFetches = 0;
  connectionsOpen = 0;
  connectionsTotal = 0;
  connectionsPeak = 0;

  opened(): void {
    this.connectionsTotal++;
    this.connectionsOpen++;
    this.connectionsPeak = Math.max(this.connectionsPeak, this.connectionsOpen);
  }

  /** Back to zero; connections that are open stay counted as open. */
  reset(): void {
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.bodyFetches = 0;
    this.headerFetches = 0;
    this.connectionsTotal = this.connectionsOpen;
    this.connectionsPeak = this.connectionsOpen;
  }
}

interface Waiter {
  matches(command: LoggedCommand): boolean;
  resolve(command: LoggedCommand): void;
}

export class CommandLog {
  readonly #commands: LoggedCommand[] = [];
  #waiters: Waiter[] = [];

  get commands(): readonly LoggedCommand[] {
    return this.#commands;
  }

  /** The names in order, e.g. `['CAPABILITY', 'LOGIN', 'UID FETCH']`. */
  get names(): string[] {
    return this.#commands.map((command) => command.name);
  }

  named(name: string): LoggedCommand[] {
    return this.#commands.filter((command) => command.name === name);
  }

  /** The first command that matches, whether it is logged already or comes later. */
  async next(matches: (command: LoggedCommand) => boolean): Promise<LoggedCommand> {
    const logged = this.#commands.find(matches);
    if (logged !== undefined) return logged;
    return new Promise((resolve) => this.#waiters.push({ matches, resolve }));
  }

  add(command: LoggedCommand): void {
    this.#commands.push(command);
    const due = this.#waiters.filter((waiter) => waiter.matches(command));
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve(command);
  }

  reset(): void {
    this.#commands.length = 0;
  }
}

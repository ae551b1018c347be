/**
 * sd_notify(3) through the program systemd-notify, because Node can't open a datagram Unix socket. The unit
 * needs NotifyAccess=all, since it is a child that speaks. Without $NOTIFY_SOCKET nothing is ever started.
 * Messages go out one after the other, and a status that was overtaken by a newer one is not sent.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SystemdOptions {
  readonly env: Environment;
  /** Hears once that systemd can't be told. */
  readonly warn: (message: string) => void;
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly monotonic?: () => bigint;
}

/** systemd-notify waits until the message was taken; it must never hold up the daemon's end. */
const PATIENCE_MS = 5000;
const LONGEST_STATUS = 500;

export class SystemdNotifier {
  readonly #options: SystemdOptions;
  readonly #on: boolean;
  readonly #waiting: { readonly kind: string; readonly assignments: readonly string[] }[] = [];
  #sending: Promise<void> | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #lastStatus = '';
  #warned = false;

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.#on = (options.env.NOTIFY_SOCKET ?? '') !== '';
  }

  ready(): void {
    this.#send('state', ['READY=1']);
  }

  /** systemd 253 and newer wait for READY=1 again; others show the status only. */
  reloading(): void {
    const now = this.#options.monotonic ?? (() => process.hrtime.bigint() / 1000n);
    this.#send('state', ['RELOADING=1', `MONOTONIC_USEC=${now()}`]);
  }

  stopping(): void {
    this.#send('state', ['STOPPING=1']);
  }

  status(line: string): void {
    const text = line.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, LONGEST_STATUS);
    if (text === this.#lastStatus) return;
    this.#lastStatus = text;
    this.#send('status', [`STATUS=${text}`]);
  }

  /** Says at half of WATCHDOG_USEC that the daemon lives: a loop that hangs does not come to say it. */
  startWatchdog(): void {
    const interval = this.#on ? watchdogInterval(this.#options.env) : null;
    if (interval === null) return;
    const tick = () => this.#send('watchdog', ['WATCHDOG=1']);
    tick();
    this.#watchdog = setInterval(tick, interval);
    this.#watchdog.unref();
  }

  /** Returns when all that was said has been handed over, or systemd had that long to take it. */
  async close(graceMs: number): Promise<void> {
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    this.#watchdog = null;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.#sending, over]);
    clearTimeout(timer);
  }

  #send(kind: string, assignments: readonly string[]): void {
    if (!this.#on) return;
    const overtaken = kind === 'state' ? -1 : this.#waiting.findIndex((message) => message.kind === kind);
    if (overtaken !== -1) this.#waiting.splice(overtaken, 1);
    this.#waiting.push({ kind, assignments });
    this.#sending ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      await this.#run(message.assignments);
    }
    this.#sending = null;
  }

  /** Never throws: where memory is short, execFile itself does. */
  async #run(assignments: readonly string[]): Promise<void> {
    const { NOTIFY_SOCKET, PATH } = this.#options.env;
    const options = { env: { NOTIFY_SOCKET, PATH }, timeout: PATIENCE_MS, killSignal: 'SIGKILL' } as const;
    try {
      await execute('systemd-notify', assignments, options);
    } catch (error) {
      if (this.#warned) return;
      this.#warned = true;
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const why = isMissing ? 'the program systemd-notify is missing' : 'systemd-notify failed';
      this.#options.warn(`systemd can't be told of the daemon's state: ${why}`);
    }
  }
}

/** Half of what systemd waits for, in milliseconds; null when it doesn't wait, or for another process. */
export function watchdogInterval(env: Environment, pid = process.pid): number | null {
  const usec = Number(env.WATCHDOG_USEC);
  if (!Number.isFinite(usec) || usec <= 0) return null;
  if (env.WATCHDOG_PID !== undefined && env.WATCHDOG_PID !== String(pid)) return null;
  return Math.max(1, Math.floor(usec / 2000));
}

/**
 * What the daemon shows of itself: the log, metrics and health over HTTP, alerts, systemd. Made before the
 * first event and closed after the last; nothing in here can stop or delay a backup.
 */
import { isatty } from 'node:tty';
import type { AccountConfig, Config } from '../config/config.js';
import { isLoopback } from '../config/values.js';
import { type AlertState, NOTHING_SAID, stateFromPast } from '../core/daemon/alerts.js';
import { type DaemonEvent, type DaemonObserver, observeAll } from '../core/daemon/daemon-events.js';
import { logObserver } from '../core/daemon/daemon-log.js';
import { DaemonState, isFailure, statusLine } from '../core/daemon/daemon-state.js';
import { describeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { accountStatusJson, isStale, type StatusContext } from '../core/report-json.js';
import type { HttpSources } from '../http/app.js';
import { type AccountGauges, Metrics } from '../http/metrics.js';
import { type HttpServer, serveHttp } from '../http/server.js';
import { createLog } from '../log/logger.js';
import { NotifyObserver } from '../notify/observer.js';
import { SystemdNotifier } from '../systemd/notify.js';
import { ArchiveView } from './archive-view.js';
import { IdleMemory } from './idle-memory.js';
import { unindexedOf } from './index-text.js';
import { notifiersOf } from './notifiers.js';
import type { Surroundings } from './surroundings.js';
import { version } from './version.js';
import type { Wiring } from './wiring.js';

export interface DaemonOutside {
  readonly log: Log;
  readonly observer: DaemonObserver;
  /**
   * After a reload, before the event `config-reloaded`: the configuration that counts from now on.
   * @throws MailkeepError where its HTTP address can't be listened on; then everything is as it was
   */
  reconfigure(wiring: Wiring): Promise<void>;
  /** After the event `stopped`: gives alerts that are on their way a moment, then lets go of everything. */
  close(): Promise<void>;
}

export interface OutsideOptions {
  readonly around: Surroundings;
  /** Of the command line; outweighs the config's. */
  readonly logLevel: string | null;
}

const STDERR = 2;

/** The service manager gives a stop ten seconds, and the last batch needs most of them. */
const CLOSING_GRACE_MS = 1500;

/** @throws MailkeepError where the HTTP address can't be listened on */
export async function startOutside(wiring: Wiring, options: OutsideOptions): Promise<DaemonOutside> {
  const outside = new Outside(wiring, options);
  await outside.listen(wiring);
  return outside;
}

class Outside implements DaemonOutside {
  readonly log: Log;
  readonly observer: DaemonObserver;
  readonly #around: Surroundings;
  readonly #env: Surroundings['env'];
  readonly #logLevel: string | null;
  #writer: Log;
  readonly #state = new DaemonState();
  readonly #view: ArchiveView;
  readonly #metrics: Metrics;
  readonly #notify: NotifyObserver;
  readonly #systemd: SystemdNotifier;
  #wiring: Wiring;
  #http: { readonly listen: string; readonly server: HttpServer } | null = null;

  constructor(wiring: Wiring, { around, logLevel }: OutsideOptions) {
    const { config } = wiring;
    this.#wiring = wiring;
    this.#logLevel = logLevel;
    this.#env = around.env;
    this.#writer = this.#openLog(config);
    // Handed out once; what is behind it changes with the configuration.
    this.log = {
      debug: (...words) => this.#writer.debug(...words),
      info: (...words) => this.#writer.info(...words),
      warn: (...words) => this.#writer.warn(...words),
      error: (...words) => this.#writer.error(...words),
    };
    this.#around = { ...around, warn: (message) => this.log.warn(message) };
    this.#view = new ArchiveView(this.log);
    this.#metrics = new Metrics({
      version: version(),
      accounts: () => this.#accounts().map((account) => this.#gauges(account)),
      queueLength: () => [...this.#state.accounts.values()].filter(({ queued }) => queued).length,
      configLoaded: () => !this.#state.reloadRefused,
    });
    this.#notify = new NotifyObserver(notifiersOf(config.notify, this.#around), {
      past: (account) => this.#past(account),
      failureAfterMs: (account) => this.#account(account)?.failureAfterMs ?? 0,
      onResult: (id, name, result, why) => {
        this.#metrics.countNotification(id, result);
        if (result === 'sent') this.log.debug(`${name}: delivered`);
        else this.log.warn(`${name}: not delivered: ${why}`);
      },
    });
    this.#systemd = new SystemdNotifier({ env: around.env, warn: this.#around.warn });
    this.observer = observeAll(
      [
        this.#state,
        { observe: (event) => this.#outdate(event) },
        logObserver(this.log),
        this.#metrics,
        this.#notify,
        { observe: (event) => this.#tellSystemd(event) },
        new IdleMemory(),
      ],
      (error) => this.log.error(`an observer of the daemon failed: ${describeError(error)}`),
    );
  }

  async listen(wiring: Wiring): Promise<void> {
    const listen = wiring.config.http?.listen ?? null;
    const key = JSON.stringify(listen);
    if (key === this.#http?.listen) return;
    const old = this.#http;
    let server: HttpServer | null = null;
    if (listen !== null) {
      const local = listen.kind === 'unix' || isLoopback(listen.host);
      server = await serveHttp(this.#sources(), {
        listen,
        local,
        onError: (error) => this.log.error(`http: ${describeError(error)}`),
      });
      this.log.info(`health and metrics at ${server.address}`);
      if (!local)
        this.log.warn(
          `http.listen ${server.address} is open to the network: whoever reaches it reads account and mailbox names`,
        );
    }
    this.#http = server === null ? null : { listen: key, server };
    await old?.server.close();
  }

  async reconfigure(wiring: Wiring): Promise<void> {
    const notifiers = notifiersOf(wiring.config.notify, this.#around);
    await this.listen(wiring);
    this.#notify.reconfigure(notifiers);
    this.#wiring = wiring;
    this.#writer = this.#openLog(wiring.config);
    this.#view.forgetAll();
  }

  #openLog(config: Config): Log {
    return createLog({
      level: this.#logLevel ?? config.log.level,
      format: config.log.format,
      env: this.#env,
      isTerminal: isatty(STDERR),
      descriptor: STDERR,
    });
  }

  async close(): Promise<void> {
    await Promise.all([
      this.#http?.server.close(),
      this.#notify.close(CLOSING_GRACE_MS),
      this.#systemd.close(CLOSING_GRACE_MS),
    ]);
  }

  #accounts(): AccountConfig[] {
    return this.#wiring.config.accounts.filter(({ enabled }) => enabled);
  }

  #account(name: string): AccountConfig | undefined {
    return this.#accounts().find((candidate) => candidate.name === name);
  }

  #context(account: AccountConfig): StatusContext {
    const { nextRunAt } = this.#state.of(account.name);
    return {
      account: account.name,
      now: this.#wiring.now,
      staleAfterMs: account.staleAfterMs,
      nextRunAt: nextRunAt === undefined ? this.#wiring.nextRunAt(account) : nextRunAt,
      activity: this.#wiring.activity(account),
    };
  }

  #sources(): HttpSources {
    return {
      healthy: () => this.#state.phase === 'working' || this.#state.phase === 'reloading',
      unready: () => this.#accounts().flatMap((account) => this.#unready(account)),
      metrics: () => this.#metrics.render(),
      status: () => ({
        version: 1,
        accounts: this.#accounts().map((account) =>
          accountStatusJson(this.#view.statusOf(this.#wiring, account), {
            ...this.#context(account),
            unindexed: unindexedOf(this.#wiring, account),
          }),
        ),
      }),
    };
  }

  #unready(account: AccountConfig): object[] {
    const status = this.#view.statusOf(this.#wiring, account);
    // A run that broke with the archive left nothing there; the daemon knows of it.
    const { lastError } = this.#state.of(account.name);
    const archived = status.lastReport?.status === 'failed' ? status.lastReport.error : null;
    const error = lastError === undefined ? archived : lastError;
    const reasons = {
      stale: isStale(status, this.#context(account)),
      failed: isFailure(error),
      hold: status.hold !== null,
    };
    if (!Object.values(reasons).includes(true)) return [];
    return [{ account: account.name, ...reasons, error: reasons.failed ? error : null }];
  }

  #gauges(account: AccountConfig): AccountGauges {
    const status = this.#view.statusOf(this.#wiring, account);
    const activity = this.#state.of(account.name);
    const context = this.#context(account);
    const sum = (of: (mailbox: (typeof status.mailboxes)[number]) => number) =>
      status.mailboxes.reduce((total, mailbox) => total + of(mailbox), 0);
    return {
      account: account.name,
      messages: status.messages,
      bytes: status.bytes,
      removed: status.removed,
      mailboxes: status.mailboxes.length,
      pending: sum(({ pending }) => pending),
      failed: sum(({ failed }) => failed),
      hold: status.hold !== null,
      stale: isStale(status, context),
      running: activity.runningSince !== null,
      certificateEndsAt: this.#around.certificateEnds.get(account.name) ?? null,
      watching: [...activity.watches.values()].filter((state) => state === 'watching').length,
      lastSuccessAt: status.lastSuccessAt,
      lastRunAt: status.lastReport?.startedAt ?? null,
      nextRunAt: context.nextRunAt,
    };
  }

  #past(name: string): AlertState {
    const account = this.#account(name);
    if (account === undefined) return NOTHING_SAID;
    const status = this.#view.statusOf(this.#wiring, account);
    if (status.lastReport === null) return NOTHING_SAID;
    return stateFromPast({
      lastSuccessAt: status.lastSuccessAt,
      lastReport: status.lastReport,
      runs: this.#wiring.look(account, (reader) => reader.history()),
      hold: status.hold !== null,
      staleAfterMs: account.staleAfterMs,
      failureAfterMs: account.failureAfterMs,
    });
  }

  #outdate(event: DaemonEvent): void {
    if (event.kind === 'run-finished' || event.kind === 'run-crashed') this.#view.outdate(event.account);
  }

  #tellSystemd(event: DaemonEvent): void {
    const systemd = this.#systemd;
    if (event.kind === 'started') {
      systemd.ready();
      systemd.startWatchdog();
    } else if (event.kind === 'config-reloading') systemd.reloading();
    else if (event.kind === 'config-reloaded' || event.kind === 'config-refused') systemd.ready();
    else if (event.kind === 'stopping') systemd.stopping();
    systemd.status(statusLine(this.#state));
  }
}

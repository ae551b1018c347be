/**
 * The daemon in numbers, for Prometheus: names `mailkeep_...` with base units, counters end in `_total`, and
 * no label has more values than the configuration names accounts and notifiers. Counters follow the daemon's
 * events; gauges are read when they are asked for.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { DaemonEvent, DaemonObserver } from '../core/daemon/daemon-events.js';
import { describeProcess } from './process-metrics.js';

/** One account at the moment of a scrape. */
export interface AccountGauges {
  readonly account: string;
  readonly messages: number;
  readonly bytes: number;
  readonly removed: number;
  readonly mailboxes: number;
  readonly pending: number;
  readonly failed: number;
  readonly hold: boolean;
  readonly stale: boolean;
  readonly running: boolean;
  readonly watching: number;
  /** Milliseconds since 1970; null where no connection has shown it since the start. */
  readonly certificateEndsAt: number | null;
  /** Milliseconds since 1970; null: never, or not planned. */
  readonly lastSuccessAt: number | null;
  readonly lastRunAt: number | null;
  readonly nextRunAt: number | null;
}

export interface MetricsSources {
  readonly version: string;
  readonly accounts: () => readonly AccountGauges[];
  readonly queueLength: () => number;
  /** Whether the configuration in force is the one that was last asked for. */
  readonly configLoaded: () => boolean;
}

const ACCOUNT = ['account'] as const;
/** Codes that are there from the start, so that their first increase shows; others join when they happen. */
const CODES = [
  'credentials',
  'unreachable',
  'throttled',
  'tls',
  'protocol',
  'hold',
  'incomplete',
  'disk_full',
  'io',
];
const STATUSES = ['ok', 'incomplete', 'failed'] as const;

export class Metrics implements DaemonObserver {
  readonly #registry = new Registry();
  readonly #runs = this.#counter('sync_runs_total', 'Backup runs that came to an end, by status.', [
    'account',
    'status',
  ]);
  readonly #failures = this.#counter(
    'sync_failures_total',
    'Backup runs that did not end well, by error code; without those that were told to stop.',
    ['account', 'code'],
  );
  readonly #downloaded = this.#counter('bytes_downloaded_total', 'Octets of messages downloaded.', ACCOUNT);
  readonly #added = this.#counter(
    'messages_added_total',
    'Messages stored whose octets were downloaded.',
    ACCOUNT,
  );
  readonly #adopted = this.#counter(
    'messages_adopted_total',
    'Messages stored whose octets were in the archive already.',
    ACCOUNT,
  );
  readonly #gone = this.#counter(
    'messages_gone_total',
    'Messages that left the server and were moved to removed/.',
    ACCOUNT,
  );
  readonly #flags = this.#counter('flags_changed_total', 'Messages whose flags changed.', ACCOUNT);
  readonly #watchLosses = this.#counter(
    'watch_losses_total',
    'Times that the connection of a watch was lost.',
    ACCOUNT,
  );
  readonly #notifications = this.#counter(
    'notifications_total',
    'Notifications by notifier and result (sent, failed, dropped).',
    ['notifier', 'result'],
  );
  readonly #damage = this.#gauge(
    'check_damaged_files',
    'Files that the last check in the daemon found missing or corrupt.',
    ACCOUNT,
  );
  readonly #duration: Histogram<'account'>;
  #known: ReadonlySet<string> = new Set();
  /** Error codes that were counted, by account. */
  readonly #codes = new Map<string, Set<string>>();

  constructor(sources: MetricsSources) {
    this.#duration = new Histogram({
      name: 'mailkeep_sync_duration_seconds',
      help: 'Duration of backup runs.',
      labelNames: ACCOUNT,
      buckets: [0.25, 1, 5, 15, 60, 300, 1800, 7200, 28800],
      registers: [this.#registry],
    });
    this.#readOnScrape(sources);
    describeProcess(this.#registry, sources.version);
  }

  observe(event: DaemonEvent): void {
    switch (event.kind) {
      case 'started':
      case 'config-reloaded':
        this.#knowOnly(event.accounts);
        break;
      case 'run-finished': {
        const { account, report } = event;
        this.#runs.inc({ account, status: report.status });
        if (report.status !== 'ok') this.#countFailure(account, report.error?.code ?? 'incomplete');
        this.#duration.observe({ account }, report.durationMs / 1000);
        this.#downloaded.inc({ account }, report.bytesDownloaded);
        this.#added.inc({ account }, report.added);
        this.#adopted.inc({ account }, report.adopted);
        this.#gone.inc({ account }, report.removed);
        this.#flags.inc({ account }, report.flagsChanged);
        break;
      }
      case 'run-crashed':
        // Another mailkeep does the work; nothing was begun.
        if (event.error.code === 'locked') break;
        this.#runs.inc({ account: event.account, status: 'failed' });
        this.#countFailure(event.account, event.error.code);
        break;
      case 'watch-state':
        if (event.state === 'lost') this.#watchLosses.inc({ account: event.account });
        break;
      case 'damage-found':
        this.#damage.set({ account: event.account }, event.missing + event.corrupt);
        break;
    }
  }

  countNotification(notifier: string, result: 'sent' | 'failed' | 'dropped'): void {
    this.#notifications.inc({ notifier, result });
  }

  async render(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #countFailure(account: string, code: string): void {
    if (code === 'interrupted') return;
    this.#failures.inc({ account, code });
    this.#codes.set(account, (this.#codes.get(account) ?? new Set()).add(code));
  }

  /** Counters begin at 0, so that the first increase shows; those of accounts that are gone go too. */
  #knowOnly(accounts: readonly string[]): void {
    const plain = [this.#downloaded, this.#added, this.#adopted, this.#gone, this.#flags, this.#watchLosses];
    for (const account of accounts) {
      for (const counter of plain) counter.inc({ account }, 0);
      for (const status of STATUSES) this.#runs.inc({ account, status }, 0);
      const codes = this.#codes.get(account) ?? new Set();
      for (const code of CODES) this.#failures.inc({ account, code }, 0);
      this.#codes.set(account, new Set([...codes, ...CODES]));
      // Unlike a counter's increase by 0, this would take back what was observed.
      if (!this.#known.has(account)) this.#duration.zero({ account });
    }
    for (const account of this.#known) {
      if (accounts.includes(account)) continue;
      for (const metric of [...plain, this.#damage, this.#duration]) metric.remove({ account });
      for (const status of STATUSES) this.#runs.remove({ account, status });
      for (const code of this.#codes.get(account) ?? []) this.#failures.remove({ account, code });
      this.#codes.delete(account);
    }
    this.#known = new Set(accounts);
  }

  #readOnScrape(sources: MetricsSources): void {
    const perAccount: readonly [string, string, (of: AccountGauges) => number | null][] = [
      [
        'sync_last_success_timestamp_seconds',
        'End of the last complete backup run; 0: there was none yet.',
        (of) => seconds(of.lastSuccessAt) ?? 0,
      ],
      [
        'sync_last_run_timestamp_seconds',
        'Start of the last backup run that came to its end.',
        (of) => seconds(of.lastRunAt),
      ],
      [
        'sync_next_run_timestamp_seconds',
        'When the next backup run is due; absent while none is planned.',
        (of) => seconds(of.nextRunAt),
      ],
      ['sync_running', 'Whether a backup run is under way.', (of) => Number(of.running)],
      [
        'account_stale',
        'Whether the account has had no good run for longer than stale_after.',
        (of) => Number(of.stale),
      ],
      ['account_hold', 'Whether the mass-deletion guard holds the account.', (of) => Number(of.hold)],
      ['messages_stored', 'Messages of the server that are in the archive.', (of) => of.messages],
      [
        'messages_stored_bytes',
        'Octets of the messages of the server that are in the archive.',
        (of) => of.bytes,
      ],
      ['messages_removed', 'Messages kept under removed/.', (of) => of.removed],
      ['messages_pending', 'Messages that are known and not stored yet.', (of) => of.pending],
      ['messages_failed', 'Messages that could not be stored up to now.', (of) => of.failed],
      ['mailboxes', 'Mailboxes in the archive.', (of) => of.mailboxes],
      [
        'tls_certificate_expiry_timestamp_seconds',
        "End of the server's TLS certificate, as the last connection showed it.",
        (of) => seconds(of.certificateEndsAt),
      ],
      ['watched_mailboxes', 'Mailboxes whose changes the server tells at the moment.', (of) => of.watching],
    ];
    const accounts: Gauge = new Gauge({
      name: 'mailkeep_accounts',
      help: 'Accounts that the daemon backs up.',
      registers: [this.#registry],
      // The registry collects in the order of registration, so one reading serves the gauges below.
      collect: () => {
        const now = sources.accounts();
        accounts.set(now.length);
        for (const { gauge, read } of gauges) {
          gauge.reset();
          for (const one of now) {
            const value = read(one);
            if (value !== null) gauge.set({ account: one.account }, value);
          }
        }
      },
    });
    const gauges = perAccount.map(([name, help, read]) => ({
      gauge: this.#gauge(name, help, ACCOUNT),
      read,
    }));
    this.#live('sync_queue_length', 'Accounts that wait for their turn.', sources.queueLength);
    this.#live(
      'config_last_reload_successful',
      'Whether the configuration in force is the one last asked for.',
      () => Number(sources.configLoaded()),
    );
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `mailkeep_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name: `mailkeep_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #live(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name: `mailkeep_${name}`,
      help,
      registers: [this.#registry],
      collect: () => gauge.set(read()),
    });
  }
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

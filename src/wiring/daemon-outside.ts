/**
 * What the daemon shows of itself: the log, metrics and health over HTTP, alerts, systemd. Made before the
 * first event and closed after the last; nothing in here can stop or delay a backup.
 */
import type { DaemonObserver } from '../core/daemon-events.js';
import type { Wiring } from './wiring.js';

export interface DaemonOutside {
  readonly observer: DaemonObserver;
  /** After a reload, before the event `config-reloaded`: the configuration that counts from now on. */
  reconfigure(wiring: Wiring): Promise<void>;
  /** After the event `stopped`: gives alerts that are on their way a few seconds, then lets go of everything. */
  close(): Promise<void>;
}

/** @throws ConfigError where the HTTP address can't be listened on */
export async function startOutside(_wiring: Wiring): Promise<DaemonOutside> {
  return { observer: { observe: () => {} }, reconfigure: async () => {}, close: async () => {} };
}

/**
 * `mailkeep daemon`: stays in the foreground until it is told to stop. SIGHUP reads the configuration again,
 * SIGUSR1 runs every account now.
 */

import type { DaemonEvent } from '../core/daemon/daemon-events.js';
import { errorReport } from '../core/errors.js';
import { Daemon } from '../jobs/daemon.js';
import { setAccounts } from '../wiring/daemon.js';
import { type DaemonOutside, startOutside } from '../wiring/daemon-outside.js';
import { SeenArchives } from '../wiring/seen-archives.js';
import type { Wiring } from '../wiring/wiring.js';
import { EXIT } from './exit-code.js';
import type { Verb } from './io.js';

export async function daemon(verb: Verb): Promise<number> {
  // Until the daemon is up there is nothing to reload or to hurry.
  const ears = { reload: () => {}, hurry: () => {} };
  verb.onSignal('SIGHUP', () => ears.reload());
  verb.onSignal('SIGUSR1', () => ears.hurry());

  const { wiring: loaded } = await verb.load();
  const outside = await startOutside(loaded, { around: verb.around, logLevel: verb.options.logLevel });
  const wiring = loaded.warningTo((message) => outside.log.warn(message));
  const tell = teller(verb, outside);
  try {
    const { schedule, clock } = wiring;
    const { observer, log } = outside;
    const seen = new SeenArchives();
    const service = new Daemon({ schedule, clock, observer, log }, verb.signal);
    tell({ kind: 'started', accounts: names(wiring) });
    setAccounts(service, wiring, outside, seen);
    ears.hurry = () => service.syncAll();
    ears.reload = reloader(verb, service, outside, seen);
    verb.signal.addEventListener('abort', () => tell({ kind: 'stopping' }), { once: true });
    await service.stopped();
    tell({ kind: 'stopped' });
  } finally {
    await outside.close();
  }
  // A service that was asked to stop has done its job.
  return EXIT.ok;
}

/** Reads the configuration again, one reload at a time; one that is broken changes nothing. */
function reloader(verb: Verb, service: Daemon, outside: DaemonOutside, seen: SeenArchives): () => void {
  const tell = teller(verb, outside);
  const reload = async () => {
    if (verb.signal.aborted) return;
    tell({ kind: 'config-reloading' });
    try {
      const wiring = (await verb.load()).wiring.warningTo((message) => outside.log.warn(message));
      await outside.reconfigure(wiring);
      setAccounts(service, wiring, outside, seen);
      tell({ kind: 'config-reloaded', accounts: names(wiring) });
    } catch (error) {
      const { message, hint } = errorReport(error);
      tell({ kind: 'config-refused', message, hint });
    }
  };
  let last = Promise.resolve();
  return () => {
    last = last.then(reload);
  };
}

function teller(verb: Verb, outside: DaemonOutside): (event: Untimed) => void {
  return (event) => outside.observer.observe({ at: verb.around.clock(), ...event });
}

type Untimed = DaemonEvent extends infer Event
  ? Event extends DaemonEvent
    ? Omit<Event, 'at'>
    : never
  : never;

function names({ config }: Wiring): string[] {
  return config.accounts.filter(({ enabled }) => enabled).map(({ name }) => name);
}

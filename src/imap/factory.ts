/** Opens a source for one account: sign-in by imapflow, reading by the engine that the config names. */
import { withLinked } from '../core/linked-signal.js';
import { pause } from '../core/pause.js';
import type { SourceFactory } from '../core/ports/source.js';
import { connect } from './connect.js';
import { connectError } from './errors.js';
import { Patience, type Sleep } from './patience.js';
import type { MailboxReader } from './reader.js';
import type { ImapSettings } from './settings.js';
import { lateRefusal } from './sign-in-error.js';
import { ImapSource } from './source.js';
import { windowLimitOf } from './window-limit.js';
import { WireReader } from './wire-reader.js';

export function imapSourceFactory(settings: ImapSettings, sleep: Sleep = pause): SourceFactory {
  return {
    open: async (signal) => {
      const patience = new Patience(sleep, signal);
      const reconnect = async (cautious: boolean, given: AbortSignal): Promise<MailboxReader> => {
        const byWire = settings.engine === 'wire';
        const client = await withLinked([signal, given], (both) =>
          patiently(() => connect(settings, both, { forWire: byWire }), patience),
        );
        if (!byWire) return new (await import('./imapflow-reader.js')).ImapFlowReader(client, signal);
        return new WireReader(client, { signal, silence: settings.silenceTimeout, cautious });
      };
      const mapError = (error: unknown) => lateRefusal(error, settings) ?? connectError(error, settings);
      return new ImapSource(await reconnect(false, signal), {
        account: settings.account,
        signal,
        reconnect,
        mapError,
        windowLimit: windowLimitOf(settings.host),
        patience,
        connections: settings.connections,
      });
    },
  };
}

/** Knocks again where the server names a short time to come back. */
async function patiently<T>(knock: () => Promise<T>, patience: Patience): Promise<T> {
  for (;;) {
    try {
      return await knock();
    } catch (error) {
      if (!(await patience.waitOut(error))) throw error;
    }
  }
}

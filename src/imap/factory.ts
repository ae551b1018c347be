/** Opens a source for one account: sign-in by imapflow, reading by the engine that the config names. */
import type { SourceFactory } from '../core/ports.js';
import { connect } from './connect.js';
import { connectError } from './errors.js';
import { ImapFlowReader } from './imapflow-reader.js';
import type { MailboxReader } from './reader.js';
import type { ImapSettings } from './settings.js';
import { ImapSource } from './source.js';
import { windowLimitOf } from './window-limit.js';
import { WireReader } from './wire-reader.js';

export function imapSourceFactory(settings: ImapSettings): SourceFactory {
  return {
    open: async (signal) => {
      const reconnect = async (cautious: boolean, given: AbortSignal): Promise<MailboxReader> => {
        const both = given === signal ? signal : AbortSignal.any([signal, given]);
        const door = await connect(settings, both);
        if (settings.engine === 'imapflow') return new ImapFlowReader(door, signal);
        return new WireReader(door, { signal, silence: settings.silenceTimeout, cautious });
      };
      const mapError = (error: unknown) => connectError(error, settings);
      return new ImapSource(await reconnect(false, signal), {
        account: settings.account,
        signal,
        reconnect,
        mapError,
        windowLimit: windowLimitOf(settings.host),
        connections: settings.connections,
      });
    },
  };
}

/** Opens a source for one account: sign-in by imapflow, reading by the engine that the config names. */
import type { SourceFactory } from '../core/ports.js';
import { connect } from './connect.js';
import { connectError } from './errors.js';
import { ImapFlowReader } from './imapflow-reader.js';
import type { MailboxReader } from './reader.js';
import type { ImapSettings } from './settings.js';
import { ImapSource } from './source.js';

export function imapSourceFactory(settings: ImapSettings): SourceFactory {
  return {
    open: async (signal) => {
      const reconnect = async (): Promise<MailboxReader> => new ImapFlowReader(await connect(settings, signal));
      const mapError = (error: unknown) => connectError(error, settings);
      return new ImapSource(await reconnect(), { account: settings.account, signal, reconnect, mapError });
    },
  };
}

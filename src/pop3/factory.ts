/** Opens a source for one account. */
import type { SourceFactory } from '../core/ports/source.js';
import { accountError } from './account-error.js';
import { connect } from './connect.js';
import type { Pop3Settings } from './settings.js';
import { Pop3Source } from './source.js';

/** `pause` resolves early when the signal fires. */
export function pop3SourceFactory(
  settings: Pop3Settings,
  pause: (milliseconds: number, signal: AbortSignal) => Promise<void>,
): SourceFactory {
  return {
    open: async (signal) => {
      const { account, mayDelete, warn, clock } = settings;
      return new Pop3Source(await connect(settings, signal), {
        account,
        signal,
        reconnect: () => connect(settings, signal),
        mapError: (error) => accountError(error, settings),
        pause: (milliseconds) => pause(milliseconds, signal),
        mayDelete,
        warn,
        clock,
      });
    },
  };
}

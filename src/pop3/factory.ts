/** Opens a source for one account. */
import { InterruptedError } from '../core/errors.js';
import type { SourceFactory } from '../core/ports/source.js';
import { connect, connectError } from './connect.js';
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
      const mapError = (error: unknown) => connectError(error, settings);
      let door: Awaited<ReturnType<typeof connect>>;
      try {
        door = await connect(settings, signal);
      } catch (error) {
        throw signal.aborted ? new InterruptedError() : mapError(error);
      }
      return new Pop3Source(door, {
        account,
        signal,
        reconnect: () => connect(settings, signal),
        mapError,
        pause: (milliseconds) => pause(milliseconds, signal),
        mayDelete,
        warn,
        clock,
      });
    },
  };
}

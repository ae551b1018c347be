/** One step on the way to a server: a socket that is to become ready, within bounds. */
import type { Socket } from 'node:net';
import { InterruptedError } from '../core/errors.js';

export interface StepBounds {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves with `event`; for anything else the socket is destroyed. Throws what the socket says, an error with
 * code ETIMEDOUT or ECONNRESET, and InterruptedError.
 */
export function opening<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect' | 'readable',
  { timeout, signal }: StepBounds,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const finish = (error: Error | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('error', finish);
      socket.off('close', hungUp);
      socket.off(event, ready);
      if (error === null) return resolve(socket);
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const abort = () => finish(new InterruptedError());
    const hungUp = () => finish(coded('ECONNRESET', 'the server hung up'));
    const ready = () => finish(null);
    const timer = setTimeout(() => finish(coded('ETIMEDOUT', 'no answer')), timeout);
    socket.once('error', finish);
    socket.once('close', hungUp);
    socket.once(event, ready);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

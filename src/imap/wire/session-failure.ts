/**
 * Why a session ended: its failure is always a WireError or an Error of ours, and what a sink threw becomes its
 * cause.
 */
import { AppendSizeError, ConnectionLostError, ProtocolViolationError, WireError } from './errors.js';

/** `uid`: the message that was being read, or null. */
export function asFailure(reason: unknown, uid: number | null): Error {
  if (reason instanceof ProtocolViolationError && reason.uid === null && uid !== null) {
    return new ProtocolViolationError(reason.what, { uid, context: reason.context });
  }
  if (endsSession(reason)) return reason;
  return new ConnectionLostError('the connection was given up', { uid, cause: reason });
}

/** Errors that every command in flight shares; what else comes up belongs to one command. */
export function endsSession(reason: unknown): reason is WireError {
  return reason instanceof WireError && !(reason instanceof AppendSizeError);
}

export function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

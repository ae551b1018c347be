/** What the three kinds of notifiers have in common. */
import type { Alert } from '../core/daemon/alert.js';

/** A run seen by a ping: it begins, or it has ended well or badly with a summary. */
export interface RunSignal {
  readonly kind: 'start' | 'success' | 'fail';
  readonly summary: string;
}

export interface Notifier<Message> {
  /** For people, without any secret: `webhook hooks.example.org`. */
  readonly name: string;
  /**
   * One try. Sending twice is harmless: an alert that comes again says the same.
   * @throws DeliveryError
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

export type AlertNotifier = Notifier<Alert>;
export type PingNotifier = Notifier<RunSignal>;

/** The message did not get there. Its text holds no secret: no path of a URL, no password. */
export class DeliveryError extends Error {
  /** Trying again would end the same way. */
  readonly permanent: boolean;

  constructor(message: string, options: { readonly permanent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'DeliveryError';
    this.permanent = options.permanent;
  }
}

/** Posts an alert as a JSON document to a URL. */
import { alertJson } from '../core/daemon/alert-text.js';
import type { Secret } from '../core/secret.js';
import type { AlertNotifier } from './notifier.js';
import { hostOf, post } from './post.js';

export function webhook(url: Secret, host: string): AlertNotifier {
  return {
    name: `webhook ${hostOf(url)}`,
    send: (alert, signal) =>
      post(
        { url: url.reveal(), body: JSON.stringify(alertJson(alert, host)), contentType: 'application/json' },
        signal,
      ),
  };
}

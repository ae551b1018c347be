/**
 * Tells a dead man's switch of each run, in the manner of healthchecks.io: `<url>/start`, `<url>` for success
 * with the run's summary as the body, `<url>/fail`. The service raises the alarm when nothing comes.
 */
import type { Secret } from '../core/secret.js';
import type { PingNotifier, RunSignal } from './notifier.js';
import { hostOf, post } from './post.js';

/** healthchecks.io keeps 100 kB of a body; the end of a summary is the least of it. */
const LONGEST_BODY = 10_000;

export function ping(url: Secret): PingNotifier {
  return {
    name: `ping ${hostOf(url)}`,
    send: ({ kind, summary }, signal) =>
      post(
        {
          url: pingUrl(url.reveal(), kind),
          body: summary.slice(0, LONGEST_BODY),
          contentType: 'text/plain; charset=utf-8',
        },
        signal,
      ),
  };
}

/** The word goes to the end of the path, before what follows a "?". */
export function pingUrl(base: string, kind: RunSignal['kind']): string {
  if (kind === 'success') return base;
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${kind}`;
  return url.href;
}

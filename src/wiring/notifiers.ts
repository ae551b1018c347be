/** From the configuration's `notify` to notifiers, and a try of each of them. */
import { hostname } from 'node:os';
import type { NotifyConfig } from '../config/config.js';
import type { Alert } from '../core/daemon/alert.js';
import { resolveSecret } from '../credentials/configured.js';
import { email } from '../notify/email.js';
import { DeliveryError } from '../notify/notifier.js';
import type { ConfiguredNotifier } from '../notify/observer.js';
import { ping } from '../notify/ping.js';
import { webhook } from '../notify/webhook.js';
import type { Surroundings } from './surroundings.js';
import { readPem } from './trust.js';

export function notifiersOf(notify: readonly NotifyConfig[], around: Surroundings): ConfiguredNotifier[] {
  return notify.map((entry, index) => oneOf(entry, `${entry.type}-${index + 1}`, around));
}

export interface NotifierTest {
  /** `webhook hooks.example.org` */
  readonly notifier: string;
  /** Why it failed; null: it was sent. */
  readonly error: string | null;
}

/** Sends one test through each notifier, at the same time; one try each. */
export function testNotifiers(
  notify: readonly NotifyConfig[],
  around: Surroundings,
  signal: AbortSignal,
): Promise<NotifierTest[]> {
  const test: Alert = {
    event: 'test',
    account: null,
    at: around.clock(),
    title: 'a test of the notifications',
    message: 'Nothing is wrong: somebody ran mailkeep notify --test.',
    hint: null,
    report: null,
  };
  return Promise.all(
    notifiersOf(notify, around).map(async (one) => {
      const { name } = one.notifier;
      try {
        if (one.kind === 'alerts') await one.notifier.send(test, signal);
        else await one.notifier.send({ kind: 'success', summary: 'mailkeep notify --test' }, signal);
        return { notifier: name, error: null };
      } catch (error) {
        return { notifier: name, error: error instanceof DeliveryError ? error.message : String(error) };
      }
    }),
  );
}

function oneOf(entry: NotifyConfig, id: string, around: Surroundings): ConfiguredNotifier {
  switch (entry.type) {
    case 'webhook':
      return { id, kind: 'alerts', notifier: webhook(entry.url, hostname()), on: entry.on };
    case 'ping':
      return { id, kind: 'runs', notifier: ping(entry.url) };
    case 'email': {
      const { host, port, tls, tlsCaFile, login } = entry.smtp;
      const settings = {
        host,
        port,
        tls,
        ca: tlsCaFile === null ? null : readPem('tls_ca_file', tlsCaFile),
        user: login?.user ?? null,
        password:
          login === null
            ? null
            : async (signal: AbortSignal) =>
                (
                  await resolveSecret(login.password, { env: around.env, signal, warn: around.warn })
                ).reveal(),
        from: entry.from,
        to: entry.to,
      };
      return { id, kind: 'alerts', notifier: email(settings, hostname()), on: entry.on };
    }
  }
}

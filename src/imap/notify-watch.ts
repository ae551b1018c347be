/**
 * Watches many mailboxes on one connection by NOTIFY (RFC 5465), without opening any of them. A NOOP every
 * few minutes that must be answered in time finds dead connections.
 */
import type { ImapFlow } from 'imapflow';
import { AccountError } from '../core/errors.js';
import { displayPath } from '../core/mailbox/mailbox-path.js';
import { pause } from '../core/pause.js';
import type { WatchEvents } from '../core/ports/watch.js';
import { serverText } from './errors.js';
import { pathOf } from './names.js';
import type { ImapSettings } from './settings.js';
import type { WatchTiming } from './watch-timing.js';
import { list, readStatus } from './wire/commands/list.js';
import { notify } from './wire/commands/notify.js';
import { noop } from './wire/commands/session-commands.js';
import { CommandRefusedError } from './wire/errors.js';
import { WireSession } from './wire/session.js';
import type { ValueCursor } from './wire/value-cursor.js';

export interface NotifyRequest {
  readonly settings: ImapSettings;
  readonly timing: WatchTiming;
  readonly mailboxes: readonly string[];
  readonly events: WatchEvents;
  readonly signal: AbortSignal;
}

/** `client` is signed in and handed over. Resolves when the signal fires, or where nothing can be watched. */
export async function watchByNotify(client: ImapFlow, request: NotifyRequest): Promise<void> {
  const { timing, signal } = request;
  const names = { prefix: client.namespace?.prefix ?? '', utf8: client.enabled.has('UTF8=ACCEPT') };
  const streams = client.unbind();
  const ear = new Ear(request.events);
  const session = new WireSession(streams, {
    silence: timing.answerMs,
    onUnsolicited: (name, cursor) => ear.hear(name, cursor),
  });
  const closed = new AbortController();
  streams.readSocket.once('close', () => closed.abort());
  const abort = () => session.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    ear.mailboxes = await find(session, names, request);
    if (ear.mailboxes.size === 0) return;
    await notify(session, [...ear.mailboxes.keys()]);
    for (const mailbox of ear.mailboxes.values()) request.events.watching(mailbox);
    while (session.failure === null) {
      await pause(timing.renewMs, closed.signal);
      if (session.failure === null) await noop(session);
    }
    throw session.failure;
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof CommandRefusedError)) throw lost(request.settings, error);
    for (const mailbox of request.mailboxes) request.events.refused(mailbox, serverText(error.message));
  } finally {
    signal.removeEventListener('abort', abort);
    session.close();
  }
}

/** Raw names of the mailboxes that the config names, with those names; says which are not there. */
async function find(
  session: WireSession,
  names: { readonly prefix: string; readonly utf8: boolean },
  { mailboxes, events }: NotifyRequest,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const listed = await list(session, '*');
  for (const { name, delimiter } of listed.mailboxes) {
    const shown = displayPath(pathOf(name, { ...names, delimiter }));
    if (mailboxes.includes(shown) && isPlain(shown)) found.set(name, shown);
  }
  const there = new Set(found.values());
  for (const mailbox of mailboxes)
    if (!there.has(mailbox))
      events.refused(
        mailbox,
        isPlain(mailbox)
          ? 'the server has no mailbox of that name'
          : 'NOTIFY is not to be trusted with this name; watch it with a connection of its own',
      );
  return found;
}

/** Dovecot 2.3 takes a NOTIFY for other names and then never tells of them. */
function isPlain(mailbox: string): boolean {
  return /^[\x20-\x25\x27-\x7e]*$/.test(mailbox);
}

/** Turns STATUS lines into news: a UIDNEXT that has grown is new mail. */
class Ear {
  mailboxes: ReadonlyMap<string, string> = new Map();
  readonly #events: WatchEvents;
  readonly #uidNext = new Map<string, number>();

  constructor(events: WatchEvents) {
    this.#events = events;
  }

  hear(name: string, cursor: ValueCursor): void {
    if (name !== 'STATUS') return;
    const [wireName, { uidNext }] = readStatus(cursor);
    const mailbox = this.mailboxes.get(wireName) ?? this.mailboxes.get(wireName.toUpperCase());
    if (mailbox === undefined) return;
    const before = this.#uidNext.get(mailbox) ?? 0;
    if (uidNext !== null) this.#uidNext.set(mailbox, uidNext);
    // What was before the first line nobody knows: better a run too many than new mail that waits.
    this.#events.news(mailbox, uidNext !== null && uidNext > before ? 'arrived' : 'changed');
  }
}

function lost(settings: ImapSettings, cause: unknown): AccountError {
  return new AccountError(`${settings.account}: the connection that watches by NOTIFY was lost`, {
    code: 'unreachable',
    hint: 'nothing was changed; it is made again',
    cause,
  });
}

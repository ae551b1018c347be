/**
 * The Watcher port. Each mailbox gets a connection with IDLE, as long as the account's limit leaves one for
 * the sync; where they are too few, the last one takes all the others with NOTIFY. IDLE comes first because
 * it hears more: Dovecot's NOTIFY does not see mail that is delivered into the Maildir past Dovecot.
 */
import { withLinked } from '../core/linked-signal.js';
import type { WatchEvents, Watcher } from '../core/ports/watch.js';
import { connect } from './connect.js';
import { connectError } from './errors.js';
import { IdleWatch } from './idle-watch.js';
import { watchByNotify } from './notify-watch.js';
import type { ImapSettings } from './settings.js';
import { TIMING, type WatchTiming } from './watch-timing.js';

export function imapWatcher(settings: ImapSettings, timing: WatchTiming = TIMING): Watcher {
  return {
    watch: async (mailboxes, events, signal) => {
      // One connection that is lost ends them all: they are made anew together.
      const together = new AbortController();
      const { single, shared } = shareOut(mailboxes, settings.connections - 1);
      const outcomes = await withLinked([signal, together.signal], (all) => {
        const watches = single.map((mailbox) => new IdleWatch(settings, timing, mailbox, events).watch(all));
        if (shared.length > 0) watches.push(watchShared(settings, timing, shared, events, all));
        for (const watch of watches) watch.catch(() => together.abort());
        return Promise.allSettled(watches);
      });
      if (signal.aborted) return 'stopped';
      const lost = outcomes.find((outcome) => outcome.status === 'rejected');
      if (lost !== undefined) throw connectError(lost.reason, settings);
      return 'unsupported';
    },
  };
}

/** Which mailboxes have a connection to themselves, and which share the last one. */
function shareOut(
  mailboxes: readonly string[],
  room: number,
): { single: readonly string[]; shared: readonly string[] } {
  if (mailboxes.length <= room) return { single: mailboxes, shared: [] };
  const single = mailboxes.slice(0, Math.max(0, room - 1));
  return { single, shared: mailboxes.slice(single.length) };
}

/** More mailboxes than connections: NOTIFY hears them all, and IDLE the first of them. */
async function watchShared(
  settings: ImapSettings,
  timing: WatchTiming,
  mailboxes: readonly string[],
  events: WatchEvents,
  signal: AbortSignal,
): Promise<void> {
  const refuse = (some: readonly string[]) => {
    for (const mailbox of some) events.refused(mailbox, `connections: ${settings.connections} leave no room`);
  };
  if (settings.connections < 2) return refuse(mailboxes);
  const client = await connect(settings, signal);
  if (client.capabilities.has('NOTIFY'))
    return watchByNotify(client, { settings, timing, mailboxes, events, signal });
  client.close();
  refuse(mailboxes.slice(1));
  return new IdleWatch(settings, timing, mailboxes[0]!, events).watch(signal);
}

/**
 * Watches one mailbox by IDLE (RFC 2177) on a connection of its own, opened read-only. IDLE is broken off
 * and begun again every few minutes by a NOOP that must be answered in time: that renews it long before the
 * 29 minutes of the RFC, keeps NAT entries alive and finds dead connections.
 */
import type { ImapFlow } from 'imapflow';
import { AccountError } from '../core/errors.js';
import { withLinked } from '../core/linked-signal.js';
import { displayPath } from '../core/mailbox/mailbox-path.js';
import { pause } from '../core/pause.js';
import type { WatchEvents } from '../core/ports/watch.js';
import { connect } from './connect.js';
import { serverText } from './errors.js';
import { pathOf, wireNameOf } from './names.js';
import type { ImapSettings } from './settings.js';
import type { WatchTiming } from './watch-timing.js';

/** A server that ends IDLE of itself is not asked again in a hurry. */
const BREATH_MS = 1000;

export class IdleWatch {
  readonly #settings: ImapSettings;
  readonly #timing: WatchTiming;
  readonly #mailbox: string;
  readonly #events: WatchEvents;

  constructor(settings: ImapSettings, timing: WatchTiming, mailbox: string, events: WatchEvents) {
    this.#settings = settings;
    this.#timing = timing;
    this.#mailbox = mailbox;
    this.#events = events;
  }

  /** Resolves when the signal fires, or at once where the mailbox can't be watched. */
  async watch(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    // Silence is what IDLE is made of: the NOOPs tell whether a connection lives, not imapflow's timer.
    const silenceTimeout = 2 * (this.#timing.renewMs + this.#timing.answerMs + BREATH_MS);
    const client = await connect({ ...this.#settings, silenceTimeout }, signal);
    const close = () => client.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      const reason = client.capabilities.has('IDLE')
        ? await this.#inTime(client, () => this.#open(client))
        : 'the server has no IDLE';
      if (reason !== null) {
        this.#events.refused(this.#mailbox, reason);
        return;
      }
      await this.#listen(client, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', close);
      client.close();
    }
  }

  /** Why the mailbox can't be opened; null when it is open. */
  async #open(client: ImapFlow): Promise<string | null> {
    const path = await this.#find(client);
    if (path === null) return 'the server has no mailbox of that name';
    try {
      await client.mailboxOpen(path, { readOnly: true });
      return null;
    } catch (error) {
      const { responseStatus, responseText } = error as { responseStatus?: string; responseText?: string };
      if (responseStatus !== 'NO' && responseStatus !== 'BAD') throw error;
      return serverText(responseText ?? 'the server does not open it');
    }
  }

  /** The name of the config is for people: "/" between levels, without the server's own prefix. */
  async #find(client: ImapFlow): Promise<string | null> {
    if (this.#mailbox === 'INBOX') return 'INBOX';
    const prefix = client.namespace?.prefix ?? '';
    const utf8 = client.enabled.has('UTF8=ACCEPT');
    for (const { path, pathAsListed, delimiter } of await client.list()) {
      const shown = displayPath(pathOf(wireNameOf(pathAsListed), { delimiter, prefix, utf8 }));
      if (shown === this.#mailbox) return path;
    }
    return null;
  }

  async #listen(client: ImapFlow, signal: AbortSignal): Promise<void> {
    const mailbox = this.#mailbox;
    client.on('exists', ({ count, prevCount }) =>
      this.#events.news(mailbox, count > prevCount ? 'arrived' : 'changed'),
    );
    client.on('expunge', () => this.#events.news(mailbox, 'changed'));
    client.on('flags', () => this.#events.news(mailbox, 'changed'));
    const closed = new AbortController();
    client.once('close', () => closed.abort());
    this.#events.watching(mailbox);
    while (client.usable && !signal.aborted) {
      const idling = client.idle();
      const over = new AbortController();
      idling.catch(() => undefined).finally(() => over.abort());
      const ends = [closed.signal, over.signal];
      await withLinked(ends, (end) => pause(this.#timing.renewMs, end));
      if (!client.usable || signal.aborted) break;
      const byServer = over.signal.aborted;
      if (byServer && (await idling) === false)
        return this.#events.refused(mailbox, 'the server refuses IDLE');
      // A NOOP ends the IDLE first, if it is not over yet.
      await this.#inTime(client, () => client.noop());
      await withLinked(ends, (end) => pause(this.#timing.answerMs, end));
      if (byServer) await pause(BREATH_MS, closed.signal);
    }
    if (!signal.aborted) {
      throw new AccountError(`${this.#settings.account}: the connection that watches ${mailbox} was lost`, {
        code: 'unreachable',
        hint: 'nothing was changed; it is made again',
      });
    }
  }

  /** Without an answer in time the connection counts as dead. */
  async #inTime<T>(client: ImapFlow, work: () => Promise<T>): Promise<T> {
    const impatient = setTimeout(() => client.close(), this.#timing.answerMs);
    try {
      return await work();
    } finally {
      clearTimeout(impatient);
    }
  }
}

/**
 * The Source port over POP3: one mailbox, INBOX, whose listing is asked for once a session. Whatever the index
 * knows by a UID is found in it by what identifies it.
 */
import { InterruptedError, throwIfAborted } from '../core/errors.js';
import { Listing } from '../core/mailbox/listing.js';
import { mailboxPath } from '../core/mailbox/mailbox-path.js';
import type {
  BodyReceiver,
  FetchRequest,
  Observation,
  ObserveRequest,
  PolledMailbox,
  Probe,
  RemovalOutcome,
  ServerCleaner,
  Source,
} from '../core/ports/source.js';
import type { Door } from './connect.js';
import { deleteMessages } from './delete-messages.js';
import { FetchRun } from './fetch-run.js';
import type { NumberedMessage } from './maildrop.js';
import { probeMessage } from './probe-message.js';
import { decodeMap, encodeMap, isUnchanged, numberMessages, type UidMap } from './uid-map.js';
import { type View, Visit, type VisitOptions } from './visit.js';

const INBOX = 'INBOX';
const PROBES_AT_ONCE = 200;

export interface Pop3SourceOptions extends VisitOptions {
  readonly mayDelete: boolean;
  readonly clock: () => number;
}

export class Pop3Source implements Source {
  readonly tier = 'pop3';
  readonly #options: Pop3SourceOptions;
  readonly #visit: Visit;
  #map: UidMap | null = null;

  constructor(door: Door, options: Pop3SourceOptions) {
    this.#visit = new Visit(door, options);
    this.#options = options;
  }

  async poll(checkpoints: ReadonlyMap<string, string>): Promise<PolledMailbox[]> {
    const view = await this.#look();
    this.#map = decodeMap(checkpoints.get(INBOX) ?? null);
    const changed = this.#map === null || view.incomplete !== null || !isUnchanged(this.#map, view.messages);
    return [
      {
        wireName: INBOX,
        path: mailboxPath(INBOX),
        selectable: true,
        specialUse: null,
        subscribed: true,
        messages: view.count,
        uidValidity: this.#map?.uidValidity ?? null,
        changed,
      },
    ];
  }

  async observe(
    requests: readonly ObserveRequest[],
    receive: (request: ObserveRequest, outcome: Observation | Error) => void | Promise<void>,
  ): Promise<void> {
    for (const request of requests) await receive(request, this.#observation(request, await this.#look()));
  }

  async fetch(requests: readonly FetchRequest[], receiver: BodyReceiver): Promise<void> {
    for (const request of requests) {
      if (request.uidValidity !== this.#map?.uidValidity) {
        receiver.mailboxFailed(request, 'its messages were identified in another way meanwhile');
        continue;
      }
      const run = new FetchRun(request, receiver, this.#options.clock);
      for (;;) {
        throwIfAborted(this.#options.signal);
        try {
          await this.#visit.look();
          await run.drive(this.#visit.session, this.#byUid());
          break;
        } catch (error) {
          if (!run.mayGoOn(error)) throw this.#visit.mapped(error);
          await this.#visit.reopen();
        }
      }
    }
  }

  async probe(
    requests: readonly FetchRequest[],
    _places: readonly number[],
    receive: (request: FetchRequest, uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void> {
    for (const request of requests) {
      for (let at = 0; at < request.items.length; at += PROBES_AT_ONCE) {
        const uids = request.items.slice(at, at + PROBES_AT_ONCE).map(({ uid }) => uid);
        for (const [uid, probe] of await this.#visit.persistently(() => this.#probeAll(uids)))
          await receive(request, uid, probe);
      }
    }
  }

  /** POP3 has none. */
  async labels(): Promise<void> {}

  get cleaner(): ServerCleaner | null {
    if (!this.#options.mayDelete) return null;
    return {
      listed: new Set(this.#byUid().keys()),
      remove: (uids, marked) => this.#remove(uids, marked),
    };
  }

  close(): Promise<void> {
    return this.#visit.close();
  }

  #look(): Promise<View> {
    return this.#visit.persistently(() => this.#visit.look());
  }

  #observation(request: ObserveRequest, view: View): Observation {
    const { hidesMail } = this.#visit;
    const former = decodeMap(request.checkpoint);
    const keptHere = request.keptHere ?? new Set();
    const before = former !== null && (hidesMail || isStillRight(former, view, keptHere)) ? former : null;
    const { map, uids, reused } = numberMessages(before, view.messages, {
      forget: keptHere,
      above: former === null ? (request.highestUid ?? 0) : former.next - 1,
      whole: view.incomplete === null,
    });
    this.#map = map;
    if (former !== null && before === null)
      this.#visit.tell(
        'the server has a new UIDL for every message: those that are here are recognised by their size and header, or fetched again',
      );
    if (reused > 0)
      this.#visit.tell(
        `${reused} messages have another size than those that had their UIDL before; they are fetched as new ones`,
      );
    const listing = new Listing();
    view.messages.forEach(({ size }, at) => {
      listing.add({ uid: uids[at]!, flags: '', size, receivedAt: null, emailId: null, labels: null });
    });
    return {
      sameIdSpace: before !== null,
      checkpoint: encodeMap(map),
      checkpointNamesUids: true,
      uidValidity: map.uidValidity,
      mailboxId: null,
      listing,
      roster: hidesMail ? null : new Set(uids),
      vanished: null,
      exists: view.count,
      incomplete: view.incomplete,
    };
  }

  /** What this session's server lists, by UID. */
  #byUid(): Map<number, NumberedMessage> {
    const found = new Map<number, NumberedMessage>();
    for (const { key, number, size } of this.#visit.messages) {
      const entry = this.#map?.entries.get(key);
      if (entry?.size === size) found.set(entry.uid, { number, size });
    }
    return found;
  }

  async #probeAll(uids: readonly number[]): Promise<(readonly [number, Probe])[]> {
    await this.#visit.look();
    const messages = this.#byUid();
    const probes = await Promise.all(
      uids.map(async (uid) => {
        const message = messages.get(uid);
        const probe = message === undefined ? null : await probeMessage(this.#visit.session, message);
        return probe === null ? [] : [[uid, probe] as const];
      }),
    );
    return probes.flat();
  }

  async #remove(uids: readonly number[], marked: (uids: readonly number[]) => void): Promise<RemovalOutcome> {
    try {
      if (!this.#visit.session.usable) await this.#visit.reopen();
      await this.#visit.look();
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      return { marked: 0, confirmed: false };
    }
    return deleteMessages(this.#visit.session, this.#byUid(), uids, marked);
  }
}

/** false where nothing of what was there before is to be found under its identifier: UIDs then begin anew. */
function isStillRight(map: UidMap, { messages, incomplete }: View, keptHere: ReadonlySet<number>): boolean {
  if (map.listed === 0 || messages.length === 0 || incomplete !== null) return true;
  // What mailkeep took off the server itself is not awaited there.
  if ([...map.entries.values()].every(({ uid }) => keptHere.has(uid))) return true;
  return messages.some(({ key, size }) => map.entries.get(key)?.size === size);
}

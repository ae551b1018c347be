/**
 * The engine: our own reader on the socket that imapflow signed in. Every call is written at once and
 * answered in order, so round trips don't grow with the number of mailboxes. Each fetch is tied to the
 * EXAMINE before it: bodies count only if that one opened the right mailbox with the right UIDVALIDITY.
 */

import { Socket } from 'node:net';
import { MailboxError } from '../core/errors.js';
import { canonicalFlags } from '../core/flags.js';
import { Listing, NOT_ASKED } from '../core/listing.js';
import type { LabelRequest, Probe, Tier } from '../core/ports.js';
import { PROBE_SLICE, sliceOffsets } from '../core/probe-slices.js';
import { SortedUids } from '../core/sorted-uids.js';
import { isSelectable } from './attributes.js';
import { collecting, guardedSink, UnnamedBody } from './body-sinks.js';
import { NO_UID_VALIDITY } from './checkpoint.js';
import type { Door } from './connect.js';
import { type Enabled, enableAll, enabledOf } from './enabled.js';
import { isToldToWait, serverText } from './errors.js';
import { labelsOf } from './labels.js';
import { slicesOf } from './probe-plan.js';
import type {
  BodiesJob,
  BodiesResult,
  BodySinks,
  ListedMailbox,
  MailboxReader,
  Visit,
  VisitResult,
} from './reader.js';
import { fetchBodies } from './wire/commands/fetch-bodies.js';
import { fetchRows, type IdentifiedRow } from './wire/commands/fetch-rows.js';
import { list, type StatusItem, status } from './wire/commands/list.js';
import { search } from './wire/commands/search.js';
import { examine, type SelectedMailbox, type SelectOptions } from './wire/commands/select.js';
import { logout } from './wire/commands/session-commands.js';
import { CommandRefusedError, MailboxNotSelectedError } from './wire/errors.js';
import { WireSession } from './wire/session.js';
import { UidSet } from './wire/uid-set.js';

const LAST_UID = 0xffff_ffff;
/** The capability behind X-GM-MSGID and X-GM-LABELS. */
const GMAIL = 'X-GM-EXT-1';
const LABELS = 'X-GM-LABELS';
/** Messages that may come in between an EXAMINE and the search behind it. */
const LATE_ARRIVALS = 10_000;

interface OpenMailbox {
  readonly wireName: string;
  readonly opened: Promise<SelectedMailbox>;
}

export class WireReader implements MailboxReader {
  readonly prefix: string;
  readonly session: WireSession;
  readonly #capabilities: ReadonlySet<string>;
  readonly #signal: AbortSignal;
  /** What is expected until the server has answered. */
  #enabled: Enabled;
  readonly #answered: Promise<void>;
  #open: OpenMailbox | null = null;

  constructor(
    door: Door,
    options: { readonly signal: AbortSignal; readonly silence: number; readonly cautious: boolean },
  ) {
    const { client } = door;
    this.prefix = client.namespace?.prefix ?? '';
    this.#capabilities = new Set(client.capabilities.keys());
    this.#signal = options.signal;
    const streams = client.unbind();
    this.session = new WireSession(streams, {
      silence: options.silence,
      maxDepth: options.cautious ? 1 : 256,
      literals: this.#capabilities.has('LITERAL+')
        ? 'plus'
        : this.#capabilities.has('LITERAL-')
          ? 'minus'
          : 'none',
    });
    // Nagle's algorithm would hold the end of each literal back until the server's delayed ACK: 40 ms a message.
    if (streams.socket instanceof Socket) streams.socket.setNoDelay(true);
    // imapflow leaves the stream paused.
    streams.readSocket.resume();
    this.#enabled = door.enabled ?? enabledOf(this.#capabilities);
    this.#answered = door.enabled === null ? this.#enable() : Promise.resolve();
    // Whoever asks for anything hears of it.
    this.#answered.catch(() => undefined);
  }

  /** What the server enabled; certain once `list` has returned. */
  get tier(): Tier {
    return this.#enabled.tier;
  }

  get utf8(): boolean {
    return this.#enabled.utf8;
  }

  async list(): Promise<ListedMailbox[]> {
    const items: StatusItem[] =
      this.tier === 'plain' ? [] : ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'HIGHESTMODSEQ'];
    const extended = this.has('LIST-EXTENDED');
    const returns = [
      ...(extended ? ['SUBSCRIBED'] : []),
      ...(extended && this.has('SPECIAL-USE') ? ['SPECIAL-USE'] : []),
    ];
    const withStatus = items.length > 0 && this.has('LIST-STATUS');
    const signal = this.#signal;
    const listing = list(this.session, '*', {
      returns,
      signal,
      ...(withStatus ? { returnStatus: items } : {}),
    });
    const subscriptions = extended ? null : list(this.session, '*', { subscribed: true, signal });
    const { mailboxes, unreadable } = await refused(listing, 'the list of mailboxes');
    if (unreadable.length > 0) {
      throw new MailboxError(
        `the server lists a mailbox in a way that can't be read: ${serverText(unreadable[0]!)}`,
        { code: 'protocol' },
      );
    }
    const subscribed =
      subscriptions === null ? null : new Set((await subscriptions).mailboxes.map((mailbox) => mailbox.name));
    await this.#answered;
    const statuses = await this.#statuses(mailboxes, withStatus ? [] : items);
    return mailboxes.map((mailbox) => {
      const found = mailbox.status ?? statuses.get(mailbox.name) ?? null;
      return {
        wireName: mailbox.name,
        delimiter: mailbox.delimiter,
        attributes: mailbox.attributes,
        subscribed:
          subscribed?.has(mailbox.name) ??
          mailbox.attributes.some((attribute) => attribute.toLowerCase() === '\\subscribed'),
        status:
          found === null
            ? null
            : {
                messages: found.messages,
                uidNext: found.uidNext,
                uidValidity: found.uidValidity?.toString() ?? null,
                highestModseq: found.highestModseq?.toString() ?? null,
              },
      };
    });
  }

  async visit(visit: Visit): Promise<VisitResult> {
    const listing = new Listing();
    const { qresync, queries } = visit;
    const selectOptions: SelectOptions = {
      signal: this.#signal,
      ...(qresync === null
        ? { condstore: this.tier !== 'plain' }
        : {
            qresync: {
              uidValidity: BigInt(qresync.uidValidity),
              modseq: BigInt(qresync.modseq),
              knownUids: UidSet.range(1, qresync.lastUid),
            },
            onRow: (row: IdentifiedRow) => addRow(listing, row, false, this.utf8),
          }),
    };
    const opened = this.#examine(visit.wireName, selectOptions);
    const pending: Promise<unknown>[] = queries.map((query) => {
      const last = query.last ?? LAST_UID;
      const details = query.details ? ['INTERNALDATE', 'RFC822.SIZE', ...this.#identity()] : [];
      const items = ['FLAGS', ...details, ...(this.has(GMAIL) ? [LABELS] : [])];
      const onRow = (row: IdentifiedRow) => {
        // "n:*" always answers with the last message, even if its UID is below n.
        if (row.uid >= query.first && row.uid <= last) addRow(listing, row, query.details, this.utf8);
      };
      const since = query.changedSince === null ? {} : { changedSince: BigInt(query.changedSince) };
      return fetchRows(this.session, UidSet.range(query.first, last), items, onRow, {
        signal: this.#signal,
        ...since,
      });
    });
    const roster = visit.roster ? search(this.session, ['ALL'], { signal: this.#signal }) : null;
    const arrived =
      visit.arrivedFrom === null
        ? null
        : search(this.session, [`UID ${visit.arrivedFrom}:*`], { signal: this.#signal });
    const mailbox = await refused(opened, visit.path);
    await Promise.all(pending.map((answer) => refused(answer, visit.path)));
    const found = roster === null ? null : await refused(roster, visit.path);
    const arrivals = arrived === null ? null : await refused(arrived, visit.path);
    return {
      exists: mailbox.exists,
      uidValidity: mailbox.uidValidity?.toString() ?? null,
      uidNext: mailbox.uidNext,
      highestModseq:
        mailbox.noModseq || this.tier === 'plain' ? null : (mailbox.highestModseq?.toString() ?? null),
      vanished:
        qresync !== null && mailbox.uidValidity?.toString() === qresync.uidValidity ? mailbox.vanished : null,
      listing,
      // No answer at all is no empty mailbox.
      roster: found?.answered === true ? found.uids : null,
      arrived:
        arrivals?.answered === true ? arrivedUids(arrivals.uids, visit.arrivedFrom!, mailbox.exists) : null,
    };
  }

  async bodies(job: BodiesJob, sinks: BodySinks): Promise<BodiesResult> {
    const opened = this.#openFor(job.wireName);
    let verdict: boolean | null = null;
    const isRight = opened.then((mailbox) => {
      verdict = uidValidityOf(mailbox) === job.uidValidity;
      return verdict;
    });
    isRight.catch(() => undefined);
    const result = fetchBodies(
      this.session,
      UidSet.from(job.uids),
      '',
      {
        begin: (start) => {
          const begin = (uid: number) => sinks.begin(uid, start.octets);
          const sink = start.uid === null ? new UnnamedBody(start.octets, begin) : begin(start.uid);
          return guardedSink(sink, job, () => verdict ?? isRight);
        },
      },
      { items: ['RFC822.SIZE'], weight: job.weight, signal: this.#signal },
    );
    try {
      if (!(await isRight))
        throw new MailboxError(`${job.path} got a new UIDVALIDITY during the run`, {
          code: 'id_space_changed',
        });
      const { nil } = await result;
      return { nil: [...nil], refused: null };
    } catch (error) {
      if (error instanceof CommandRefusedError && error.command === 'UID FETCH' && !isToldToWait(error)) {
        return { nil: [], refused: serverText(error.message) };
      }
      throw mailboxRefusal(error, job.path);
    }
  }

  async probe(
    job: BodiesJob,
    sizes: ReadonlyMap<number, number>,
    places: readonly number[],
    receive: (uid: number, probe: Probe) => void | Promise<void>,
  ): Promise<void> {
    const opened = this.#openFor(job.wireName);
    const uids = UidSet.from(job.uids);
    const options = { signal: this.#signal, weight: job.weight };
    const headers = new Map<number, Buffer>();
    const texts = new Map<number, Buffer>();
    const tails = new Map<number, Buffer>();
    const into = (found: Map<number, Buffer>) => collecting(({ uid }, octets) => found.set(uid, octets));
    const slices = new Map<number, Map<number, Buffer>>();
    const sliceInto = (offset: number) => {
      const found = new Map<number, Buffer>();
      slices.set(offset, found);
      return into(found);
    };
    const answers = [
      fetchBodies(this.session, uids, 'HEADER', into(headers), options),
      fetchBodies(this.session, uids, 'TEXT', into(texts), {
        ...options,
        partial: { offset: 0, octets: PROBE_SLICE },
      }),
      ...job.uids.map((uid) => {
        const partial = { offset: tailOf(sizes.get(uid)), octets: PROBE_SLICE };
        return fetchBodies(this.session, UidSet.of(uid), '', into(tails), {
          signal: this.#signal,
          partial,
          weight: PROBE_SLICE,
        });
      }),
      ...slicesOf(job.uids, sizes, places).map(({ offset, uids: own }) =>
        fetchBodies(this.session, UidSet.from(own), '', sliceInto(offset), {
          signal: this.#signal,
          partial: { offset, octets: PROBE_SLICE },
          weight: own.length * PROBE_SLICE,
        }),
      ),
    ];
    try {
      const mailbox = await opened;
      await Promise.all(answers);
      if (uidValidityOf(mailbox) !== job.uidValidity) return;
    } catch (error) {
      throw mailboxRefusal(error, job.path);
    }
    for (const uid of job.uids) {
      const [header, text, tail] = [headers.get(uid), texts.get(uid), tails.get(uid)];
      if (header === undefined || text === undefined || tail === undefined) continue;
      const between = sliceOffsets(sizes.get(uid) ?? 0, places).map((offset) => ({
        offset,
        octets: slices.get(offset)?.get(uid)?.subarray(0, PROBE_SLICE) ?? null,
      }));
      if (!between.every(isFound)) continue;
      await receive(uid, {
        header,
        slices: [
          { offset: header.length, octets: text.subarray(0, PROBE_SLICE) },
          { offset: tailOf(sizes.get(uid)), octets: tail.subarray(0, PROBE_SLICE) },
          ...between,
        ],
      });
    }
  }

  async labels(request: LabelRequest, receive: (uid: number, labels: string) => void): Promise<void> {
    const opened = this.#openFor(request.wireName);
    const told = new Map<number, string>();
    const wanted = UidSet.from(request.uids);
    const rows = fetchRows(
      this.session,
      wanted,
      [LABELS],
      ({ uid, gmailLabels }) => {
        if (gmailLabels !== null && wanted.has(uid)) told.set(uid, labelsOf(gmailLabels, this.utf8));
      },
      { signal: this.#signal },
    );
    try {
      const [mailbox] = await Promise.all([opened, rows]);
      // Another id space: the next run lists everything, labels too.
      if (uidValidityOf(mailbox) !== request.uidValidity) return;
    } catch (error) {
      throw mailboxRefusal(error, request.path);
    }
    for (const [uid, labels] of told) receive(uid, labels);
  }

  async close(): Promise<void> {
    // All that was asked is answered by now; waiting for the goodbye would be a round trip for nothing.
    if (this.session.failure === null) logout(this.session).catch(() => undefined);
    this.session.close();
  }

  /** Whether the server announced a capability. */
  has(capability: string): boolean {
    return this.#capabilities.has(capability);
  }

  /** EMAILID (RFC 8474) or X-GM-MSGID: the server's own word for "the same content". */
  #identity(): string[] {
    if (this.#capabilities.has('OBJECTID')) return ['EMAILID'];
    return this.#capabilities.has(GMAIL) ? ['X-GM-MSGID'] : [];
  }

  async #enable(): Promise<void> {
    this.#enabled = await enableAll(this.session, this.#capabilities, this.#signal);
  }

  async #statuses(
    mailboxes: readonly { name: string; attributes: readonly string[] }[],
    items: StatusItem[],
  ) {
    if (items.length === 0) return new Map();
    const selectable = mailboxes.filter((mailbox) => isSelectable(mailbox.attributes));
    const answers = selectable.map(async ({ name }) => {
      try {
        return [name, await status(this.session, name, items, { signal: this.#signal })] as const;
      } catch (error) {
        // Opening it will show what is wrong with it.
        if (error instanceof CommandRefusedError) return [name, null] as const;
        throw error;
      }
    });
    return new Map(await Promise.all(answers));
  }

  #examine(wireName: string, options: SelectOptions): Promise<SelectedMailbox> {
    const opened = examine(this.session, wireName, options);
    this.#open = { wireName, opened };
    return opened;
  }

  /** The mailbox that commands written now will find open; opened if it is another one. */
  #openFor(wireName: string): Promise<SelectedMailbox> {
    if (this.#open?.wireName === wireName) return this.#open.opened;
    return this.#examine(wireName, { signal: this.#signal });
  }
}

function uidValidityOf(mailbox: SelectedMailbox): string {
  return mailbox.uidValidity?.toString() ?? NO_UID_VALIDITY;
}

/**
 * "n:*" always finds the last message, even if its UID is below n. A set that is wider than any mailbox with so
 * many messages is no answer, and is never spelled out.
 */
function arrivedUids(uids: UidSet, from: number, exists: number): SortedUids | null {
  if (uids.size > exists + LATE_ARRIVALS) return null;
  return SortedUids.from([...uids].filter((uid) => uid >= from));
}

function addRow(listing: Listing, row: IdentifiedRow, details: boolean, utf8: boolean): void {
  // A row that tells only a MODSEQ says nothing of flags.
  if (row.flags === null) return;
  listing.add({
    uid: row.uid,
    flags: canonicalOf(row.flags),
    size: details ? (row.size ?? NOT_ASKED) : NOT_ASKED,
    receivedAt: row.internalDate?.epochSeconds ?? null,
    emailId: row.emailId ?? row.gmailMessageId,
    labels: row.gmailLabels === null ? null : labelsOf(row.gmailLabels, utf8),
  });
}

/** The wire hands out one frozen array for each distinct spelling. */
const CANONICAL = new WeakMap<readonly string[], string>();

function canonicalOf(flags: readonly string[]): string {
  let canonical = CANONICAL.get(flags);
  if (canonical === undefined) {
    canonical = canonicalFlags(flags);
    CANONICAL.set(flags, canonical);
  }
  return canonical;
}

function isFound(slice: {
  offset: number;
  octets: Buffer | null;
}): slice is { offset: number; octets: Buffer } {
  return slice.octets !== null;
}

function tailOf(size: number | undefined): number {
  return Math.max(0, (size ?? 0) - PROBE_SLICE);
}

async function refused<T>(answer: Promise<T>, path: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw mailboxRefusal(error, path);
  }
}

function mailboxRefusal(error: unknown, path: string): unknown {
  if (error instanceof MailboxNotSelectedError) return mailboxRefusal(error.cause, path);
  if (!(error instanceof CommandRefusedError) || isToldToWait(error)) return error;
  return new MailboxError(`the server does not open or list ${path}: ${serverText(error.message)}`, {
    code: 'refused',
    cause: error,
  });
}

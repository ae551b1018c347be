/**
 * The engine: our own reader on the socket that imapflow signed in. Every call is written at once and
 * answered in order, so round trips don't grow with the number of mailboxes. Each fetch is tied to the
 * EXAMINE before it: bodies count only if that one opened the right mailbox with the right UIDVALIDITY.
 */

import { Socket } from 'node:net';
import type { ImapFlow } from 'imapflow';
import { Listing } from '../core/mailbox/listing.js';
import type { LabelRequest, Probe, Tier } from '../core/ports/source.js';
import { guardedSink, UnnamedBody } from './body-sinks.js';
import { enabledOf } from './enabled.js';
import { isToldToWait, serverText } from './errors.js';
import { labelsOf } from './labels.js';
import { messageLimitOf, type RowCount, tierWithin } from './message-limit.js';
import type {
  BodiesJob,
  BodiesResult,
  BodySinks,
  ListedMailbox,
  MailboxReader,
  RowQuery,
  Visit,
  VisitResult,
} from './reader.js';
import { type AddRow, queryRows } from './row-queries.js';
import { NO_NAMESPACE, type Opening, openSession } from './session-opening.js';
import { assertPlausible } from './wire/commands/arguments.js';
import { fetchBodies } from './wire/commands/fetch-bodies.js';
import { fetchRows, type IdentifiedRow } from './wire/commands/fetch-rows.js';
import type { Namespace } from './wire/commands/list.js';
import { search } from './wire/commands/search.js';
import { examine, type SelectedMailbox, type SelectOptions } from './wire/commands/select.js';
import { logout } from './wire/commands/session-commands.js';
import { CommandRefusedError } from './wire/errors.js';
import { WireSession } from './wire/session.js';
import { UidSet } from './wire/uid-set.js';
import { listMailboxes } from './wire-list.js';
import { fetchProbes } from './wire-probe.js';
import { mailboxRefusal, newUidValidity, refused, uidValidityOf } from './wire-refusal.js';
import { addRow, arrivedUids } from './wire-rows.js';

interface OpenMailbox {
  readonly wireName: string;
  readonly opened: Promise<SelectedMailbox>;
}

export class WireReader implements MailboxReader {
  readonly session: WireSession;
  readonly #capabilities: ReadonlySet<string>;
  readonly #messageLimit: number | null;
  readonly #signal: AbortSignal;
  /** What is expected until the server has answered. */
  #opening: Opening;
  readonly #answered: Promise<void>;
  #open: OpenMailbox | null = null;
  #unreadable: string | null = null;

  constructor(
    client: ImapFlow,
    options: { readonly signal: AbortSignal; readonly silence: number; readonly cautious: boolean },
  ) {
    this.#capabilities = new Set(client.capabilities.keys());
    this.#messageLimit = messageLimitOf(this.#capabilities);
    this.#signal = options.signal;
    const streams = client.unbind();
    this.session = new WireSession(streams, {
      silence: options.silence,
      maxDepth: options.cautious ? 1 : 1024,
      literals: this.#capabilities.has('LITERAL+')
        ? 'plus'
        : this.#capabilities.has('LITERAL-')
          ? 'minus'
          : 'none',
    });
    // Nagle's algorithm would hold the end of each literal back until the server's delayed ACK: 40 ms a message.
    if (streams.socket instanceof Socket) streams.socket.setNoDelay(true);
    this.#opening = { enabled: enabledOf(this.#capabilities), personal: NO_NAMESPACE };
    this.#answered = openSession(this.session, client, this.#signal).then((opening) => {
      this.#opening = opening;
    });
    // Whoever asks for anything hears of it.
    this.#answered.catch(() => undefined);
  }

  /** What the server enabled; certain once `list` has returned, as are `utf8` and `prefix`. */
  get tier(): Tier {
    return tierWithin(this.#messageLimit, this.#opening.enabled);
  }

  get unreadable(): string | null {
    return this.#unreadable;
  }

  get utf8(): boolean {
    return this.#opening.enabled.utf8;
  }

  get prefix(): string {
    return this.personal.prefix;
  }

  get personal(): Namespace {
    return this.#opening.personal;
  }

  async list(): Promise<ListedMailbox[]> {
    const listed = listMailboxes(this.session, {
      modseq: this.tier !== 'plain',
      has: (capability) => this.has(capability),
      signal: this.#signal,
    });
    listed.catch(() => undefined);
    // First: a server that refuses everything says why to the first command.
    await this.#answered;
    const { mailboxes, unreadable } = await listed;
    this.#unreadable = unreadable;
    return mailboxes;
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
    let exists: number | null = null;
    opened.then((mailbox) => (exists = mailbox.exists)).catch(() => undefined);
    const add = (row: IdentifiedRow, details: boolean) => {
      assertPlausible(listing.length, exists);
      addRow(listing, row, details, this.utf8);
    };
    const pending = queries.map((query) => this.#rows(query, add));
    const roster = visit.roster ? search(this.session, ['ALL'], { signal: this.#signal }) : null;
    const arrived =
      visit.arrivedFrom === null
        ? null
        : search(this.session, [`UID ${visit.arrivedFrom}:*`], { signal: this.#signal });
    const mailbox = await refused(opened, visit.path);
    const counts = await Promise.all(pending.map((answer) => refused(answer, visit.path)));
    for (const count of counts) await this.#rest(visit, uidValidityOf(mailbox), count, add);
    const found = roster === null ? null : await refused(roster, visit.path);
    const arrivals = arrived === null ? null : await refused(arrived, visit.path);
    return {
      exists: mailbox.exists,
      uidValidity: mailbox.uidValidity?.toString() ?? null,
      uidNext: mailbox.uidNext,
      highestModseq:
        mailbox.noModseq || this.tier === 'plain' ? null : (mailbox.highestModseq?.toString() ?? null),
      mailboxId: mailbox.mailboxId,
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
      if (!(await isRight)) throw newUidValidity(job.path);
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
    const probes = fetchProbes(this.session, { job, sizes, places, signal: this.#signal });
    let found: ReadonlyMap<number, Probe>;
    try {
      const [mailbox, all] = await Promise.all([opened, probes]);
      if (uidValidityOf(mailbox) !== job.uidValidity) return;
      found = all;
    } catch (error) {
      throw mailboxRefusal(error, job.path);
    }
    for (const [uid, probe] of found) await receive(uid, probe);
  }

  async labels(request: LabelRequest, receive: (uid: number, labels: string) => void): Promise<void> {
    const opened = this.#openFor(request.wireName);
    const told = new Map<number, string>();
    const wanted = UidSet.from(request.uids);
    const rows = fetchRows(
      this.session,
      wanted,
      ['X-GM-LABELS'],
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

  #rows(query: RowQuery, add: AddRow): Promise<RowCount> {
    return queryRows(this.session, query, add, {
      capabilities: this.#capabilities,
      messageLimit: this.#messageLimit,
      signal: this.#signal,
    });
  }

  /** What a server with a limit of messages left out. Another visit may have opened its mailbox meanwhile. */
  async #rest(visit: Visit, uidValidity: string, count: RowCount, add: AddRow): Promise<void> {
    let rest = count.rest;
    while (rest !== null) {
      const answers = Promise.all([this.#openFor(visit.wireName), this.#rows(rest, add)]);
      const [mailbox, more] = await refused(answers, visit.path);
      if (uidValidityOf(mailbox) !== uidValidity) throw newUidValidity(visit.path);
      rest = more.rest;
    }
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

/**
 * Fetches the bodies of known but unfetched placements. One message that can't be had is noted, counted
 * and tried again by a later run; it stops nothing.
 */

import { throwIfAborted } from '../core/errors.js';
import type { PlacementPosition, UnfetchedPlacement } from '../core/ports/placements.js';
import type { BodyReceiver, BodySink, FetchRequest, Source } from '../core/ports/source.js';
import type { BodyWriter, PendingBody } from '../core/ports/store.js';
import { linkIdentical } from './adopt.js';
import { BodyBatch, type DatedPlacement } from './body-batch.js';
import { byMailbox, type SyncContext } from './sync-context.js';

/** Rows held in memory at once; also how much the source may pipeline. */
const PAGE = 20_000;

/**
 * What the server itself says is the same content (EMAILID, X-GM-MSGID: a Gmail message under each of its
 * labels) is fetched once and linked everywhere else. What could not be linked after all is fetched too.
 */
export async function fetchMissing(context: SyncContext, source: Source): Promise<void> {
  const now = context.ports.clock();
  const closed = new Set<number>();
  await fetchPages(context, source, pages(context, now, true, closed), closed);
  await linkIdentical(context, now);
  await fetchPages(context, source, pages(context, now, false, closed), closed);
}

/** `closed` gathers the mailboxes that can't be read. */
async function fetchPages(
  context: SyncContext,
  source: Source,
  pages: AsyncIterable<Page>,
  closed: Set<number>,
): Promise<void> {
  const batch = new BodyBatch(context);
  const total = context.ports.index.pending(context.ports.clock());
  try {
    for await (const page of pages) {
      throwIfAborted(context.options.signal);
      await source.fetch(page.requests, new Receiver(context, batch, page, total, closed));
    }
  } finally {
    // Also after an error: what has arrived whole is worth keeping.
    await batch.flush();
  }
}

interface Page {
  readonly requests: FetchRequest[];
  readonly placements: Map<FetchRequest, Map<number, UnfetchedPlacement>>;
}

/** `now` stays that of the beginning: what has failed meanwhile is due in another run. */
async function* pages(
  context: SyncContext,
  now: number,
  distinct: boolean,
  closed: ReadonlySet<number>,
): AsyncGenerator<Page> {
  const { index } = context.ports;
  let after: PlacementPosition = { mailbox: 0, uid: 0 };
  for (;;) {
    const rows = index.unfetched(after, PAGE, now, distinct);
    const last = rows.at(-1);
    if (last === undefined) return;
    const wanted = rows.filter((row) => !closed.has(row.mailbox) && context.isSelected(row.mailbox));
    const { budget, options } = context;
    const allowed = (await budget?.within(wanted, ({ size }) => size, options.signal)) ?? wanted;
    if (allowed.length < wanted.length) {
      const reached = allowed.at(-1);
      if (reached === undefined) return;
      after = { mailbox: reached.mailbox, uid: reached.uid };
    } else after = { mailbox: last.mailbox, uid: last.uid };
    yield await preparePage(context, allowed);
  }
}

/** Rows come by mailbox and UID. */
async function preparePage(context: SyncContext, rows: readonly UnfetchedPlacement[]): Promise<Page> {
  const page: Page = { requests: [], placements: new Map() };
  const groups = byMailbox(rows);
  await context.ports.store.prepareFolders(
    'mail',
    [...groups.keys()].map((id) => context.mailbox(id).folder),
  );
  for (const [id, placements] of groups) {
    const mailbox = context.mailbox(id);
    if (mailbox.uidValidity === null) continue;
    await context.prepareKeywords(placements);
    const request: FetchRequest = {
      wireName: mailbox.wireName,
      path: mailbox.path,
      uidValidity: mailbox.uidValidity,
      items: placements.map(({ uid, size }) => ({ uid, size })),
    };
    page.requests.push(request);
    page.placements.set(request, new Map(placements.map((placement) => [placement.uid, placement])));
  }
  return page;
}

class Receiver implements BodyReceiver {
  readonly #context: SyncContext;
  readonly #batch: BodyBatch;
  readonly #page: Page;
  readonly #total: { readonly messages: number; readonly bytes: number };
  readonly #closed: Set<number>;

  constructor(
    context: SyncContext,
    batch: BodyBatch,
    page: Page,
    total: { readonly messages: number; readonly bytes: number },
    closed: Set<number>,
  ) {
    this.#context = context;
    this.#batch = batch;
    this.#page = page;
    this.#total = total;
    this.#closed = closed;
  }

  begin(request: FetchRequest, uid: number, _size: number, derived?: number): BodySink {
    const known = this.#placement(request, uid);
    const placement = isDated(known) ? known : { ...known, receivedAt: derived ?? 0 };
    const { folder } = this.#context.mailbox(placement.mailbox);
    const writer = this.#context.ports.store.create(folder, placement.receivedAt);
    return new ArrivingBody(this, request, placement, writer);
  }

  /** Of a body that came whole. A returned promise asks the caller to wait: the disk is behind. */
  arrived(
    request: FetchRequest,
    placement: DatedPlacement,
    body: PendingBody | Promise<PendingBody>,
  ): void | Promise<void> {
    if (body instanceof Promise)
      return this.#batch.expect(body.then((pending) => this.arrived(request, placement, pending)));
    this.#count(request, body.size);
    return this.#batch.add(placement, body);
  }

  failed(request: FetchRequest, uid: number, reason: string): void {
    const { index, clock } = this.#context.ports;
    const { placement } = this.#placement(request, uid);
    const nextAttemptAt = clock() + retryPause(index.attempts(placement) + 1);
    index.recordFailed([{ placement, reason, nextAttemptAt }]);
  }

  mailboxFailed(request: FetchRequest, reason: string): void {
    for (const { mailbox } of this.#page.placements.get(request)!.values()) this.#closed.add(mailbox);
    this.#context.tally.mailboxFailed(request.path, reason);
  }

  #count(request: FetchRequest, size: number): void {
    const { tally, options } = this.#context;
    tally.arrived += 1;
    tally.bytesDownloaded += size;
    this.#context.passed(size);
    options.onProgress?.({
      mailbox: request.path,
      messages: tally.arrived,
      messagesTotal: this.#total.messages,
      bytes: tally.bytesDownloaded,
      bytesTotal: this.#total.bytes,
    });
  }

  #placement(request: FetchRequest, uid: number): UnfetchedPlacement {
    return this.#page.placements.get(request)!.get(uid)!;
  }
}

function isDated(placement: UnfetchedPlacement): placement is DatedPlacement {
  return placement.receivedAt !== null;
}

/** A body on its way to the disk. An object of few parts: there is one for each message. */
class ArrivingBody implements BodySink {
  readonly #receiver: Receiver;
  readonly #request: FetchRequest;
  readonly #placement: DatedPlacement;
  readonly #writer: BodyWriter;

  constructor(receiver: Receiver, request: FetchRequest, placement: DatedPlacement, writer: BodyWriter) {
    this.#receiver = receiver;
    this.#request = request;
    this.#placement = placement;
    this.#writer = writer;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    return this.#writer.write(chunk);
  }

  end(): void | Promise<void> {
    return this.#receiver.arrived(this.#request, this.#placement, this.#writer.finish());
  }

  abort(): void {
    this.#writer.abort();
  }
}

/** The first two retries come with the next runs, never in the same; then the pause doubles from 5 minutes to a day. */
function retryPause(attempts: number): number {
  if (attempts <= 2) return 1;
  return Math.min(5 * 60_000 * 2 ** (attempts - 3), 24 * 3_600_000);
}

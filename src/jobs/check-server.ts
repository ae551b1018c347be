/**
 * The archive against the server, mailbox by mailbox: what is there and not here, what is here and no longer
 * there, and sizes that disagree. Lists everything anew and trusts no cursor; reads no body and changes
 * nothing on either side. That mail has come or gone since the last run is no damage.
 */

import { describeError, MailboxError } from '../core/errors.js';
import { NOT_ASKED } from '../core/mailbox/listing.js';
import { displayPath } from '../core/mailbox/mailbox-path.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { Observation, SourceFactory } from '../core/ports/source.js';
import { NO_PLACEMENTS } from '../core/sync/base-placements.js';

export interface ServerReport {
  readonly missingHere: number;
  readonly goneThere: number;
  readonly sizesDiffer: number;
  /** Only mailboxes in which something differs, or that could not be compared. */
  readonly mailboxes: readonly MailboxDifference[];
}

export interface MailboxDifference {
  readonly path: string;
  /** UIDs, ascending. */
  readonly missingHere: readonly number[];
  readonly goneThere: readonly number[];
  readonly sizesDiffer: readonly { readonly uid: number; readonly here: number; readonly there: number }[];
  /** Why the comparison says little or nothing, or null. */
  readonly remark: string | null;
}

/** What the index holds as present on the server, by UID. */
export type HeldMessages = ReadonlyMap<number, { readonly size: number; readonly stored: boolean }>;

export interface HeldIndex {
  mailboxes(): IndexedMailbox[];
  held(mailbox: number): HeldMessages;
}

export async function compareWithServer(
  index: HeldIndex,
  server: SourceFactory,
  options: { readonly selects: (path: string) => boolean; readonly signal: AbortSignal },
): Promise<ServerReport> {
  const source = await server.open(options.signal);
  const mailboxes: MailboxDifference[] = [];
  try {
    const polled = (await source.poll(new Map())).filter(
      (mailbox) => mailbox.selectable && options.selects(displayPath(mailbox.path)),
    );
    const paths = new Map(polled.map(({ wireName, path }) => [wireName, displayPath(path)]));
    const here = new Map(
      index
        .mailboxes()
        .filter(({ listed, path }) => listed && options.selects(path))
        .map((mailbox) => [mailbox.wireName, mailbox]),
    );
    for (const [wireName, mailbox] of here) {
      if (paths.has(wireName)) continue;
      const held = index.held(mailbox.id);
      mailboxes.push({
        ...NOTHING,
        path: mailbox.path,
        goneThere: [...held.keys()],
        remark: 'the server does not list this mailbox',
      });
    }
    const requests = polled.map(({ wireName }) => ({
      wireName,
      // What names the messages is no cursor, and there is no telling them apart without it.
      checkpoint: source.tier === 'pop3' ? (here.get(wireName)?.checkpoint ?? null) : null,
      known: NO_PLACEMENTS.uids,
      full: true,
    }));
    await source.observe(requests, ({ wireName }, outcome) => {
      const path = paths.get(wireName)!;
      if (outcome instanceof Error) {
        if (!(outcome instanceof MailboxError)) throw outcome;
        mailboxes.push({ ...NOTHING, path, remark: describeError(outcome) });
        return;
      }
      const mailbox = here.get(wireName);
      mailboxes.push(
        compare(path, mailbox, mailbox === undefined ? new Map() : index.held(mailbox.id), outcome),
      );
    });
  } finally {
    await source.close();
  }
  const differing = mailboxes.filter(
    (mailbox) =>
      mailbox.remark !== null ||
      mailbox.missingHere.length + mailbox.goneThere.length + mailbox.sizesDiffer.length > 0,
  );
  const total = (of: (mailbox: MailboxDifference) => readonly unknown[]) =>
    differing.reduce((sum, mailbox) => sum + of(mailbox).length, 0);
  return {
    missingHere: total((mailbox) => mailbox.missingHere),
    goneThere: total((mailbox) => mailbox.goneThere),
    sizesDiffer: total((mailbox) => mailbox.sizesDiffer),
    mailboxes: differing.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

const NOTHING = { missingHere: [], goneThere: [], sizesDiffer: [], remark: null } as const;

function compare(
  path: string,
  mailbox: IndexedMailbox | undefined,
  held: HeldMessages,
  { listing, roster, uidValidity, incomplete }: Observation,
): MailboxDifference {
  const rows = listing.order();
  const there = new Set(rows.map((row) => listing.uid(row)));
  if (mailbox === undefined)
    return { ...NOTHING, path, missingHere: [...there], remark: 'no run has seen this mailbox yet' };
  // UIDs of another UIDVALIDITY say nothing of ours.
  if (mailbox.uidValidity !== uidValidity) {
    const remark = `the server has a new UIDVALIDITY (${uidValidity}); the next run tells what is the same`;
    return { ...NOTHING, path, missingHere: [...there], goneThere: [...held.keys()], remark };
  }
  const missingHere: number[] = [];
  const sizesDiffer: { uid: number; here: number; there: number }[] = [];
  for (const row of rows) {
    const uid = listing.uid(row);
    const size = listing.size(row);
    const mine = held.get(uid);
    if (mine?.stored !== true) missingHere.push(uid);
    else if (size !== NOT_ASKED && size !== mine.size)
      sizesDiffer.push({ uid, here: mine.size, there: size });
  }
  // A list that is not whole proves nothing gone.
  const goneThere =
    incomplete === null && roster !== null ? [...held.keys()].filter((uid) => !there.has(uid)) : [];
  return { path, missingHere, goneThere, sizesDiffer, remark: incomplete };
}

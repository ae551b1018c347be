/**
 * After a run that was killed: tmp/ is swept, and complete files that were named but not recorded any more
 * are taken in by their name and a fresh hash instead of being downloaded again. Content that the index
 * knows was being adopted, not downloaded: a move must not become a loss because a run was cut short.
 */

import { parseMaildirFileName } from '../core/mailbox/maildir-name.js';
import type {
  AdoptedPlacement,
  PlacementPosition,
  StoredPlacement,
  UnfetchedPlacement,
} from '../core/ports/placements.js';
import type { FilePlace } from '../core/ports/store.js';
import type { SyncContext } from './sync-context.js';

const PAGE = 20_000;

export async function recover(context: SyncContext): Promise<void> {
  const { index, store } = context.ports;
  await store.sweep([...context.mailboxes].map((mailbox) => mailbox.folder));
  let after: PlacementPosition = { mailbox: 0, uid: 0 };
  const names = new Map<number, Map<string, string>>();
  for (;;) {
    const rows = index.unfetched(after, PAGE, Number.MAX_SAFE_INTEGER, false);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = { mailbox: last.mailbox, uid: last.uid };
    const stored: StoredPlacement[] = [];
    const adopted: AdoptedPlacement[] = [];
    const places: FilePlace[] = [];
    for (const row of rows) {
      if (!names.has(row.mailbox)) names.set(row.mailbox, await filesByUid(context, row.mailbox));
      const name = names.get(row.mailbox)!.get(`${row.generation} ${row.uid}`);
      const found = name === undefined ? null : await takeIn(context, row, name);
      if (found === null) continue;
      places.push({ tree: 'mail', folder: context.mailbox(row.mailbox).folder, name: name! });
      if (index.locate(found.body.sha256, found.receivedAt) === null) stored.push(found);
      else adopted.push({ ...found, sha256: found.body.sha256 });
    }
    // The killed run may have named them and not come to the fsync of their folder: a move to where they are does.
    await store.move(places.map((place) => ({ from: place, to: place })));
    index.recordStored(stored);
    index.recordAdopted(context.run, adopted);
    context.tally.added += stored.length;
    context.tally.adopted += adopted.length;
  }
}

async function filesByUid(context: SyncContext, mailbox: number): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of await context.ports.store.list('mail', context.mailbox(mailbox).folder)) {
    const parsed = parseMaildirFileName(name);
    if (parsed !== null) files.set(`${parsed.generation} ${parsed.uid}`, name);
  }
  return files;
}

/** Not settled yet: the flags may have changed since the file got its name. */
async function takeIn(
  context: SyncContext,
  row: UnfetchedPlacement,
  name: string,
): Promise<StoredPlacement | null> {
  const parsed = parseMaildirFileName(name)!;
  const folder = context.mailbox(row.mailbox).folder;
  const facts = await context.ports.store.measure({ tree: 'mail', folder, name });
  if (
    facts === null ||
    facts.sha256 !== parsed.sha256 ||
    facts.size !== parsed.size ||
    (row.receivedAt !== null && parsed.receivedAt !== row.receivedAt)
  )
    return null;
  return {
    placement: row.placement,
    body: facts,
    receivedAt: parsed.receivedAt,
    messageId: facts.messageId,
    letters: parsed.letters,
    settled: false,
  };
}

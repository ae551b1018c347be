/**
 * Damaged and missing messages: set aside, then made anew from a copy in the archive, from a stray file or one that
 * was set aside with the same octets, or from the server. What is none of these is lost, and said to be.
 */
import { throwIfAborted } from '../core/errors.js';
import { maildirFileName, maildirLetters } from '../core/mailbox/maildir-name.js';
import type { AwaitedFile, KnownFile } from '../core/ports/proof.js';
import { type Finding, pathOf } from '../core/proof/findings.js';
import type { RepairEntry } from '../core/proof/repair-report.js';
import type { RepairContext } from './repair-context.js';

export async function bringBack(context: RepairContext): Promise<void> {
  const damaged = context.ofKind('size', 'octets');
  const absent = context.ofKind('missing', 'misplaced');
  for (const { known } of [...damaged, ...absent]) context.bad.set(known!.placement, known!);
  for (const finding of damaged) {
    throwIfAborted(context.signal);
    await context.setAside(finding, finding.found!.place, finding.reason);
  }
  for (const finding of absent) {
    throwIfAborted(context.signal);
    if (finding.found !== undefined) await bringHome(context, finding);
  }
  const waiting: number[] = [];
  for (const known of [...context.bad.values()]) {
    throwIfAborted(context.signal);
    if (await remake(context, known)) continue;
    if (context.ports.index.isOnServer(known.placement)) waiting.push(known.placement);
  }
  context.ports.index.awaitContent(waiting);
  for (const placement of waiting) context.bad.delete(placement);
}

/** After the server was asked: content that is here again under another UID serves its other places too. */
export async function retryLost(context: RepairContext): Promise<void> {
  for (const known of [...context.bad.values()]) {
    const now = context.ports.index.file(known.placement);
    if (now !== null && (await remake(context, now))) continue;
    context.lose(known.placement, {
      ...entryOf(known),
      reason: 'its octets are nowhere in the archive and it has left the server',
    });
  }
}

/** What became of content that was awaited, by this repair or an earlier one. */
export async function takeStock(context: RepairContext): Promise<void> {
  const { index } = context.ports;
  const ended: number[] = [];
  for (const awaited of index.awaited()) {
    const entry = {
      mailbox: awaited.path,
      uid: awaited.uid,
      file: `mail/${awaited.folder}`,
    };
    if (awaited.state === 'back') {
      ended.push(awaited.placement);
      context.did('refetched', entry, 'the same octets are here again');
    } else if (awaited.accepted) {
      // What is known to be lost may still turn up.
      if (awaited.state === 'left') await remakeLeft(context, awaited);
    } else if (awaited.state === 'changed') {
      ended.push(awaited.placement);
      context.lost.push({
        ...entry,
        reason: `the server now sends other octets for this UID; those with the SHA-256 ${awaited.sha256} are lost`,
      });
    } else if (awaited.state === 'waiting') {
      context.pending.push({
        ...entry,
        reason: 'the server could not give it yet; the next sync or repair fetches it',
      });
    } else if (!(await remakeLeft(context, awaited))) {
      context.lose(awaited.placement, { ...entry, reason: 'it left the server before it was fetched again' });
    }
  }
  index.endWaiting(ended);
}

/** A file in the wrong folder goes to its own, if it is what its name says. */
async function bringHome(context: RepairContext, finding: Finding): Promise<void> {
  const { folders, mender } = context.ports;
  const known = finding.known!;
  const { place } = finding.found!;
  const [sha256] = await folders.digest([place]);
  if (sha256 !== known.sha256) {
    await context.setAside(
      finding,
      place,
      'it lay in the wrong folder, and its octets do not match its SHA-256',
    );
  } else if (await mender.bringHome(place, known.place, known.receivedAt)) {
    context.bad.delete(known.placement);
    context.did('moved', entryOf(known), `from ${pathOf(place)}`);
  }
}

async function remake(context: RepairContext, known: KnownFile): Promise<boolean> {
  if (!context.bad.has(known.placement)) return true;
  const ways = [linkCopy, adoptStray, takeBack];
  let isBack = false;
  for (const way of ways) isBack ||= await way(context, known);
  if (!isBack) return false;
  context.bad.delete(known.placement);
  return true;
}

async function linkCopy(context: RepairContext, known: KnownFile): Promise<boolean> {
  const { index, folders, store } = context.ports;
  for (const copy of index.copies(known.sha256, known.placement)) {
    if (context.bad.has(copy.placement)) continue;
    const [sha256] = await folders.digest([{ ...copy.place, part: 'cur' }]);
    if (sha256 !== known.sha256) continue;
    const [outcome] = await store.link([{ from: copy.place, to: known.place, receivedAt: known.receivedAt }]);
    if (outcome !== 'done') continue;
    context.did('linked', entryOf(known), `from ${pathOf(copy.place)}`);
    return true;
  }
  return false;
}

/** A file that was given another name is still the message, if its octets are. */
async function adoptStray(context: RepairContext, known: KnownFile): Promise<boolean> {
  const { folders, mender } = context.ports;
  for (const { found } of context.ofKind('foreign', 'hidden', 'unknown', 'duplicate')) {
    if (found!.entry.size !== known.size || folders.find(found!.place) === null) continue;
    const [sha256] = await folders.digest([found!.place]);
    if (sha256 !== known.sha256) continue;
    if (!(await mender.bringHome(found!.place, known.place, known.receivedAt))) continue;
    context.did('moved', entryOf(known), `from ${pathOf(found!.place)}`);
    return true;
  }
  return false;
}

/** What was set aside as damage of one message may be all of another: files that changed places. */
async function takeBack(context: RepairContext, known: KnownFile): Promise<boolean> {
  const path = await context.ports.mender.takeBack(known, known.place, known.receivedAt);
  if (path === null) return false;
  context.did('moved', entryOf(known), `from ${path}`);
  return true;
}

/** A message that left meanwhile is kept under removed/ if its octets lie elsewhere in the archive. */
async function remakeLeft(context: RepairContext, awaited: AwaitedFile): Promise<boolean> {
  const { index, folders, store } = context.ports;
  const letters = maildirLetters(awaited.flags, index.keywords(awaited.mailbox));
  const to = { tree: 'removed' as const, folder: awaited.folder, name: maildirFileName(awaited, letters) };
  for (const copy of index.copies(awaited.sha256, awaited.placement)) {
    const body = await folders.measure({ ...copy.place, part: 'cur' });
    if (body === null || body.sha256 !== awaited.sha256) continue;
    await store.link([{ from: copy.place, to, receivedAt: awaited.receivedAt }]);
    const { messageId } = body;
    index.takeIn({ placement: awaited.placement, tree: 'removed', body, messageId, letters });
    index.endWaiting([awaited.placement]);
    const entry = { mailbox: awaited.path, uid: awaited.uid, file: pathOf(to) };
    context.did('linked', entry, `from ${pathOf(copy.place)}`);
    return true;
  }
  return false;
}

function entryOf(known: KnownFile): Omit<RepairEntry, 'reason'> {
  return { mailbox: known.path, uid: known.uid, file: pathOf(known.place) };
}

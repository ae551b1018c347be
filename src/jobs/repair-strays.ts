/**
 * Files that no row knows. A message that mailkeep named and whose octets prove the name is taken in: at the
 * place that waits for it, or as one that has left the server. What another program put here is taken in as
 * mail that is not on the server, under a generation that no server's mail ever has. Anything else is set aside.
 */
import { throwIfAborted } from '../core/errors.js';
import { canonicalFlags } from '../core/mailbox/flags.js';
import {
  flagsOfLetters,
  type MaildirName,
  maildirFileName,
  maildirLetters,
  parseMaildirFileName,
} from '../core/mailbox/maildir-name.js';
import type { IndexedName } from '../core/ports/proof.js';
import type { BodyFacts, FilePlace, Tree } from '../core/ports/store.js';
import type { Finding } from '../core/proof/findings.js';
import type { RepairContext } from './repair-context.js';

export async function takeInStrays(context: RepairContext): Promise<void> {
  for (const finding of context.ofKind('unknown', 'unrecorded', 'duplicate')) {
    throwIfAborted(context.signal);
    const { place } = finding.found!;
    const name = parseMaildirFileName(place.name)!;
    // It may have served as the file of another row meanwhile.
    const facts = await context.ports.folders.measure(place);
    if (facts === null) continue;
    if (facts.sha256 !== name.sha256 || facts.size !== name.size)
      await context.setAside(finding, place, 'its octets do not match the SHA-256 in its name');
    else await takeIn(context, finding, name, facts);
  }
  for (const finding of context.ofKind('foreign')) {
    throwIfAborted(context.signal);
    // It may have been the octets of a message that was missed.
    const facts = await context.ports.folders.measure(finding.found!.place);
    if (facts !== null) await takeInForeign(context, finding, facts);
  }
  for (const { mailbox, uid, file, reason, found } of context.ofKind('hidden')) {
    if (context.ports.folders.find(found!.place) !== null) context.left.push({ mailbox, uid, file, reason });
  }
}

/** Of mail that no server has told of; those of mailboxes begin with 1. */
const FOREIGN_GENERATION = 0;

async function takeInForeign(context: RepairContext, finding: Finding, facts: BodyFacts): Promise<void> {
  const { index, mender } = context.ports;
  const { place, entry } = finding.found!;
  if (index.copies(facts.sha256, 0).length > 0) {
    await context.setAside(finding, place, 'the archive has this message already');
    return;
  }
  if (!index.mailboxes().some(({ folder }) => folder === place.folder)) {
    await context.setAside(finding, place, 'no mailbox has this folder');
    return;
  }
  let uid = 1;
  while (index.lookUp(place.folder, FOREIGN_GENERATION, uid) !== null) uid += 1;
  const flags = canonicalFlags(flagsOfLetters(/:2,([A-Za-z]*)$/.exec(place.name)?.[1] ?? '', []));
  const { sha256, size } = facts;
  const name = { receivedAt: entry.modified, generation: FOREIGN_GENERATION, uid, sha256, size };
  mender.makePrivate(place);
  await takeIn(context, finding, { ...name, letters: maildirLetters(flags, []) }, facts);
}

async function takeIn(
  context: RepairContext,
  finding: Finding,
  name: MaildirName & { letters: string },
  facts: BodyFacts,
): Promise<void> {
  const { index, mender } = context.ports;
  const { place } = finding.found!;
  const { mailbox: path, uid, file } = finding;
  const mailbox = index.mailboxes().find(({ folder }) => folder === place.folder);
  if (mailbox === undefined || name.generation > mailbox.generation) {
    const what = mailbox === undefined ? 'folder' : 'generation';
    context.left.push({ mailbox: path, uid, file, reason: `the index does not know this ${what}` });
    return;
  }
  const row = index.lookUp(place.folder, name.generation, name.uid);
  if (row?.sha256 != null && row.sha256 !== name.sha256) {
    await context.setAside(finding, place, 'the index has another message under this generation and UID');
    return;
  }
  if (row?.hasFile === true) {
    await context.setAside(finding, place, 'a second file of a message that is there');
    return;
  }
  const tree = treeOf(row, name);
  const to = { tree, folder: place.folder, name: maildirFileName(name, name.letters) };
  if (!(await mender.bringHome(place, to, name.receivedAt))) return;
  const taken = { tree, body: facts, messageId: facts.messageId, letters: name.letters };
  if (row !== null) index.takeIn({ ...taken, placement: row.placement });
  else {
    const keywords = context.ports.folders.keywords(place.tree, place.folder);
    const flags = canonicalFlags(flagsOfLetters(name.letters, keywords));
    index.takeInUnknown({ ...taken, ...name, mailbox: mailbox.id, flags });
  }
  await shareInode(context, row?.placement ?? null, to, name);
  context.did('taken_in', { mailbox: path, uid, file }, `it is in ${tree}/${place.folder}`);
}

/** The same content with the same date is one inode. */
async function shareInode(
  context: RepairContext,
  placement: number | null,
  place: FilePlace,
  name: MaildirName,
): Promise<void> {
  const { index, folders, mender } = context.ports;
  for (const copy of index.copies(name.sha256, placement ?? 0)) {
    if (copy.receivedAt !== name.receivedAt || copy.place.name === place.name) continue;
    const [sha256] = await folders.digest([{ ...copy.place, part: 'cur' }]);
    if (sha256 === name.sha256) {
      await mender.relink(copy.place, place);
      return;
    }
  }
}

/** mail/ is what the server holds: only a row that says so puts a file there. */
function treeOf(row: IndexedName | null, name: MaildirName): Tree {
  return row?.present === true && row.receivedAt === name.receivedAt ? 'mail' : 'removed';
}

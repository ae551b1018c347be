/** The lighter things: folders, keywords, flags in names, dates, modes and hard links. */
import { throwIfAborted } from '../core/errors.js';
import type { Tree } from '../core/ports/store.js';
import { type Finding, pathOf } from '../core/proof/findings.js';
import type { RepairContext } from './repair-context.js';

export async function tidy(context: RepairContext): Promise<void> {
  await makeFolders(context);
  await renameFiles(context);
  const { mender, folders } = context.ports;
  for (const finding of context.ofKind('date', 'mode', 'link')) {
    throwIfAborted(context.signal);
    const { known, found } = finding;
    if (found === undefined) {
      const [tree, ...folder] = finding.file.split('/');
      mender.makePrivate({ tree: tree as Tree, folder: folder.join('/') });
    } else {
      if (context.bad.has(known!.placement)) continue;
      const place = { ...known!.place, part: 'cur' as const };
      if (folders.find(place) === null) continue;
      if (finding.kind === 'date') await mender.setDate(place, known!.receivedAt);
      else if (finding.kind === 'mode') mender.makePrivate(place);
      else if (!(await relink(context, finding))) continue;
    }
    context.did('tidied', finding, finding.reason);
  }
}

/** A mailbox that the server lists has a folder, with the letters of its keywords. */
async function makeFolders(context: RepairContext): Promise<void> {
  const { index, store } = context.ports;
  const findings = context.ofKind('lost_folder', 'keywords');
  for (const mailbox of index.mailboxes()) {
    for (const finding of findings) {
      const tree = finding.file.startsWith('mail/') ? 'mail' : 'removed';
      const folder = `${tree}/${mailbox.folder}`;
      if (finding.file !== folder && finding.file !== `${folder}/dovecot-keywords`) continue;
      await store.writeKeywords(tree, mailbox.folder, index.keywords(mailbox.id));
      context.did('tidied', finding, finding.reason);
    }
  }
}

async function renameFiles(context: RepairContext): Promise<void> {
  const wrong = context.ofKind('flags').filter(({ known }) => !context.bad.has(known!.placement));
  const places = wrong.map(({ known }) => known!.place);
  const outcomes = await context.ports.store.move(places.map((place) => ({ from: place, to: place })));
  for (const [at, finding] of wrong.entries())
    if (outcomes[at] === 'done') context.did('renamed', finding, `to ${pathOf(places[at]!)}`);
}

/** The file that was met first is the one whose inode the others share. */
async function relink(context: RepairContext, finding: Finding): Promise<boolean> {
  const { index, folders, mender } = context.ports;
  const known = finding.known!;
  const twin = index.file(finding.twin!);
  if (twin === null || twin.sha256 !== known.sha256 || context.bad.has(twin.placement)) return false;
  const places = [twin, known].map(({ place }) => ({ ...place, part: 'cur' as const }));
  const digests = await folders.digest(places);
  if (digests.some((sha256) => sha256 !== known.sha256)) return false;
  return mender.relink(twin.place, known.place);
}

/**
 * A second look at what seemed wrong. A sync that went on meanwhile renames, moves and records: only what is
 * wrong by the rows and files of now is a finding.
 */

import { parseMaildirFileName } from '../core/mailbox/maildir-name.js';
import type { FolderInventory, KnownFile, ProofIndex } from '../core/ports/proof.js';
import type { Finding } from '../core/proof/findings.js';

/** The finding, or nothing if it has gone away. */
export function stillThere(index: ProofIndex, folders: FolderInventory, finding: Finding): Finding[] {
  if (finding.known !== undefined) return isOutdated(index, folders, finding, finding.known) ? [] : [finding];
  if (finding.found === undefined) return [finding];
  const { place } = finding.found;
  if (folders.find(place) === null) return [];
  const parsed = parseMaildirFileName(place.name);
  const row = parsed === null ? null : index.lookUp(place.folder, parsed.generation, parsed.uid);
  const file = row === null ? null : index.file(row.placement);
  const isInPlace =
    place.part === 'cur' && file !== null && file.place.tree === place.tree && file.place.name === place.name;
  return isInPlace ? [] : [finding];
}

/** Octets are no matter of names: what was read stays true unless the file is another by now. */
function isOutdated(
  index: ProofIndex,
  folders: FolderInventory,
  finding: Finding,
  known: KnownFile,
): boolean {
  const now = index.file(known.placement);
  const { found } = finding;
  if (finding.kind === 'octets' && found !== undefined) {
    const entry = folders.find(found.place);
    if (entry !== null) return entry.inode !== found.entry.inode;
  }
  if (now === null) return true;
  const isSame = now.place.tree === known.place.tree && now.place.name === known.place.name;
  const entry = folders.find({ ...now.place, part: 'cur' });
  if (!isSame) return entry !== null && entry.size === now.size;
  switch (finding.kind) {
    case 'missing':
    case 'misplaced':
    case 'unfinished':
      return entry !== null && entry.size === now.size;
    case 'flags':
      return entry !== null || now.inFlux;
    case 'size':
      return entry !== null && entry.size === now.size;
    default:
      return false;
  }
}

/**
 * Where mailboxes are labels on one copy of a message (Gmail), the same content in several mailboxes is sent
 * once and labelled for the others. Pure. A real duplicate inside a mailbox stays a copy of its own.
 */
import type { SelectedPlacement } from '../ports/archive.js';

export interface LabelBox<W> {
  readonly wireName: string;
  /** null for All Mail: whatever has any label is there. */
  readonly label: string | null;
  readonly wanted: readonly W[];
  /** UIDs of what is there already. */
  readonly matches: ReadonlyMap<W, number>;
  readonly append: ReadonlySet<W>;
  /** Labels that a message here has. */
  readonly labelsOf: (uid: number) => readonly string[];
}

/** A message that needs no APPEND of its own. */
export interface LabelStep<W> {
  readonly wanted: W;
  /** null: it is in All Mail as soon as its base is anywhere. */
  readonly label: string | null;
  /** The copy that gets the label: one on the target, or one that is to be sent first. */
  readonly base: { readonly wireName: string; readonly uid: number } | { readonly sent: W };
  /** The copy on the target has the label already. */
  readonly isThere: boolean;
}

/** `lookup`: All Mail where it is not among the boxes; what is found there needs no APPEND either. */
export function planLabels<W extends { readonly placement: SelectedPlacement }>(
  boxes: readonly LabelBox<W>[],
  lookup: LabelBox<W> | null,
): LabelStep<W>[] {
  const copies = new Map<string, Member<W>[]>();
  for (const box of boxes) enter(box, copies);
  const found = lookup === null ? new Map<string, number[]>() : byContent(lookup);
  const steps: LabelStep<W>[] = [];
  for (const members of copies.values()) {
    const lacking = members.filter(({ box, wanted }) => box.append.has(wanted));
    const there = members.find(({ uid }) => uid !== null);
    const first = lacking.find(({ box }) => box.label === null) ?? lacking[0];
    for (const { box, wanted, copy } of lacking) {
      const uids = found.get(contentOf(wanted)) ?? [];
      const elsewhere = lookup === null ? undefined : nthCopy(uids, copy, lookup, box.label);
      const source = there?.box ?? lookup;
      const uid = there?.uid ?? elsewhere;
      if (source !== null && uid !== undefined) {
        const isThere = box.label === null || source.labelsOf(uid).includes(box.label);
        steps.push({ wanted, label: box.label, base: { wireName: source.wireName, uid }, isThere });
      } else if (wanted !== first!.wanted) {
        steps.push({ wanted, label: box.label, base: { sent: first!.wanted }, isThere: false });
      }
    }
  }
  return steps;
}

/** Copies that have the label already are those that its mailbox shows: they come first. */
function nthCopy<W>(
  uids: readonly number[],
  copy: number,
  lookup: LabelBox<W>,
  label: string | null,
): number | undefined {
  const rank = (uid: number) => (label !== null && lookup.labelsOf(uid).includes(label) ? 0 : 1);
  return [...uids].sort((a, b) => rank(a) - rank(b))[copy - 1];
}

function byContent<W extends { readonly placement: SelectedPlacement }>(
  box: LabelBox<W>,
): Map<string, number[]> {
  const uids = new Map<string, number[]>();
  for (const [wanted, uid] of box.matches) {
    const content = contentOf(wanted);
    const own = uids.get(content);
    if (own === undefined) uids.set(content, [uid]);
    else own.push(uid);
  }
  return uids;
}

function contentOf({ placement }: { readonly placement: SelectedPlacement }): string {
  return `${placement.sha256} ${placement.receivedAt}`;
}

interface Member<W> {
  readonly box: LabelBox<W>;
  readonly wanted: W;
  readonly uid: number | null;
  /** 1 for the first of this content in its mailbox. */
  readonly copy: number;
}

/** The n-th copy of a content in one mailbox is the n-th copy in all. */
function enter<W extends { readonly placement: SelectedPlacement }>(
  box: LabelBox<W>,
  copies: Map<string, Member<W>[]>,
): void {
  const counts = new Map<string, number>();
  const there = (wanted: W) => (box.matches.has(wanted) ? 0 : 1);
  for (const wanted of [...box.wanted].sort((a, b) => there(a) - there(b))) {
    const content = contentOf(wanted);
    const count = (counts.get(content) ?? 0) + 1;
    counts.set(content, count);
    const key = `${content} ${count}`;
    const members = copies.get(key);
    const member = { box, wanted, uid: box.matches.get(wanted) ?? null, copy: count };
    if (members === undefined) copies.set(key, [member]);
    else members.push(member);
  }
}

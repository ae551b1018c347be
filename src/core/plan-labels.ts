/**
 * Where mailboxes are labels on one copy of a message (Gmail), the same content in several mailboxes is sent
 * once and labelled for the others. Pure. A real duplicate inside a mailbox stays a copy of its own.
 */
import type { SelectedPlacement } from './archive-ports.js';

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
  const found = new Map<string, Member<W>[]>();
  if (lookup !== null) enter(lookup, found);
  const steps: LabelStep<W>[] = [];
  for (const [key, members] of copies) {
    const lacking = members.filter(({ box, wanted }) => box.append.has(wanted));
    if (lacking.length === 0) continue;
    const there = [...members, ...(found.get(key) ?? [])].find(({ uid }) => uid !== null);
    const first = lacking.find(({ box }) => box.label === null) ?? lacking[0]!;
    for (const { box, wanted } of lacking) {
      if (there !== undefined) {
        const base = { wireName: there.box.wireName, uid: there.uid! };
        const isThere = box.label === null || there.box.labelsOf(there.uid!).includes(box.label);
        steps.push({ wanted, label: box.label, base, isThere });
      } else if (wanted !== first.wanted) {
        steps.push({ wanted, label: box.label, base: { sent: first.wanted }, isThere: false });
      }
    }
  }
  return steps;
}

interface Member<W> {
  readonly box: LabelBox<W>;
  readonly wanted: W;
  readonly uid: number | null;
}

/** The n-th copy of a content in one mailbox is the n-th copy in all. */
function enter<W extends { readonly placement: SelectedPlacement }>(
  box: LabelBox<W>,
  copies: Map<string, Member<W>[]>,
): void {
  const counts = new Map<string, number>();
  const there = (wanted: W) => (box.matches.has(wanted) ? 0 : 1);
  for (const wanted of [...box.wanted].sort((a, b) => there(a) - there(b))) {
    const content = `${wanted.placement.sha256} ${wanted.placement.receivedAt}`;
    const count = (counts.get(content) ?? 0) + 1;
    counts.set(content, count);
    const key = `${content} ${count}`;
    const members = copies.get(key);
    const member = { box, wanted, uid: box.matches.get(wanted) ?? null };
    if (members === undefined) copies.set(key, [member]);
    else members.push(member);
  }
}

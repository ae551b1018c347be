/**
 * Which of the archive's messages the target lacks. Pure. A message is known by Message-ID, size and
 * INTERNALDATE; where that is not enough (no Message-ID, or several contents look the same) the hashes of
 * what is on the target decide. A real duplicate in the archive stays a duplicate on the target.
 */
import type { SelectedPlacement } from './archive-ports.js';
import type { TargetMessage } from './restore-ports.js';

export interface MailboxRestorePlan {
  readonly append: readonly SelectedPlacement[];
  readonly present: readonly SelectedPlacement[];
}

/** UIDs on the target whose hash must be known before the plan can be made. */
export function doubtfulUids(
  selected: readonly SelectedPlacement[],
  there: readonly TargetMessage[],
): number[] {
  const groups = groupByLook(selected);
  return there
    .filter((message) => {
      const group = groups.get(lookOf(message));
      return group !== undefined && isDoubtful(group);
    })
    .map((message) => message.uid);
}

export function planRestore(
  selected: readonly SelectedPlacement[],
  there: readonly TargetMessage[],
  digests: ReadonlyMap<number, string>,
): MailboxRestorePlan {
  const groups = groupByLook(selected);
  const counts = new Map<string, number>();
  const bump = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const message of there) {
    const group = groups.get(lookOf(message));
    if (group === undefined) continue;
    bump(
      isDoubtful(group)
        ? `sha256 ${digests.get(message.uid) ?? 'unknown'} ${message.receivedAt}`
        : lookOf(message),
    );
  }
  const append: SelectedPlacement[] = [];
  const present: SelectedPlacement[] = [];
  for (const placement of selected) {
    const look = lookOf(placement);
    const key = isDoubtful(groups.get(look)!) ? `sha256 ${placement.sha256} ${placement.receivedAt}` : look;
    const left = counts.get(key) ?? 0;
    if (left > 0) {
      counts.set(key, left - 1);
      present.push(placement);
    } else append.push(placement);
  }
  return { append, present };
}

function groupByLook(selected: readonly SelectedPlacement[]): Map<string, SelectedPlacement[]> {
  const groups = new Map<string, SelectedPlacement[]>();
  for (const placement of selected) {
    const look = lookOf(placement);
    const group = groups.get(look);
    if (group === undefined) groups.set(look, [placement]);
    else group.push(placement);
  }
  return groups;
}

/** No Message-ID, or different contents that look the same. */
function isDoubtful(group: readonly SelectedPlacement[]): boolean {
  const [first] = group;
  return first!.messageId === null || group.some((placement) => placement.sha256 !== first!.sha256);
}

function lookOf(message: { messageId: string | null; size: number; receivedAt: number | null }): string {
  return `${message.size} ${message.receivedAt} ${message.messageId ?? ''}`;
}

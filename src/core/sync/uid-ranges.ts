/**
 * Sets of UIDs as text, in the form of an IMAP sequence set (RFC 9051) without `*`: `1:500,502`. The order is
 * kept: two sets may tell of pairs.
 */

/** Shortest for ascending UIDs; '' for none. */
export function uidRanges(uids: Iterable<number>): string {
  const ranges: string[] = [];
  let first = 0;
  let last = 0;
  const close = () => {
    if (first !== 0) ranges.push(first === last ? String(first) : `${first}:${last}`);
  };
  for (const uid of uids) {
    if (uid === last + 1 && first !== 0) last = uid;
    else {
      close();
      first = uid;
      last = uid;
    }
  }
  close();
  return ranges.join(',');
}

/** Throws RangeError for what is no set of UIDs. */
export function* uidsOf(ranges: string): Generator<number> {
  if (ranges === '') return;
  for (const range of ranges.split(',')) {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(range);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!(first >= 1 && last >= first && last <= MAX_UID))
      throw new RangeError(`${range} is no range of UIDs`);
    for (let uid = first; uid <= last; uid++) yield uid;
  }
}

const MAX_UID = 0xffff_ffff;

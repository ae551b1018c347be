/** Text as octets of UTF-8, without a host API: the core imports nothing. */

/** Length in UTF-8. */
export function octets(text: string): number {
  let count = 0;
  for (const _ of utf8(text)) count += 1;
  return count;
}

export function* utf8(text: string): Generator<number> {
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) yield point;
    else if (point < 0x800) yield* [0xc0 | (point >> 6), 0x80 | (point & 0x3f)];
    else if (point < 0x10000)
      yield* [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)];
    else
      yield* [
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 0x3f),
        0x80 | ((point >> 6) & 0x3f),
        0x80 | (point & 0x3f),
      ];
  }
}

/** As many characters as fit. */
export function cutTo(text: string, maxOctets: number): string {
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += octets(character);
    if (used > maxOctets) break;
    kept += character;
  }
  return kept;
}

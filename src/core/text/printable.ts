/**
 * Text from outside (mailbox names, server answers, subjects) made safe for a terminal, a log and a line:
 * control characters, line separators and bidirectional overrides are shown as what they are, and of marks
 * that pile up over the lines around only as many as a language has.
 */
export function printable(text: string): string {
  const bare = text.replace(PILE, (_, marks: string, more: string) => `${marks}<+${[...more].length} marks>`);
  return bare.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu,
    (character) => {
      const point = character.codePointAt(0)!;
      return point < 0x20
        ? String.fromCodePoint(0x2400 + point)
        : `<U+${point.toString(16).toUpperCase().padStart(4, '0')}>`;
    },
  );
}

const PILE = /(\p{M}{6})(\p{M}+)/gu;

/** A text of many lines for a terminal: line ends and tabs keep their meaning, nothing else does. */
export function printableLines(text: string): string {
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => printable(line.replaceAll('\t', '    ')))
    .join('\n');
}

/**
 * A line of bash up to the cursor, as words: what completion has to know of quotes, backslashes and of the
 * characters at which readline begins a new word. Nothing is expanded or run.
 */

export interface ShellLine {
  /** Without quotes and backslashes; the last one is under the cursor and may be empty. */
  readonly words: readonly string[];
  /** The quote that is open at the cursor. */
  readonly quote: '"' | "'" | null;
  /** How much of the last word readline keeps because a break such as "@" or ":" comes behind it. */
  readonly kept: number;
}

export function readShellLine(line: string, breaks: string): ShellLine {
  const words: string[] = [];
  let word = '';
  let isOpen = false;
  let quote: ShellLine['quote'] = null;
  let kept = 0;
  const characters = [...line];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index]!;
    if (character === '\\' && quote !== "'") {
      index += 1;
      word += characters[index] ?? '';
      isOpen = true;
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      isOpen = true;
      kept = word.length;
    } else if (/[ \t\n]/.test(character)) {
      if (isOpen) words.push(word);
      [word, isOpen, kept] = ['', false, 0];
    } else {
      word += character;
      isOpen = true;
      if (breaks.includes(character)) kept = word.length;
    }
  }
  return { words: [...words, word], quote, kept };
}

/** What bash is to put in the place of the word under the cursor. */
export function bashReply(word: string, { quote, kept }: ShellLine): string {
  const rest = word.slice(kept);
  if (quote === "'") return rest;
  if (quote === '"') return rest.replace(/[\\"$`]/g, '\\$&');
  return rest.replace(/[^A-Za-z0-9_@%+=:,./\u0080-\u{10ffff}-]/gu, '\\$&');
}

/**
 * Splits a command line into words the way a POSIX shell does: quotes and backslashes, nothing else.
 * The command runs without a shell, so whatever a shell would act on (a pipe, a variable, a wildcard) is
 * refused here: passed on as plain text it would silently mean something else than its author thought.
 */

export type CommandWords =
  | { readonly ok: true; readonly words: readonly string[] }
  /** `problem` completes "the command ..." and quotes nothing but a shell character. */
  | { readonly ok: false; readonly problem: string };

const ACTS_ANYWHERE = new Set(['|', '&', ';', '<', '>', '(', ')', '$', '`', '*', '?', '[', '\n', '\r']);
const ACTS_AT_WORD_START = new Set(['~', '#']);
/** In double quotes a backslash escapes only these (POSIX XCU 2.2.3). */
const ESCAPABLE_IN_QUOTES = new Set(['$', '`', '"', '\\', '\n']);

export function splitCommand(line: string): CommandWords {
  if (line.includes('\0')) return failure('holds a NUL character');
  const text = line.trim();
  const words: string[] = [];
  let word: string | null = null;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === ' ' || character === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === "'") {
      const end = text.indexOf("'", index + 1);
      if (end < 0) return failure("has a ' without its partner");
      word = (word ?? '') + text.slice(index + 1, end);
      index = end;
    } else if (character === '"') {
      const quoted = doubleQuoted(text, index + 1);
      if ('problem' in quoted) return failure(quoted.problem);
      word = (word ?? '') + quoted.text;
      index = quoted.end;
    } else if (character === '\\') {
      const escaped = text[++index];
      if (escaped === undefined) return failure('ends with a backslash');
      // A backslash before a line break continues the line.
      if (escaped !== '\n') word = (word ?? '') + escaped;
    } else if (ACTS_ANYWHERE.has(character) || (word === null && ACTS_AT_WORD_START.has(character))) {
      return failure(needsShell(character));
    } else word = (word ?? '') + character;
  }
  if (word !== null) words.push(word);
  if (words.length === 0 || words[0] === '') return failure('is empty');
  // A shell would set a variable, exec would look for a program of that name.
  if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(text))
    return failure('begins with a variable, which only a shell sets');
  return { ok: true, words };
}

function doubleQuoted(text: string, start: number): { text: string; end: number } | { problem: string } {
  let result = '';
  for (let index = start; index < text.length; index++) {
    const character = text[index]!;
    if (character === '"') return { text: result, end: index };
    if (character === '$' || character === '`') return { problem: needsShell(character) };
    const next = text[index + 1];
    if (character === '\\' && next !== undefined && ESCAPABLE_IN_QUOTES.has(next)) {
      if (next !== '\n') result += next;
      index++;
    } else result += character;
  }
  return { problem: 'has a " without its partner' };
}

function needsShell(character: string): string {
  const shown = character === '\n' || character === '\r' ? 'a line break' : character;
  return `uses ${shown}, which only a shell understands`;
}

function failure(problem: string): CommandWords {
  return { ok: false, problem };
}

/** The other way round: a word as it may stand in a command line that somebody copies. */
export function shellWord(word: string): string {
  return /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

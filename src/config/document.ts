/**
 * A YAML text as plain values, with the line and column of every key and value. Whatever YAML would read
 * differently from what stands there (a key twice, an unknown tag, a second document) is a mistake, and
 * no sentence about a mistake quotes the text, which may hold a password.
 */
import {
  type CST,
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isPair,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
} from 'yaml';
import type { ConfigPath, Mistake } from './mistakes.js';

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface PlacedMistake extends Position {
  /** To be shown; empty for a mistake in the YAML itself. */
  readonly path: ConfigPath;
  readonly message: string;
}

type Place = Pick<Mistake, 'path' | 'place'>;

export interface ConfigDocument {
  /** undefined when the YAML is too broken to have values. */
  readonly value: unknown;
  readonly mistakes: readonly PlacedMistake[];
  locate(mistake: Place): Position;
}

/** Values that YAML could read, though not as they were meant: the others are still worth checking. */
const READABLE: ReadonlySet<string> = new Set<ErrorCode>(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED']);

const MOST_ALIASES = 100;
/** A configuration has six. */
const MOST_LEVELS = 32;

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'a value that begins with * is an alias; put it in quotes',
  BAD_DQ_ESCAPE: 'unknown escape in a text in double quotes; use single quotes, or \\\\ for a backslash',
  BAD_INDENT: 'wrong indentation, or a bracket without its partner',
  BAD_SCALAR_START: 'a value cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'unexpected ": " in a value; put the value in quotes, or mend the indentation',
  MISSING_CHAR: 'a quote, comma, colon or bracket is missing here',
  MULTILINE_IMPLICIT_KEY: 'a key without ":", or wrong indentation',
  MULTIPLE_DOCS: 'a second document begins here; a file holds one configuration',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'a tab in the indentation; YAML takes only spaces',
  TAG_RESOLVE_FAILED: 'a value that begins with ! is a tag; put it in quotes',
};

export function readDocument(text: string): ConfigDocument {
  // A byte order mark takes no column.
  const source = text.replace(/^\ufeff/, '');
  const lines = new LineCounter();
  const tooDeep = offsetBelow(MOST_LEVELS, [...new Parser(lines.addNewLine).parse(source)]);
  if (tooDeep !== null) return unreadable(lines, tooDeep, SENTENCES.RESOURCE_EXHAUSTION!);
  const document = parseDocument(source, {
    prettyErrors: false,
    stringKeys: true,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const problems = [
    ...[...document.errors, ...document.warnings].map(({ code, pos }) => ({ code, offset: pos[0] })),
    ...danglingAliases(document).map((offset) => ({ code: 'BAD_ALIAS' as const, offset })),
  ].sort((one, other) => one.offset - other.offset);
  // After the first break the parser is out of step, and what it finds further on is mostly an echo.
  const broken = problems.findIndex(({ code }) => !READABLE.has(code));
  const believed = broken < 0 ? problems : problems.slice(0, broken + 1);
  const mistakes = believed.map(({ code, offset }) => placed(lines, offset, sentence(code, source, offset)));
  const locate = (mistake: Place) => positionOf(lines, offsetOf(document, mistake));
  if (broken >= 0) return { value: undefined, mistakes, locate };
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES }), mistakes, locate };
  } catch {
    // The only thing left to throw is the count of aliases.
    return unreadable(lines, 0, 'too many aliases');
  }
}

/** Composing a document is recursive and can take the whole process down; this looks first, level by level. */
function offsetBelow(most: number, tokens: readonly CST.Token[]): number | null {
  let level = tokens;
  // The document itself is a level.
  for (let depth = 0; depth <= most; depth++) level = level.flatMap(childrenOf);
  return level[0]?.offset ?? null;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items
    .flatMap(({ key, value }) => [key, value])
    .filter((child) => child !== undefined && child !== null);
}

function unreadable(lines: LineCounter, offset: number, message: string): ConfigDocument {
  return {
    value: undefined,
    mistakes: [placed(lines, offset, message)],
    locate: () => positionOf(lines, offset),
  };
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function placed(lines: LineCounter, offset: number, message: string): PlacedMistake {
  return { ...positionOf(lines, offset), path: [], message };
}

function sentence(code: ErrorCode, text: string, offset: number): string {
  if (code !== 'DUPLICATE_KEY') return SENTENCES[code] ?? 'not valid YAML';
  const key = /^["']?([A-Za-z0-9_-]{1,60})["']?\s*:/.exec(text.slice(offset, offset + 100))?.[1];
  return key === undefined ? 'the same key a second time' : `"${key}" a second time in the same mapping`;
}

function danglingAliases(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) === undefined) offsets.push(alias.range?.[0] ?? 0);
    },
  });
  return offsets;
}

function offsetOf(document: Document.Parsed, mistake: Place): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, part] of mistake.path.entries()) {
    const collection: unknown = isAlias(node) ? node.resolve(document) : node;
    const child = childOf(collection, part);
    // What is missing is shown at the innermost mapping that is there.
    if (child === null) return offset;
    const last = depth === mistake.path.length - 1;
    const key = child.key?.range?.[0];
    node = child.value;
    const empty = node?.range === undefined || node.range === null || node.range[0] === node.range[1];
    offset =
      key !== undefined && (empty || (last && mistake.place === 'key')) ? key : (node?.range?.[0] ?? offset);
  }
  return offset;
}

function childOf(
  collection: unknown,
  part: string | number,
): { key: Node | null; value: Node | null } | null {
  if (isSeq(collection) && typeof part === 'number') {
    const item = collection.items[part];
    return isNode(item) ? { key: null, value: item } : null;
  }
  if (!isMap(collection)) return null;
  const pair = collection.items.findLast((item) => isPair(item) && keyText(item.key) === String(part));
  if (!pair) return null;
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
}

function keyText(key: unknown): string | null {
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : null;
}

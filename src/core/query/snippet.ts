/**
 * The piece of a text that shows why it was found: some words around the place where most of the wanted
 * words stand, on one line. The text is as it reads; places are found by the tokens of search-text.ts.
 */
import type { Query } from './query.js';
import { searchTokens } from './search-text.js';

/** UTF-16 units before the first hit, and in all. */
const BEFORE = 30;
const LENGTH = 160;

/** Units of text that are looked through. */
const MAX_LOOKED = 500_000;

export interface Snippet {
  readonly text: string;
  /** Where the hits stand in it; [start, end) in UTF-16 units. */
  readonly hits: readonly (readonly [number, number])[];
}

/** The start of the text where none of the wanted words stand in it. */
export function snippetOf(text: string, query: Query): Snippet {
  const phrases = wantedPhrases(query);
  const looked = text.slice(0, MAX_LOOKED);
  const hits = phrases.length === 0 ? [] : hitsIn(looked, phrases);
  const first = bestPlace(hits);
  const start = first === null ? 0 : wordStart(looked, Math.max(0, first - BEFORE), first);
  const end = wordEnd(looked, start, Math.min(looked.length, start + LENGTH));
  return squeezed(
    looked.slice(start, end),
    hits.filter(([from, to]) => from >= start && to <= end).map(([from, to]) => [from - start, to - start]),
    { before: start > 0, after: end < text.length },
  );
}

function wantedPhrases(query: Query): (readonly string[])[] {
  if (query.kind === 'phrase') return query.field === null ? [query.tokens] : [];
  return query.kind === 'and' || query.kind === 'or' ? query.of.flatMap(wantedPhrases) : [];
}

type Span = readonly [number, number];

/** What may hold tokens: everything between white space and ASCII punctuation. */
const PIECES = /[^\s!-/:-@[-`{-~]+/g;

function hitsIn(text: string, phrases: readonly (readonly string[])[]): Span[] {
  const tokens: { readonly token: string; readonly span: Span }[] = [];
  for (const match of text.matchAll(PIECES)) tokens.push(...tokensOf(match[0], match.index));
  const hits: Span[] = [];
  for (let at = 0; at < tokens.length; at++) {
    for (const phrase of phrases) {
      if (!phrase.every((token, offset) => tokens[at + offset]?.token === token)) continue;
      hits.push([tokens[at]!.span[0], tokens[at + phrase.length - 1]!.span[1]]);
      break;
    }
  }
  return hits;
}

function tokensOf(piece: string, start: number): { token: string; span: Span }[] {
  const tokens = searchTokens(piece);
  const whole: Span = [start, start + piece.length];
  const characters = [...piece];
  if (tokens.length <= 1 || tokens.length !== characters.length) {
    return tokens.map((token) => ({ token, span: whole }));
  }
  // Scripts without spaces: a token for each character.
  let at = start;
  return tokens.map((token, index) => {
    const span: Span = [at, at + characters[index]!.length];
    at = span[1];
    return { token, span };
  });
}

/** The hit with the most others close behind it. */
function bestPlace(hits: readonly Span[]): number | null {
  let best: number | null = null;
  let most = 0;
  for (let at = 0, end = 0; at < hits.length; at++) {
    while (end < hits.length && hits[end]![0] < hits[at]![0] + LENGTH - BEFORE) end += 1;
    if (end - at > most) {
      most = end - at;
      best = hits[at]![0];
    }
  }
  return best;
}

function wordStart(text: string, from: number, limit: number): number {
  if (from === 0) return 0;
  const space = /\s/.exec(text.slice(from, limit));
  const start = space ? from + space.index + 1 : from;
  return isInsidePair(text, start) ? start + 1 : start;
}

function wordEnd(text: string, start: number, to: number): number {
  if (to >= text.length) return text.length;
  const space = /\s\S*$/.exec(text.slice(start, to));
  const end = space && space.index > LENGTH / 2 ? start + space.index : to;
  return isInsidePair(text, end) ? end - 1 : end;
}

function isInsidePair(text: string, at: number): boolean {
  return /^[\udc00-\udfff]/.test(text.slice(at, at + 1));
}

/** Line ends and runs of white space become one space, and the hits move along. */
function squeezed(text: string, hits: readonly Span[], cut: { before: boolean; after: boolean }): Snippet {
  const map = new Map<number, number>();
  let result = cut.before ? '…' : '';
  let at = 0;
  for (const match of text.matchAll(/\s+|\S+/g)) {
    const piece = match[0];
    const isSpace = /^\s/.test(piece);
    for (let offset = 0; offset <= piece.length; offset++) {
      map.set(at + offset, result.length + (isSpace ? Math.min(offset, 1) : offset));
    }
    if (isSpace && (result === '' || at + piece.length === text.length)) {
      for (let offset = 0; offset <= piece.length; offset++) map.set(at + offset, result.length);
    } else result += isSpace ? ' ' : piece;
    at += piece.length;
  }
  if (cut.after) result += '…';
  return { text: result, hits: hits.map(([from, to]) => [map.get(from) ?? 0, map.get(to) ?? 0]) };
}

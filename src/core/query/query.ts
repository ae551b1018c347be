/**
 * The query language: words, "phrases", `-` for not, `OR` (looser than words side by side, which must all
 * match) and fields. A query that means nothing exactly is an error that points at the place; nothing is
 * guessed, since a restore follows it. The result is plain data, and dates and sizes in it are absolute.
 */

import { closestWord } from '../text/closest-word.js';
import { QueryError, type QuerySpan } from './query-error.js';
import {
  FIELD_NAMES,
  type FieldValue,
  isFieldName,
  parseField,
  type QueryContext,
  type TextField,
} from './query-fields.js';
import { searchTokens } from './search-text.js';

/** No query that a person or a script means is longer; matching costs terms times text. */
const MAX_LENGTH = 4_000;

/** Tokens that stand one after the other; `field` null: in any of the texts. */
export interface PhraseTerm {
  readonly kind: 'phrase';
  readonly field: TextField | null;
  readonly tokens: readonly string[];
}

export type QueryTerm = PhraseTerm | FieldValue;

export type Query =
  | QueryTerm
  /** Every one of them; of none: everything. */
  | { readonly kind: 'and'; readonly of: readonly Query[] }
  | { readonly kind: 'or'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query };

/** Every term of a query, whether it is wanted or not. */
export function termsOf(query: Query): QueryTerm[] {
  if (query.kind === 'and' || query.kind === 'or') return query.of.flatMap(termsOf);
  return query.kind === 'not' ? termsOf(query.of) : [query];
}

/** The arguments are one query, as if spaces stood between them. Throws QueryError (exit 2). */
export function parseQuery(args: readonly string[], context: QueryContext): Query {
  const text = args.join(' ');
  if (text.length > MAX_LENGTH) {
    const end = { start: MAX_LENGTH, end: MAX_LENGTH };
    throw new QueryError(`the query is longer than ${MAX_LENGTH} characters`, text.slice(0, MAX_LENGTH), end);
  }
  const words = split(text);
  if (words.length === 0) return { kind: 'and', of: [] };
  const alternatives: Query[] = [];
  let together: Query[] = [];
  for (const word of words) {
    if (word.kind === 'term') {
      together.push(term(word, text, context));
      continue;
    }
    if (together.length === 0) throw new QueryError('expected a term before OR', text, word);
    alternatives.push(joined('and', together));
    together = [];
  }
  const last = words.at(-1)!;
  if (together.length === 0) throw new QueryError('expected a term after OR', text, last);
  return joined('or', [...alternatives, joined('and', together)]);
}

function joined(kind: 'and' | 'or', of: readonly Query[]): Query {
  return of.length === 1 ? of[0]! : { kind, of };
}

/** What stands between white space, quotes respected. */
type Word = QuerySpan & ({ readonly kind: 'or' } | RawTerm);

interface RawTerm extends QuerySpan {
  readonly kind: 'term';
  readonly negated: boolean;
  /** What stands before the first colon, where that can be a field's name. */
  readonly name: QuerySpan | null;
  /** Without quotes. */
  readonly value: QuerySpan;
  readonly quoted: boolean;
}

function split(text: string): Word[] {
  const words: Word[] = [];
  const space = /\s*/y;
  for (let at = 0; ; ) {
    space.lastIndex = at;
    space.exec(text);
    at = space.lastIndex;
    if (at === text.length) return words;
    const word = /^OR(?!\S)/.test(text.slice(at, at + 3))
      ? { kind: 'or' as const, start: at, end: at + 2 }
      : rawTerm(text, at);
    words.push(word);
    at = word.end;
  }
}

function rawTerm(text: string, start: number): RawTerm {
  const negated = text[start] === '-';
  const begin = negated ? start + 1 : start;
  if (negated && !/^[^\s-]/.test(text.slice(begin, begin + 1))) {
    throw new QueryError('expected a word, a phrase or a field after "-"', text, { start, end: begin });
  }
  const colon = /^[A-Za-z][A-Za-z_-]+:(?!\/\/|:)/.exec(text.slice(begin, begin + 40));
  const name = colon ? { start: begin, end: begin + colon[0].length - 1 } : null;
  const valueStart = name ? name.end + 1 : begin;
  const common = { kind: 'term' as const, start, negated, name };
  if (text[valueStart] !== '"') {
    const end = valueStart + /^\S*/.exec(text.slice(valueStart))![0].length;
    return { ...common, end, value: { start: valueStart, end }, quoted: false };
  }
  const close = text.indexOf('"', valueStart + 1);
  if (close === -1) {
    throw new QueryError('expected a closing quotation mark for this one', text, {
      start: valueStart,
      end: valueStart + 1,
    });
  }
  const end = close + 1;
  if (/^\S/.test(text.slice(end, end + 1))) {
    throw new QueryError('expected a space after the closing quotation mark', text, {
      start: end,
      end: end + 1,
    });
  }
  return { ...common, end, value: { start: valueStart + 1, end: close }, quoted: true };
}

function term(raw: RawTerm, text: string, context: QueryContext): Query {
  const found = positive(raw, text, context);
  return raw.negated ? { kind: 'not', of: found } : found;
}

function positive(raw: RawTerm, text: string, context: QueryContext): QueryTerm {
  const value = text.slice(raw.value.start, raw.value.end);
  if (raw.name === null) return phrase(null, value, text, raw);
  const name = text.slice(raw.name.start, raw.name.end).toLowerCase();
  if (!isFieldName(name)) return notAField(name, raw, text);
  if (value.trim() === '') {
    const after = raw.quoted ? { start: raw.value.start - 1, end: raw.end } : raw.value;
    throw new QueryError(`expected ${FIELD_NAMES[name]} after ${name}:`, text, after);
  }
  const fail = (reason: string): never => {
    throw new QueryError(reason, text, raw.value);
  };
  const parsed = parseField(name, value, context, fail);
  return parsed.kind === 'text' ? phrase(parsed.field, value, text, raw.value) : parsed;
}

/** `Re:` is a word; `form:bob` is not what was meant. */
function notAField(name: string, raw: RawTerm, text: string): QueryTerm {
  const known = Object.keys(FIELD_NAMES);
  const closest = closestWord(name, known);
  if (closest === null && raw.value.start === raw.value.end && !raw.quoted) {
    return phrase(null, name, text, raw);
  }
  const span = { start: raw.name!.start, end: raw.name!.end + 1 };
  const expected = closest
    ? `did you mean "${closest}:"?`
    : `expected one of ${known.map((field) => `${field}:`).join(' ')}`;
  throw new QueryError(`there is no field "${name}:"; ${expected}`, text, span, {
    hint: 'to find these very words, put them in quotation marks inside the query',
  });
}

function phrase(field: TextField | null, value: string, text: string, span: QuerySpan): PhraseTerm {
  const tokens = searchTokens(value);
  if (tokens.length === 0) {
    throw new QueryError('there is nothing here to search for: expected a letter or a digit', text, span);
  }
  return { kind: 'phrase', field, tokens };
}

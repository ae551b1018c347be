/**
 * What is wrong with a configuration, as plain data, and how a schema issue becomes a sentence. The
 * file's values appear in sentences, except where a secret may stand: a value under a key that has to do
 * with one is never quoted, whatever is wrong with it.
 */
import type { z } from 'zod';
import { didYouMean } from './did-you-mean.js';

export type ConfigPath = readonly (string | number)[];

export interface Mistake {
  readonly path: ConfigPath;
  /** Where the finger points: the key, its value, or (for what is missing) the mapping it belongs in. */
  readonly place: 'key' | 'value' | 'parent';
  /** The last part of the path must not be shown: it may be a secret in the wrong place. */
  readonly unnamed?: true;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

const LONGEST_QUOTE = 60;

/** The mistakes behind a schema's issues; `value` is what the schema was given. */
export function mistakesOf(issues: readonly Issue[], value: unknown): Mistake[] {
  return issues.flatMap((issue) => {
    const path = issue.path as ConfigPath;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...path, key], issue.message.split(' '), value));
    }
    return [wrongValue(closestBranch(issue), value)];
  });
}

const PLAIN_KEY = /^[A-Za-z0-9_-]{1,60}$/;

/** `accounts[0].port` */
export function showPath(path: ConfigPath): string {
  let shown = '';
  for (const part of path) {
    if (typeof part === 'number') shown += `[${part}]`;
    else if (!PLAIN_KEY.test(part)) shown += `[${showOddKey(part)}]`;
    else shown += shown === '' ? part : `.${part}`;
  }
  return shown;
}

/** In `{password:xyz}`, for want of a space, the secret is part of the key. */
function showOddKey(key: string): string {
  return `"${/^[A-Za-z0-9_-]{0,60}/.exec(key)?.[0]}..."`;
}

function unknownKey(path: ConfigPath, known: readonly string[], root: unknown): Mistake {
  const key = String(path.at(-1));
  const guess = PLAIN_KEY.test(key) ? didYouMean(key, known) : null;
  const space = known.some((name) => key.startsWith(`${name}:`));
  const advice = space ? '; a space is missing after the colon' : '';
  const message = `unknown key${guess === null ? advice : `; did you mean "${guess}"?`}`;
  // In `{password, xyz}`, for want of a colon, the secret is a key without a value.
  const bare = valueAt(root, path) === null && !space;
  return bare ? { path, place: 'key', unnamed: true, message } : { path, place: 'key', message };
}

/**
 * A union fails as a whole. The issue that helps is the one of the alternative that was meant: where the
 * value went deepest, or was of the right type but of the wrong content.
 */
function closestBranch(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flat()
    .find((candidate) => candidate.path.length > 0 || candidate.code !== 'invalid_type');
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}

function wrongValue(issue: Issue, root: unknown): Mistake {
  const path = issue.path as ConfigPath;
  const value = valueAt(root, path);
  const expected = `expected ${issue.message}`;
  if (value === undefined) return { path, place: 'parent', message: `missing value; ${expected}` };
  if (path.length === 0 && value === null) {
    return { path, place: 'value', message: 'the file is empty; expected accounts, at the least' };
  }
  return { path, place: 'value', message: `${expected}${butGot(issue, path, value)}` };
}

function butGot(issue: Issue, path: ConfigPath, value: unknown): string {
  if (mayHoldSecret(path)) {
    const wrongType = issue.code === 'invalid_type' || issue.code === 'invalid_union';
    return wrongType ? ', got a value of the wrong type' : '';
  }
  const got = `, got ${describe(value)}`;
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const guess = didYouMean(value, issue.values.map(String));
    return guess === null ? got : `${got}; did you mean "${guess}"?`;
  }
  const quotable = typeof value === 'number' || typeof value === 'boolean';
  return issue.code === 'invalid_type' && issue.expected === 'string' && quotable
    ? `${got}; put it in quotes`
    : got;
}

function mayHoldSecret(path: ConfigPath): boolean {
  return path.some((part) => typeof part === 'string' && /pass|secret|token|^proxy$|^url$/i.test(part));
}

function describe(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return 'a mapping';
}

function quote(text: string): string {
  // "user:password@host" may stand where a host is wanted.
  const characters = [...text.replace(/^(\w+:\/\/)?([^:]*):.*@/s, '$1$2:[secret]@')];
  const shown = characters.slice(0, LONGEST_QUOTE).join('');
  // JSON leaves C1 controls and direction marks alone, and a terminal obeys them.
  const escaped = JSON.stringify(shown).replace(
    /[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (odd) => {
      return `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`;
    },
  );
  return characters.length > LONGEST_QUOTE ? `${escaped.slice(0, -1)}..."` : escaped;
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

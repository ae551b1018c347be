/**
 * A query as SQL over placements p, their messages g and what search knows of them, s. It says of each
 * placement what core/query/query-match.ts says; a test holds the two against each other. Nothing of a query
 * becomes SQL: words become FTS5 strings of letters and digits, everything else is a parameter.
 */

import { MAX_AHEAD } from '../core/message/message-date.js';
import type { PhraseTerm, Query } from '../core/query/query.js';
import type { MessageState } from '../core/query/query-fields.js';
import { mailboxMatcher } from '../core/query/query-match.js';

export interface Condition {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

export interface QueryWorld {
  readonly mailboxes: readonly { readonly id: number; readonly path: string }[];
}

/** What messageDate of core/message/message-date.ts gives. */
export const DATE = `iif(s.date IS NULL OR s.date > p.received_at * 1000 + ${MAX_AHEAD}, p.received_at * 1000, s.date)`;

export function conditionOf(query: Query, world: QueryWorld): Condition {
  const words = wordsOf(query);
  if (words !== null) return holdsWords(words);
  switch (query.kind) {
    case 'and':
      return joined(conjuncts(query.of, world), ' AND ', '1');
    case 'or':
      return joined(
        query.of.map((part) => conditionOf(part, world)),
        ' OR ',
        '0',
      );
    case 'not': {
      const { sql, parameters } = conditionOf(query.of, world);
      return { sql: `NOT (${sql})`, parameters };
    }
    case 'phrase':
      return holdsWords(phraseWords(query));
    case 'in': {
      const isMeant = mailboxMatcher(query.mailbox);
      const ids = world.mailboxes.filter(({ path }) => isMeant(path)).map(({ id }) => id);
      return { sql: 'p.mailbox IN (SELECT value FROM json_each(?))', parameters: [JSON.stringify(ids)] };
    }
    case 'after':
      return { sql: `${DATE} >= ?`, parameters: [query.time] };
    case 'before':
      return { sql: `${DATE} < ?`, parameters: [query.time] };
    case 'larger':
      return { sql: 'g.size > ?', parameters: [query.size] };
    case 'smaller':
      return { sql: 'g.size < ?', parameters: [query.size] };
    case 'has-attachment':
      return { sql: 's.attached = 1', parameters: [] };
    case 'is':
      return { sql: STATES[query.state], parameters: [] };
    case 'id':
      return { sql: 's.message_id IS ?', parameters: [query.messageId] };
  }
}

/** The words that a query wants to find, as one FTS5 expression to rank by; null if it wants none. */
export function rankingWords(query: Query): string | null {
  const wanted: string[] = [];
  const gather = (part: Query): void => {
    if (part.kind === 'phrase') wanted.push(phraseWords(part));
    else if (part.kind === 'and' || part.kind === 'or') part.of.forEach(gather);
  };
  gather(query);
  return wanted.length === 0 ? null : wanted.join(' OR ');
}

const STATES: Readonly<Record<MessageState, string>> = {
  removed: `p.tree = 'removed'`,
  seen: hasFlag('\\seen'),
  unseen: `NOT (${hasFlag('\\seen')})`,
  flagged: hasFlag('\\flagged'),
};

function hasFlag(flag: string): string {
  return `p.flag_set IN (SELECT id FROM archive.flag_set WHERE instr(' ' || lower(flags) || ' ', ' ${flag} ') > 0)`;
}

const COLUMNS = { from: 'sender', to: 'recipients', cc: 'copies', subject: 'subject', filename: 'names' };

/** As an FTS5 expression. */
export function phraseWords({ field, tokens }: PhraseTerm): string {
  const text = `"${tokens.join(' ').replaceAll('"', '""')}"`;
  return field === null ? text : `{${COLUMNS[field]}} : ${text}`;
}

/** An FTS5 expression for a query about words alone; null for any other, and for one that only says what not. */
function wordsOf(query: Query): string | null {
  if (query.kind === 'phrase') return phraseWords(query);
  if (query.kind === 'or') {
    const parts = query.of.map(wordsOf);
    return parts.includes(null) ? null : parts.map((part) => `(${part})`).join(' OR ');
  }
  if (query.kind !== 'and') return null;
  const wanted = query.of.filter((part) => part.kind !== 'not').map(wordsOf);
  const unwanted = query.of.flatMap((part) => (part.kind === 'not' ? [wordsOf(part.of)] : []));
  if (wanted.length === 0 || wanted.includes(null) || unwanted.includes(null)) return null;
  const all = wanted.map((part) => `(${part})`).join(' AND ');
  return unwanted.length === 0 ? all : `(${all}) NOT (${unwanted.map((part) => `(${part})`).join(' OR ')})`;
}

/** All that is about words goes to FTS5 as one expression: it is much quicker at it than SQL. */
function conjuncts(parts: readonly Query[], world: QueryWorld): Condition[] {
  const isWords = (part: Query) => wordsOf(part.kind === 'not' ? part.of : part) !== null;
  const words = wordsOf({ kind: 'and', of: parts.filter(isWords) });
  if (words === null) return parts.map((part) => conditionOf(part, world));
  const rest = parts.filter((part) => !isWords(part)).map((part) => conditionOf(part, world));
  return [holdsWords(words), ...rest];
}

function holdsWords(words: string): Condition {
  return { sql: 'p.message IN (SELECT rowid FROM words WHERE words MATCH ?)', parameters: [words] };
}

function joined(parts: readonly Condition[], between: string, none: string): Condition {
  if (parts.length === 0) return { sql: none, parameters: [] };
  return {
    sql: parts.map(({ sql }) => `(${sql})`).join(between),
    parameters: parts.flatMap(({ parameters }) => parameters),
  };
}

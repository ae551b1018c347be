/**
 * Whether a message answers a query, from facts that somebody has read or indexed; and how much of a message
 * has to be known. The same answers as a full-text index fed by search-text.ts gives.
 */
import { compileGlob } from '../mailbox/mailbox-glob.js';
import type { MessageFacts } from '../message/message-facts.js';
import { type PhraseTerm, type Query, type QueryTerm, termsOf } from './query.js';
import { bareMessageId, type MessageState } from './query-fields.js';
import { holdsPhrase, searchTokens } from './search-text.js';

export function matches(query: Query, facts: MessageFacts): boolean {
  const tokens = new Tokens();
  return matchesPlace(query, facts, ({ field, tokens: wanted }) =>
    textsOf(field, facts).some((text) => holdsPhrase(tokens.of(text), wanted)),
  );
}

/** All but the texts. */
export type PlaceFacts = Pick<
  MessageFacts,
  'date' | 'size' | 'flags' | 'mailboxes' | 'removed' | 'hasAttachment' | 'messageId'
>;

/** Where something else knows the texts; `holds` is given terms of this very query. */
export function matchesPlace(query: Query, facts: PlaceFacts, holds: (term: PhraseTerm) => boolean): boolean {
  switch (query.kind) {
    case 'and':
      return query.of.every((part) => matchesPlace(part, facts, holds));
    case 'or':
      return query.of.some((part) => matchesPlace(part, facts, holds));
    case 'not':
      return !matchesPlace(query.of, facts, holds);
    case 'phrase':
      return holds(query);
    case 'in': {
      const isMeant = mailboxMatcher(query.mailbox);
      return facts.mailboxes.some(({ path }) => isMeant(path));
    }
    case 'after':
      return facts.date >= query.time;
    case 'before':
      return facts.date < query.time;
    case 'larger':
      return facts.size > query.size;
    case 'smaller':
      return facts.size < query.size;
    case 'has-attachment':
      return facts.hasAttachment;
    case 'is':
      return isInState(query.state, facts);
    case 'id':
      return facts.messageId !== null && bareMessageId(facts.messageId) === query.messageId;
  }
}

/** 'index': what the index knows is enough; 'headers': the header block is; 'text': all of the message. */
export type ContentNeed = 'index' | 'headers' | 'text';

export function needsContent(query: Query): ContentNeed {
  const needs = new Set(termsOf(query).map(needOf));
  return needs.has('text') ? 'text' : needs.has('headers') ? 'headers' : 'index';
}

function needOf(term: QueryTerm): ContentNeed {
  switch (term.kind) {
    case 'phrase':
      return term.field === null || term.field === 'filename' ? 'text' : 'headers';
    case 'has-attachment':
      return 'text';
    case 'after':
    case 'before':
      return 'headers';
    default:
      return 'index';
  }
}

function isInState(state: MessageState, { flags, removed }: PlaceFacts): boolean {
  if (state === 'removed') return removed;
  const has = (flag: string) => flags.some((each) => each.toLowerCase() === flag);
  return state === 'flagged' ? has('\\flagged') : has('\\seen') === (state === 'seen');
}

/** Tells of a mailbox's path whether `in:` means it. */
export function mailboxMatcher(glob: string): (path: string) => boolean {
  const matches = compileGlob(withoutCase(glob));
  return (path) => matches(withoutCase(path));
}

function withoutCase(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** The texts that a phrase may stand in; null: all of them. */
function textsOf(field: PhraseTerm['field'], facts: MessageFacts): readonly string[] {
  if (field === 'filename') return facts.attachmentNames;
  if (field !== null) return [facts[field]];
  return [facts.subject, facts.from, facts.to, facts.cc, facts.text, ...facts.attachmentNames];
}

/** The tokens of each text of one message, made when first asked for. */
class Tokens {
  readonly #made = new Map<string, readonly string[]>();

  of(text: string): readonly string[] {
    const made = this.#made.get(text) ?? searchTokens(text);
    this.#made.set(text, made);
    return made;
  }
}

// A cursor over the arguments of one command. Reads exactly the grammar of RFC 9051 9 and throws BAD on
// anything else, so that a client's sloppiness shows up in a test rather than at a strict server.

import { bad } from './command-error.js';
import type { CommandPart } from './command-reader.js';
import { parseSequenceSet, type SequenceSet } from './sequence-set.js';

export class CommandArguments {
  readonly #parts: readonly CommandPart[];
  #part = 0;
  #at = 0;

  constructor(parts: readonly CommandPart[]) {
    this.#parts = parts;
  }

  /** The next character; '{' for a literal, '' at the end. */
  get next(): string {
    const part = this.#parts[this.#part];
    if (typeof part !== 'string') return part === undefined ? '' : '{';
    if (this.#at < part.length) return part[this.#at]!;
    return this.#part + 1 < this.#parts.length ? '{' : '';
  }

  space(): void {
    this.expect(' ');
  }

  end(): void {
    if (this.next !== '') throw bad('Unexpected argument');
  }

  expect(character: string): void {
    if (!this.accept(character)) throw bad(`Expected ${character === ' ' ? 'a space' : character}`);
  }

  accept(character: string): boolean {
    if (this.next !== character) return false;
    this.#at++;
    return true;
  }

  /** Passes over text matching a sticky pattern, if it is what comes next. */
  skip(pattern: RegExp): boolean {
    const part = this.#parts[this.#part];
    pattern.lastIndex = this.#at;
    const found = typeof part === 'string' ? pattern.exec(part)?.[0] : undefined;
    this.#at += found?.length ?? 0;
    return found !== undefined;
  }

  /** Text matching a sticky pattern, e.g. `/\d+/y`. */
  match(pattern: RegExp, what: string): string {
    const part = this.#parts[this.#part];
    pattern.lastIndex = this.#at;
    const found = typeof part === 'string' ? pattern.exec(part)?.[0] : undefined;
    if (found === undefined || found === '') throw bad(`Expected ${what}`);
    this.#at += found.length;
    return found;
  }

  atom(): string {
    return this.match(/[^\s(){%*"\\\]\x00-\x1f\x7f-\xff]+/y, 'an atom');
  }

  /** An upper-case word such as a search key or a status item. */
  keyword(): string {
    return this.atom().toUpperCase();
  }

  flag(): string {
    return this.match(/\\?[^\s(){%*"\\\]\x00-\x1f\x7f-\xff]+/y, 'a flag');
  }

  number(): number {
    return Number(this.match(/\d{1,10}/y, 'a number'));
  }

  modseq(): bigint {
    return BigInt(this.match(/\d{1,19}/y, 'a mod-sequence'));
  }

  sequenceSet(): SequenceSet {
    return parseSequenceSet(this.match(/[\d:*,]+/y, 'a messageset'));
  }

  /** A quoted string or a literal, as bytes. */
  string(): Buffer {
    if (this.next === '{') return this.literal();
    const quoted = this.match(/"(?:[^"\\\r\n\x00]|\\["\\])*"/y, 'a string');
    return Buffer.from(quoted.slice(1, -1).replace(/\\(["\\])/g, '$1'), 'latin1');
  }

  literal(): Buffer {
    const part = this.#parts[this.#part];
    if (typeof part === 'string' && this.#at === part.length) this.#part++;
    const literal = this.#parts[this.#part];
    if (!Buffer.isBuffer(literal)) throw bad('Expected a literal');
    this.#part++;
    this.#at = 0;
    return literal;
  }

  /** An atom (which may hold `]`), a quoted string or a literal, as latin1 text. */
  astring(): string {
    if (this.next === '"' || this.next === '{') return this.string().toString('latin1');
    return this.match(/[^\s(){%*"\\\x00-\x1f\x7f-\xff]+/y, 'a string');
  }

  /** A mailbox pattern of LIST: as an astring, and wildcards may stand bare. */
  pattern(): string {
    if (this.next === '"' || this.next === '{') return this.string().toString('latin1');
    return this.match(/[^\s(){"\\\x00-\x1f\x7f-\xff]+/y, 'a mailbox pattern');
  }

  /** `(item item ...)`, possibly empty. */
  list<Item>(item: () => Item): Item[] {
    const items: Item[] = [];
    this.expect('(');
    while (!this.accept(')')) {
      if (items.length > 0) this.space();
      items.push(item());
    }
    return items;
  }

  /** One item, or a parenthesised list of them. */
  oneOrList<Item>(item: () => Item): Item[] {
    return this.next === '(' ? this.list(item) : [item()];
  }
}

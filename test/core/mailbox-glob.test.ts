import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob, compileRules, selects, why } from '../../src/core/mailbox/mailbox-glob.js';

const matches = (path: string, pattern: string) => compileGlob(pattern)(path);

describe('a mailbox glob', () => {
  test.each([
    // The single star is everything.
    ['*', 'INBOX', true],
    ['*', 'a/b/c', true],
    ['**', 'a/b/c', true],
    // Without a wildcard: exactly that mailbox.
    ['Spam', 'Spam', true],
    ['Spam', 'Spam/2020', false],
    ['Spam', 'spam', false],
    ['Spam', 'Spam2', false],
    // One star stays within a component.
    ['Work/*', 'Work/a', true],
    ['Work/*', 'Work/a/b', false],
    ['Work/*', 'Work', false],
    ['*/2024', 'Work/2024', true],
    ['*/2024', 'a/Work/2024', false],
    ['Work*', 'Workshop', true],
    ['Work*', 'Work', true],
    ['Work*', 'Work/a', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    // Two cross components: below, but not the mailbox itself.
    ['Trash/**', 'Trash/a', true],
    ['Trash/**', 'Trash/a/b', true],
    ['Trash/**', 'Trash', false],
    ['Trash/**', 'Trashed/a', false],
    ['Trash**', 'Trash', true],
    ['Trash**', 'Trash/a/b', true],
    ['Trash***', 'Trash/a/b', true],
    // A component of two stars stands for any number of components.
    ['**/Drafts', 'Drafts', true],
    ['**/Drafts', 'a/b/Drafts', true],
    ['**/Drafts', 'a/MyDrafts', false],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'a/bz', false],
    ['a/**/z', 'az', false],
    ['x**/z', 'xy/a/z', true],
    ['x**/z', 'xz', false],
    // One character, never the separator.
    ['?', 'a', true],
    ['?', '件', true],
    ['?', '😀', true],
    ['?', '', false],
    ['a?b', 'a/b', false],
    ['20??', '2024', true],
    // Nothing else is special.
    ['[ab]', '[ab]', true],
    ['[ab]', 'a', false],
    ['{a,b}', 'a', false],
    ['100%', '100%', true],
    ['100%', '1000', false],
    ['a\\*', 'a\\x', true],
    ['a\\*', 'a*', false],
    ['a.b', 'axb', false],
    ['!a', 'a', false],
    ['[Gmail]/*', '[Gmail]/All Mail', true],
    // A name that holds a glob character.
    ['50*', '50*', true],
    ['what?', 'what?', true],
    // Names in other scripts, composed or not.
    ['日本語/*', '日本語/受信', true],
    ['日*', '日本語', true],
    ['日本語', '日本', false],
    ['Entw\u00fcrfe', 'Entwu\u0308rfe', true],
    ['Entwu\u0308rfe', 'Entw\u00fcrfe', true],
    // INBOX in any case, and only as the first component.
    ['INBOX', 'inbox', true],
    ['Inbox', 'INBOX', true],
    ['inbox/*', 'INBOX/a', true],
    ['inboxes', 'INBOXes', false],
    ['a/INBOX', 'a/inbox', false],
    ['INBOX', 'INBOX/a', false],
  ])('%j over %j is %j', (pattern, path, expected) => {
    expect(matches(path, pattern)).toBe(expected);
  });

  test('agrees with a naive matcher on every pattern and path', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '/', '日', '%', '*', '😀'), { maxLength: 8 });
    const pattern = fc.array(fc.constantFrom('a', 'b', '/', '*', '**', '?', '日', '**/', '/**/'), {
      maxLength: 7,
    });
    fc.assert(
      fc.property(path, pattern, (pathParts, patternParts) => {
        const text = pathParts.join('');
        const glob = patternParts.join('');
        expect(matches(text, glob)).toBe(glob === '*' || naive([...text], [...glob], true));
      }),
      { numRuns: 20_000 },
    );
  });

  test('a pattern made to backtrack costs no more than its length times the path', () => {
    const started = performance.now();
    expect(matches('a'.repeat(2000), `${'*a'.repeat(100)}b`)).toBe(false);
    expect(matches('a/'.repeat(1000), `${'**/'.repeat(100)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('the rules of an account', () => {
  const rules = { include: ['*'], exclude: ['Spam', 'Trash/**'] };

  test('take what is included and not excluded', () => {
    const mailboxes = ['INBOX', 'Spam', 'Spam/a', 'Trash', 'Trash/a'];
    expect(mailboxes.filter((path) => selects(path, rules))).toEqual(['INBOX', 'Spam/a', 'Trash']);
  });

  test('say which pattern decided', () => {
    expect(why('INBOX', rules)).toEqual({ selected: true, pattern: '*', reason: 'included' });
    expect(why('Trash/a', rules)).toEqual({ selected: false, pattern: 'Trash/**', reason: 'excluded' });
    expect(why('b', { include: ['a', 'c'], exclude: ['b'] })).toEqual({
      selected: false,
      pattern: null,
      reason: 'not included',
    });
    expect(why('ab', { include: ['x', 'a*', '*b'], exclude: [] }).pattern).toBe('a*');
  });

  test('give the same verdict compiled for many paths', () => {
    const verdict = compileRules(rules);
    for (const path of ['INBOX', 'Spam', 'Trash', 'Trash/a']) expect(verdict(path)).toEqual(why(path, rules));
  });

  test('take nothing when nothing is included', () => {
    expect(selects('INBOX', { include: [], exclude: [] })).toBe(false);
  });
});

/** By definition, with all its backtracking; `start` tells whether a component begins here. */
function naive(path: readonly string[], glob: readonly string[], start: boolean): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return path.length === 0;
  if (first !== '*') {
    const [character, ...further] = path;
    if (character === undefined) return false;
    const fits = first === '?' ? character !== '/' : character === first;
    return fits && naive(further, rest, first === '/');
  }
  let stars = 0;
  while (glob[stars] === '*') stars++;
  const after = glob.slice(stars);
  if (stars > 1 && start && after[0] === '/') {
    return componentEnds(path).some((end) => naive(path.slice(end), after.slice(1), true));
  }
  for (let taken = 0; taken <= path.length; taken++) {
    if (stars === 1 && path.slice(0, taken).includes('/')) return false;
    if (naive(path.slice(taken), after, false)) return true;
  }
  return false;
}

/** Where whole, non-empty components end, and 0. */
function componentEnds(path: readonly string[]): number[] {
  const ends = [0];
  for (const [index, character] of path.entries()) {
    if (character !== '/') continue;
    if (index === ends.at(-1)) break;
    ends.push(index + 1);
  }
  return ends;
}

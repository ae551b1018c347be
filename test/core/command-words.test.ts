import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitCommand } from '../../src/core/text/command-words.js';

describe('a command line', () => {
  test.each([
    ['pass show mail/me@example.org', ['pass', 'show', 'mail/me@example.org']],
    ['  pass\tshow   x \n', ['pass', 'show', 'x']],
    [`gpg -d 'my file'"'s"`, ['gpg', '-d', "my file's"]],
    [`echo "a b" '$HOME' "it\\"s" "\\\\" "\\n"`, ['echo', 'a b', '$HOME', 'it"s', '\\', '\\n']],
    [`echo a\\ b \\$x \\'`, ['echo', 'a b', '$x', "'"]],
    [`echo '' ""`, ['echo', '', '']],
    ['echo a=b --x=~/y a#b', ['echo', 'a=b', '--x=~/y', 'a#b']],
    ['echo a\\\nb', ['echo', 'ab']],
    [`echo "a\\\nb"`, ['echo', 'ab']],
    [`echo 'a|b;c&d'`, ['echo', 'a|b;c&d']],
  ])('%j is split like a shell does', (line, words) => {
    expect(splitCommand(line)).toEqual({ ok: true, words });
  });

  test.each([
    ['pass x | head', 'uses |, which only a shell understands'],
    ['a && b', 'uses &, which only a shell understands'],
    ['a; b', 'uses ;, which only a shell understands'],
    ['a > b', 'uses >, which only a shell understands'],
    ['a < b', 'uses <, which only a shell understands'],
    ['cat $HOME/x', 'uses $, which only a shell understands'],
    ['cat "$HOME/x"', 'uses $, which only a shell understands'],
    ['cat `x`', 'uses `, which only a shell understands'],
    ['cat "`x`"', 'uses `, which only a shell understands'],
    ['(a)', 'uses (, which only a shell understands'],
    ['cat ~/x', 'uses ~, which only a shell understands'],
    ['cat *.gpg', 'uses *, which only a shell understands'],
    ['cat ?', 'uses ?, which only a shell understands'],
    ['cat [a]', 'uses [, which only a shell understands'],
    ['a\nb', 'uses a line break, which only a shell understands'],
    ['a # b', 'uses #, which only a shell understands'],
    ['A=1 b', 'begins with a variable, which only a shell sets'],
    ["a 'b", "has a ' without its partner"],
    ['a "b', 'has a " without its partner'],
    ['a "b\\"', 'has a " without its partner'],
    ['a \\', 'ends with a backslash'],
    ['a\0b', 'holds a NUL character'],
    ["a 'b\0'", 'holds a NUL character'],
    ['a "b\0"', 'holds a NUL character'],
    ['', 'is empty'],
    ['  ', 'is empty'],
    ["'' a", 'is empty'],
  ])('%j is refused', (line, problem) => {
    expect(splitCommand(line)).toEqual({ ok: false, problem });
  });

  test('what is accepted means the same to a real shell', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      ' ',
      "'",
      '"',
      '\\',
      '$',
      '|',
      '*',
      '~',
      '#',
      '=',
      '\t',
      '\n',
      'é',
      '-',
      '!',
      '%',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const line = pieces.join('');
        const split = splitCommand(`printf %s\\\\0 ${line}`);
        fc.pre(split.ok);
        const shown = execFileSync('/bin/sh', ['-c', `printf %s\\\\0 ${line}`], { encoding: 'utf8' });
        const words = split.ok ? split.words.slice(2) : [];
        expect(shown).toBe(words.length === 0 ? '\0' : words.map((word) => `${word}\0`).join(''));
      }),
      { numRuns: 300 },
    );
  });
});

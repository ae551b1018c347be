import { describe, expect, test } from 'vitest';
import { mistakesIn } from './parse.js';

const SECRET = 'geheim-9f3';
const FINE = 'accounts:\n  - { name: a, host: h, user: me, password_env: PW }\n';

describe('a text that is not the YAML it was meant to be', () => {
  test.each([
    ['an unclosed bracket', 'accounts: [1\n', ['2:1: wrong indentation, or a bracket without its partner']],
    ['an unclosed quote', `x: "${SECRET}\n`, ['2:1: a quote, comma, colon or bracket is missing here']],
    ['a tab', 'log:\n\tlevel: info\n', ['2:1: a tab in the indentation; YAML takes only spaces']],
    [
      'a colon and a space in a password',
      `password: ${SECRET}: x\n`,
      ['1:11: unexpected ": " in a value; put the value in quotes, or mend the indentation'],
    ],
    [
      'a password that begins with @',
      `password: @${SECRET}\n`,
      ['1:11: a value cannot begin with this character; put it in quotes'],
    ],
    [
      'a password that begins with %',
      `password: %${SECRET}\n`,
      ['1:11: a value cannot begin with this character; put it in quotes'],
    ],
    [
      'a password that begins with *',
      `password: *${SECRET}\n`,
      ['1:11: a value that begins with * is an alias; put it in quotes'],
    ],
    [
      'a backslash in double quotes',
      `x: "\\${SECRET}"\n`,
      ['1:5: unknown escape in a text in double quotes; use single quotes, or \\\\ for a backslash'],
    ],
    [
      'a second document',
      `${FINE}---\nx: 1\n`,
      ['3:1: a second document begins here; a file holds one configuration'],
    ],
    ['a list for a key', '[a]: 1\n', ['1:1: a key must be plain text']],
    [
      'wrong indentation',
      'log:\n    level: info\n  format: json\n',
      ['3:1: wrong indentation, or a bracket without its partner'],
    ],
  ])('%s', (_what, text, mistakes) => {
    const found = mistakesIn(text);
    expect(found).toEqual(mistakes);
    expect(found.join('\n')).not.toContain(SECRET);
  });

  test('a key twice is named where it stands the second time, beside the other mistakes', () => {
    expect(mistakesIn(`concurrency: 0\nschedule: "off"\nschedule: x\n${FINE}`)).toEqual([
      '1:14: concurrency: expected a whole number from 1 to 256, got 0',
      '3:1: "schedule" a second time in the same mapping',
      '3:11: schedule: expected a cron expression of five or six fields such as "*/15 * * * *", or "off", got "x"',
    ]);
  });

  test('a password that begins with ! is no tag in silence', () => {
    const text = `accounts:\n  - name: a\n    host: h\n    user: me\n    password: !${SECRET} x\n`;
    expect(mistakesIn(text)).toEqual(['5:15: a value that begins with ! is a tag; put it in quotes']);
  });

  test('a tag of YAML itself other than text is none of ours', () => {
    const text = `accounts:\n  - { name: !!str 1, host: h, user: me, password: !!binary ${SECRET} }\n`;
    expect(mistakesIn(text)).toEqual(['2:51: a value that begins with ! is a tag; put it in quotes']);
  });

  test('a password that begins with & is no anchor in silence', () => {
    const text = `accounts:\n  - name: a\n    host: h\n    user: me\n    password: &${SECRET}\n`;
    expect(mistakesIn(text)).toEqual([
      '5:5: accounts[0].password: expected text in quotes, got a value of the wrong type',
    ]);
  });

  test.each(['', '# nothing here\n', '\n\n', '...\n'])('the empty text %j', (text) => {
    expect(mistakesIn(text)).toEqual(['1:1: the file is empty; expected accounts, at the least']);
  });

  test('a list, and plain text', () => {
    expect(mistakesIn('# a list\n- a\n')).toEqual(['2:1: expected a mapping, got a list']);
    expect(mistakesIn('accounts')).toEqual(['1:1: expected a mapping, got "accounts"']);
  });

  test('aliases that multiply are refused before they are multiplied', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level++) {
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    expect(mistakesIn(lines.join('\n'))).toEqual(['1:1: too many aliases']);
  });

  test('an alias to what holds it ends', () => {
    expect(mistakesIn('accounts: &a [*a]\n')).toEqual(['1:15: accounts[0]: expected a mapping, got a list']);
  });

  test.each([
    ['brackets', '['.repeat(50_000), '1:33'],
    ['braces', '{a: '.repeat(50_000), '1:126'],
    ['dashes', '- '.repeat(50_000), '1:65'],
    ['indentation', Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:\n`).join(''), '32:32'],
  ])('nesting without end by %s is refused before it can exhaust the stack', (_by, text, place) => {
    expect(mistakesIn(text)).toEqual([`${place}: nested too deeply`]);
  });

  test('a byte order mark and Windows line ends do no harm', () => {
    expect(mistakesIn(`\ufeff${FINE.replaceAll('\n', '\r\n')}`)).toEqual([]);
    expect(mistakesIn(`\ufeffx: 1\r\ny: 2\r\n${FINE}`)).toEqual([
      '1:1: x: unknown key',
      '2:1: y: unknown key',
    ]);
  });

  test('an anchor shared by accounts is welcome', () => {
    expect(
      mistakesIn(
        `${FINE}  - { name: b, host: h, user: u, password_env: P, guard: &g { min_messages: 5 } }\n  - { name: c, host: h, user: u, password_env: P, guard: *g }\n`,
      ),
    ).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseQuery, type Query } from '../../src/core/query/query.js';
import { QueryError } from '../../src/core/query/query-error.js';

/** 2026-03-31 14:00 in a zone two hours east of UTC. */
const NOW = Date.UTC(2026, 2, 31, 12);
const ZONE = 2 * 3_600_000;
const context = {
  now: NOW,
  startOfLocalDay: (year: number, month: number, day: number) => Date.UTC(year, month - 1, day) - ZONE,
};
const parse = (...args: string[]) => parseQuery(args, context);

const any = (...tokens: string[]): Query => ({ kind: 'phrase', field: null, tokens });
const inField = (field: 'from' | 'to' | 'cc' | 'subject' | 'filename', ...tokens: string[]): Query => ({
  kind: 'phrase',
  field,
  tokens,
});
const all = (...of: Query[]): Query => ({ kind: 'and', of });
const either = (...of: Query[]): Query => ({ kind: 'or', of });
const not = (of: Query): Query => ({ kind: 'not', of });
const day = (text: string) => Date.parse(`${text}T00:00:00Z`) - ZONE;

describe('parseQuery', () => {
  test.each<[string, Query]>([
    // Words and phrases.
    ['', all()],
    ['   \t\n ', all()],
    ['invoice', any('invoice')],
    ['  invoice  ', any('invoice')],
    ['Invoice MARCH', all(any('invoice'), any('march'))],
    ['invoice\tmarch', all(any('invoice'), any('march'))],
    ['"the invoice"', any('the', 'invoice')],
    ['"the invoice" march', all(any('the', 'invoice'), any('march'))],
    ['e-mail', any('e', 'mail')],
    ["don't", any('don', 't')],
    ['Café', any('cafe')],
    ['Straße', any('strasse')],
    ['日本語', any('日', '本', '語')],
    ['한국', any('한', '국')],
    ['ｆｕｌｌ', any('full')],
    // Ordinary characters.
    ['(invoice', any('invoice')],
    ['(a OR b)', either(any('a'), any('b'))],
    ['5"', any('5')],
    ['19"-screen', any('19', 'screen')],
    ['or', any('or')],
    ['"OR"', any('or')],
    ['ORDER', any('order')],
    ['a AND b', all(any('a'), any('and'), any('b'))],
    // Not.
    ['-spam', not(any('spam'))],
    ['-"two words"', not(any('two', 'words'))],
    ['-from:bob', not(inField('from', 'bob'))],
    ['-is:seen', not({ kind: 'is', state: 'seen' })],
    ['-OR', not(any('or'))],
    ['a -b', all(any('a'), not(any('b')))],
    ['a-b', any('a', 'b')],
    // Or binds looser than words side by side.
    ['a OR b', either(any('a'), any('b'))],
    ['a b OR c d', either(all(any('a'), any('b')), all(any('c'), any('d')))],
    ['a OR b OR -c', either(any('a'), any('b'), not(any('c')))],
    // Words with a colon that are no fields.
    ['http://example.org/a', any('http', 'example', 'org', 'a')],
    ['12:30', any('12', '30')],
    ['Re: invoice', all(any('re'), any('invoice'))],
    ['AW:', any('aw')],
    ['C:\\mail', any('c', 'mail')],
    ['std::vector', any('std', 'vector')],
    ['über:alles', any('uber', 'alles')],
    ['"form:bob"', any('form', 'bob')],
    // Text fields.
    ['from:bob', inField('from', 'bob')],
    ['FROM:Bob', inField('from', 'bob')],
    ['from:nobody@nowhere.invalid', inField('from', 'nobody', 'nowhere', 'invalid')],
    ['from:<bob@example.org>', inField('from', 'bob', 'example', 'org')],
    ['to:"Ann Bee"', inField('to', 'ann', 'bee')],
    ['cc:ann', inField('cc', 'ann')],
    ['subject:"a phrase" b', all(inField('subject', 'a', 'phrase'), any('b'))],
    ['subject:Re:x', inField('subject', 're', 'x')],
    ['filename:invoice.pdf', inField('filename', 'invoice', 'pdf')],
    // Mailboxes.
    ['in:INBOX', { kind: 'in', mailbox: 'INBOX' }],
    ['in:"Sent Items"', { kind: 'in', mailbox: 'Sent Items' }],
    ['in:Work/**', { kind: 'in', mailbox: 'Work/**' }],
    ['in:a"b', { kind: 'in', mailbox: 'a"b' }],
    // Dates.
    ['after:2026-03-01', { kind: 'after', time: day('2026-03-01') }],
    ['before:2026-03-01', { kind: 'before', time: day('2026-03-01') }],
    ['after:2024-02-29', { kind: 'after', time: day('2024-02-29') }],
    ['after:"2026-03-01"', { kind: 'after', time: day('2026-03-01') }],
    ['after:0d', { kind: 'after', time: day('2026-03-31') }],
    ['after:7d', { kind: 'after', time: day('2026-03-24') }],
    ['after:3w', { kind: 'after', time: day('2026-03-10') }],
    ['before:1m', { kind: 'before', time: day('2026-02-28') }],
    ['after:2M', { kind: 'after', time: day('2026-01-31') }],
    ['after:4m', { kind: 'after', time: day('2025-11-30') }],
    ['after:1y', { kind: 'after', time: day('2025-03-31') }],
    // Sizes.
    ['larger:5M', { kind: 'larger', size: 5 * 1024 * 1024 }],
    ['smaller:200k', { kind: 'smaller', size: 200 * 1024 }],
    ['larger:1.5G', { kind: 'larger', size: 1.5 * 1024 ** 3 }],
    ['smaller:100', { kind: 'smaller', size: 100 }],
    ['larger:0', { kind: 'larger', size: 0 }],
    // State.
    ['has:attachment', { kind: 'has-attachment' }],
    ['has:Attachment', { kind: 'has-attachment' }],
    ['is:seen', { kind: 'is', state: 'seen' }],
    ['is:unseen', { kind: 'is', state: 'unseen' }],
    ['is:Flagged', { kind: 'is', state: 'flagged' }],
    ['is:removed', { kind: 'is', state: 'removed' }],
    // Message-IDs are compared bare.
    ['id:<a.b@c>', { kind: 'id', messageId: 'a.b@c' }],
    ['id:a.B@c', { kind: 'id', messageId: 'a.B@c' }],
    ['id:"<a b@c>"', { kind: 'id', messageId: 'a b@c' }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test('takes several arguments for one query', () => {
    expect(parse()).toEqual(all());
    expect(parse('a', 'b c')).toEqual(all(any('a'), any('b'), any('c')));
    expect(parse('a', 'OR', '-b')).toEqual(either(any('a'), not(any('b'))));
    expect(parse('"a', 'phrase"')).toEqual(any('a', 'phrase'));
  });

  test('knows the local day on both sides of UTC midnight', () => {
    const at = (now: number, hours: number) => {
      const zone = hours * 3_600_000;
      const startOfLocalDay = (y: number, m: number, d: number) => Date.UTC(y, m - 1, d) - zone;
      const query = parseQuery(['after:0d'], { now, startOfLocalDay });
      return query.kind === 'after' ? new Date(query.time + zone).toISOString().slice(0, 10) : null;
    };
    expect(at(Date.UTC(2026, 0, 1, 12), 14)).toBe('2026-01-02');
    expect(at(Date.UTC(2026, 0, 1, 0), -12)).toBe('2025-12-31');
    expect(at(Date.UTC(2026, 0, 1, 0), 0)).toBe('2026-01-01');
    expect(at(Date.UTC(2026, 0, 1, 0) - 1, 0)).toBe('2025-12-31');
  });

  test('yields plain data', () => {
    const query = parse('a OR -"b c" in:x after:2026-01-01');
    expect(JSON.parse(JSON.stringify(query))).toEqual(query);
  });
});

describe('a query error', () => {
  test.each<[string, string, string]>([
    ['form:bob x', 'there is no field "form:"; did you mean "from:"?', '^^^^^'],
    ['x -sbuject:a', 'there is no field "sbuject:"; did you mean "subject:"?', '   ^^^^^^^^'],
    ['form: bob', 'there is no field "form:"; did you mean "from:"?', '^^^^^'],
    ['author:bob', 'there is no field "author:"; expected one of from: to: cc:', '^^^^^^^'],
    ['constructor:bob', 'there is no field "constructor:"', '^^^^^^^^^^^^'],
    ['OR a', 'expected a term before OR', '^^'],
    ['a OR OR b', 'expected a term before OR', '     ^^'],
    ['a OR', 'expected a term after OR', '  ^^'],
    ['OR', 'expected a term before OR', '^^'],
    ['a -', 'expected a word, a phrase or a field after "-"', '  ^'],
    ['a - b', 'expected a word, a phrase or a field after "-"', '  ^'],
    ['--a', 'expected a word, a phrase or a field after "-"', '^'],
    ['a "b c', 'expected a closing quotation mark for this one', '  ^'],
    ['in:"Sent', 'expected a closing quotation mark for this one', '   ^'],
    ['"a"b', 'expected a space after the closing quotation mark', '   ^'],
    ['from: bob', 'expected a name or an address after from:', '     ^'],
    ['from:', 'expected a name or an address after from:', '     ^'],
    ['a in:"" b', 'expected a mailbox after in:', '     ^^'],
    ['""', 'there is nothing here to search for: expected a letter or a digit', '^^'],
    ['a & b', 'there is nothing here to search for: expected a letter or a digit', '  ^'],
    ['a 🙂', 'there is nothing here to search for: expected a letter or a digit', '  ^^'],
    ['subject:!!', 'there is nothing here to search for: expected a letter or a digit', '        ^^'],
    ['after:2026-02-30', '2026-02-30 is no day of the calendar', '      ^^^^^^^^^^'],
    ['after:2025-02-29', '2025-02-29 is no day of the calendar', '      ^^^^^^^^^^'],
    ['after:2026-13-01', '2026-13-01 is no day of the calendar', '      ^^^^^^^^^^'],
    ['after:2026-00-10', '2026-00-10 is no day of the calendar', '      ^^^^^^^^^^'],
    ['after:2026-04-31', '2026-04-31 is no day of the calendar', '      ^^^^^^^^^^'],
    ['after:0026-01-01', 'expected a date from 1900 on', '      ^^^^^^^^^^'],
    ['after:9999y', 'expected a date from 1900 on', '      ^^^^^'],
    ['x after:monday', 'expected a date such as 2026-03-31, or 7d, 3w, 2m, 1y ago', '        ^^^^^^'],
    ['before:2026-1-1', 'expected a date such as', '       ^^^^^^^^'],
    ['larger:big', 'expected a size such as 200K, 5M or 1.5G', '       ^^^'],
    ['larger:-5M', 'expected a size such as', '       ^^^'],
    ['smaller:5T', 'expected a size such as', '        ^^'],
    ['has:pdf', 'expected "attachment" after has:', '    ^^^'],
    ['is:unread', 'after is:; did you mean "is:unseen"?', '   ^^^^^^'],
    ['is:flaged', 'after is:; did you mean "is:flagged"?', '   ^^^^^^'],
    ['is:toString', 'expected "seen", "unseen", "flagged" or "removed" after is:', '   ^^^^^^^^'],
    // Two columns for each wide character, none for a combining one.
    ['日本語 form:x', 'there is no field "form:"', '       ^^^^^'],
    ['한국 after:어제', 'expected a date', '           ^^^^'],
    ['ｆｕ is:x', 'after is:', '        ^'],
    ['e\u0301te\u0301 is:x', 'after is:', '       ^'],
    // What could move a terminal's cursor is shown as something else.
    ['a\u001b is:x', 'after is:', '      ^'],
  ])('%s', (text, reason, carets) => {
    const error = failure(text);
    expect(error).toMatchObject({ code: 'usage', name: 'QueryError' });
    const [first, shown, pointer] = error.message.split('\n');
    expect(first).toContain(reason);
    expect(shown).toBe(`  ${text.replace('\u001b', '␛')}`);
    expect(pointer).toBe(`  ${carets}`);
  });

  test('holds the place in the query of all arguments', () => {
    expect(failure('ab', 'form:x')).toMatchObject({ start: 3, end: 8 });
    expect(failure('日本', 'form:x')).toMatchObject({ start: 3, end: 8 });
  });

  test('says how to search for the words of a field that there is not', () => {
    expect(failure('form:x').hint).toContain('quotation marks');
  });

  test('shows the part of a long query that is wrong', () => {
    const [, shown, pointer] = failure(`${'word '.repeat(100)}form:x${' word'.repeat(100)}`).message.split(
      '\n',
    );
    expect(shown!.length).toBeLessThan(140);
    expect(shown!.slice(pointer!.indexOf('^'), pointer!.lastIndexOf('^') + 1)).toBe('form:');
  });

  test('refuses a query without end', () => {
    expect(failure('word '.repeat(2_000)).message).toContain('longer than 4000 characters');
  });

  test('is the only thing that any text leads to', () => {
    const piece = fc.constantFrom(
      'a',
      '"',
      '-',
      ':',
      'OR',
      ' ',
      'from:',
      'after:',
      '7d',
      'in:',
      '日',
      '(',
      'is:',
      '😀',
    );
    const query = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(piece).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(query, (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
          const { start, end } = error as QueryError;
          expect(start).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

function failure(...args: string[]): QueryError {
  try {
    parse(...args);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`no error: ${args.join(' ')}`);
}

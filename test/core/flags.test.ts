import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalFlags, flagList, isKeyword } from '../../src/core/mailbox/flags.js';

const flag = fc.constantFrom(
  '\\Seen',
  '\\SEEN',
  '\\flagged',
  '\\Draft',
  '\\Recent',
  '\\recent',
  'Work',
  'work',
  '$Junk',
  'NonJunk',
  '\\Custom',
);

describe('canonical flags', () => {
  test('do not depend on the order, on repetition or on how system flags are spelled', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(flag, { selector: (text) => text.toLowerCase() }),
        fc.infiniteStream(fc.nat()),
        (flags, turns) => {
          const shuffled = flags
            .flatMap((text) =>
              text.startsWith('\\') && text !== '\\Custom' ? [text, text.toUpperCase()] : [text, text],
            )
            .map((text) => ({ text, at: turns.next().value! }))
            .sort((a, b) => a.at - b.at)
            .map(({ text }) => text);
          expect(canonicalFlags(shuffled)).toBe(canonicalFlags(flags));
        },
      ),
    );
  });

  test('stay the same when made canonical again', () => {
    fc.assert(
      fc.property(fc.array(flag), (flags) => {
        const canonical = canonicalFlags(flags);
        expect(canonicalFlags(flagList(canonical))).toBe(canonical);
      }),
    );
  });

  test('leave out \\Recent, which belongs to the session, and empty names', () => {
    expect(canonicalFlags(['\\Recent', '', '\\seen', 'b', 'A'])).toBe('A \\Seen b');
    expect(canonicalFlags([])).toBe('');
    expect(flagList('')).toEqual([]);
  });

  test('keep the first spelling of a keyword', () => {
    expect(canonicalFlags(['Work', 'WORK'])).toBe('Work');
  });

  test('tell keywords by the missing backslash', () => {
    expect(['$Forwarded', 'Junk', '\\Seen', '\\Custom'].filter(isKeyword)).toEqual(['$Forwarded', 'Junk']);
  });
});

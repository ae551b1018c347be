import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalFlags } from '../../src/core/mailbox/flags.js';
import {
  flagsOfLetters,
  MAX_KEYWORD_LETTERS,
  maildirFileName,
  maildirLetters,
  newKeywords,
  parseMaildirFileName,
  uniquePart,
} from '../../src/core/mailbox/maildir-name.js';

const facts = fc.record({
  receivedAt: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  generation: fc.integer({ min: 1, max: 0xffff_ffff }),
  uid: fc.integer({ min: 1, max: 0xffff_ffff }),
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  size: fc.integer({ min: 0, max: 999_999_999_999_999 }),
});
const systemFlags = fc.subarray(['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen', '$Forwarded']);
const keywordNames = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9$_]{1,8}$/), {
  maxLength: 40,
  selector: (name) => name.toLowerCase(),
});

describe('the name of a message file', () => {
  test('gives back what it was made of', () => {
    fc.assert(
      fc.property(facts, fc.stringMatching(/^[A-Za-z]{0,10}$/), (name, letters) => {
        expect(parseMaildirFileName(maildirFileName(name, letters))).toEqual({ ...name, letters });
        expect(`${uniquePart(maildirFileName(name, letters))}:2,`).toBe(maildirFileName(name, ''));
      }),
    );
  });

  test('fits into a file name with room to spare and holds no separator', () => {
    fc.assert(
      fc.property(facts, (name) => {
        const text = maildirFileName(name, 'DFPRSTabcdefghijklmnopqrstuvwxyz');
        expect(text.length).toBeLessThan(200);
        expect(text).not.toContain('/');
      }),
    );
  });

  test.each([
    '1700000000.M1P2.host,S=10:2,S',
    '1.G1U1.abc,S=10:2,S',
    `1.G1U1.${'a'.repeat(64)},S=10:2,S/x`,
    `../1.G1U1.${'a'.repeat(64)},S=10:2,S`,
    `1.G1U1.${'A'.repeat(64)},S=10:2,S`,
    `1.G1U1.${'a'.repeat(64)},S=10:2,S\n`,
    '',
  ])('is not seen in %j', (foreign) => {
    expect(parseMaildirFileName(foreign)).toBeNull();
  });

  test('has a unique part also where another program named the file', () => {
    expect(uniquePart('a:2,b:2,S')).toBe('a:2,b');
    expect(uniquePart('plain')).toBe('plain');
  });
});

describe('flag letters', () => {
  test('tell all flags of a folder with up to 26 keywords, in ASCII order', () => {
    fc.assert(
      fc.property(keywordNames, systemFlags, fc.func(fc.boolean()), (names, system, chosen) => {
        const folder = names
          .filter((name) => name.toLowerCase() !== '$forwarded')
          .slice(0, MAX_KEYWORD_LETTERS);
        const flags = canonicalFlags([...system, ...folder.filter((name) => chosen(name))]);
        const letters = maildirLetters(flags, folder);
        expect(canonicalFlags(flagsOfLetters(letters, folder))).toBe(flags);
        expect(letters).toBe([...letters].sort().join(''));
        expect(new Set(letters).size).toBe(letters.length);
      }),
    );
  });

  test('are the same after more keywords came to the folder', () => {
    fc.assert(
      fc.property(keywordNames, fc.nat(40), (names, cut) => {
        const [older, newer] = [names.slice(0, cut), names.slice(cut)];
        const flags = canonicalFlags(older);
        expect(maildirLetters(flags, [...older, ...newer])).toBe(maildirLetters(flags, older));
      }),
    );
  });

  test('do not exist for the 27th keyword, which takes no other letter away', () => {
    const names = Array.from({ length: 30 }, (_, at) => `k${at}`);
    expect(maildirLetters(canonicalFlags(names), names)).toBe('abcdefghijklmnopqrstuvwxyz');
  });

  test('are wanted only for keywords the folder does not have, whatever their case', () => {
    expect(newKeywords('$Forwarded \\Seen Fresh work', ['Work'])).toEqual(['Fresh']);
    expect(newKeywords('', ['Work'])).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import type { Verb } from '../../src/cli/io.js';
import { liveLineOf } from '../../src/cli/live-line.js';

describe('the line of progress', () => {
  function lineOn(terminal: { isTTY?: boolean; columns?: number }, options: object = {}) {
    let now = 0;
    let written = '';
    const stderr = {
      ...terminal,
      write: (text: string) => {
        written += text;
        return true;
      },
    };
    // As much of a verb as the line asks for.
    const verb = {
      options: { quiet: false, json: false, ...options },
      around: { clock: () => now },
      terminal: { stderr },
    } as unknown as Verb;
    const line = liveLineOf(verb);
    return {
      line,
      at: (milliseconds: number, share: number | null, text: string) => {
        now = milliseconds;
        line.update(
          () => share,
          () => text,
        );
      },
      written: () => written,
    };
  }

  test('is rewritten five times a second on a terminal, and cut to its columns', () => {
    const { line, at, written } = lineOn({ isTTY: true, columns: 30 });
    at(100, 0.1, 'too early');
    at(200, 0.1, 'first');
    at(300, 0.9, 'too early again');
    at(400, 0.9, '日本語日本語日本語日本語日本語日本語');
    line.clear();
    line.clear();
    expect(written()).toBe('\r\u001b[Kfirst\r\u001b[K日本語日本語日本語日本語日本…\r\u001b[K');
  });

  test('is a calm line every 10 s or 10 % elsewhere, without control characters', () => {
    const { line, at, written } = lineOn({});
    at(500, 0.5, 'within a second');
    at(1_000, 0.09, 'not yet a tenth');
    at(1_500, 0.1, 'a');
    at(2_400, 0.4, 'within a second of it');
    at(9_000, 0.19, 'not yet another tenth');
    at(9_500, 0.2, 'b');
    at(19_400, null, 'not yet 10 s');
    at(19_500, null, 'c');
    at(29_500, null, 'd');
    line.clear();
    expect(written()).toBe('a\nb\nc\nd\n');
  });

  test('begins again where another piece of work does', () => {
    const { at, written } = lineOn({});
    at(2_000, 1, 'headers');
    at(3_000, 0.01, 'too little');
    at(4_000, 0.12, 'text');
    expect(written()).toBe('headers\ntext\n');
  });

  test('is silent with --quiet and --json', () => {
    for (const options of [{ quiet: true }, { json: true }]) {
      const { line, at, written } = lineOn({ isTTY: true }, options);
      at(60_000, 1, 'anything');
      line.clear();
      expect(written()).toBe('');
    }
  });
});

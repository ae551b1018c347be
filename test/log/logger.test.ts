import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Log } from '../../src/core/log.js';
import { Secret } from '../../src/core/secret.js';
import { createLog, type LoggerOptions } from '../../src/log/logger.js';

const folder = mkdtempSync(join(tmpdir(), 'mailkeep-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the log writes into a file; `journal` tells it that the file is the journal's stream. */
function written(
  options: Partial<Pick<LoggerOptions, 'format' | 'level' | 'isTerminal'>> & { journal?: 'this' | 'another' },
  say: (log: Log) => void,
): string[] {
  const file = join(folder, 'log');
  const descriptor = openSync(file, 'w');
  const { dev, ino } = statSync(file, { bigint: true });
  const stream =
    options.journal === 'this' ? `${dev}:${ino}` : options.journal === 'another' ? `${dev}:1` : undefined;
  say(
    createLog({
      level: options.level ?? 'info',
      format: options.format ?? 'auto',
      env: { JOURNAL_STREAM: stream },
      isTerminal: options.isTerminal ?? false,
      descriptor,
    }),
  );
  closeSync(descriptor);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

const say = (log: Log) => {
  log.debug('small');
  log.info('one', { account: 'a', runs: 3 });
  log.warn('two', { hint: 'look there' });
  log.error('three');
};

describe('the log', () => {
  test.skipIf(!existsSync('/dev/full'))('that can not be written harms nobody', () => {
    const descriptor = openSync('/dev/full', 'w');
    const log = createLog({ level: 'info', format: 'json', env: {}, isTerminal: false, descriptor });
    expect(() => say(log)).not.toThrow();
    closeSync(descriptor);
  });

  test('is JSON where nobody said otherwise and no terminal is there', () => {
    const [first, ...rest] = written({}, say).map((line) => JSON.parse(line) as object);
    expect(first).toMatchObject({ level: 30, account: 'a', runs: 3, msg: 'one' });
    expect(rest).toHaveLength(2);
  });

  test('is lines for people on a terminal, and where they are asked for', () => {
    for (const options of [{ isTerminal: true }, { format: 'pretty' }] as const) {
      const [first, second] = written(options, say);
      expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d info {2}one$/);
      expect(second).toMatch(/ warn {2}two \(look there\)$/);
    }
  });

  test('has priorities in the journal, and no time of its own', () => {
    expect(written({ journal: 'this', level: 'debug' }, say)).toEqual([
      '<7>debug small',
      '<6>info  one',
      '<4>warn  two (look there)',
      '<3>error three',
    ]);
    expect(written({ journal: 'this', format: 'json' }, say)[0]).toMatch(/^<6>\{"level":30,/);
  });

  test('has none where the journal is somebody else’s', () => {
    expect(written({ journal: 'another' }, say)[0]).toMatch(/^\{/);
  });

  test('leaves out what is below its level', () => {
    expect(written({ level: 'error' }, say)).toHaveLength(1);
    expect(written({ level: 'silent' }, say)).toEqual(['']);
  });

  test.each(['json', 'pretty'] as const)('moves no cursor and breaks no line, as %s', (format) => {
    const hostile = 'a\u001b[2J\nb\u009b31m\u202e\u2028\u007f';
    const lines = written({ format }, (log) => log.warn(hostile, { hint: hostile, mailbox: hostile }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u202e]*$/);
  });

  test('shows of a secret that there is one', () => {
    expect(written({}, (log) => log.info('x', { url: new Secret('geheim') }))[0]).toContain('"[secret]"');
  });
});

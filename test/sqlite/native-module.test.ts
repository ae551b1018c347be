import { describe, expect, test } from 'vitest';
import { asArchiveError } from '../../src/sqlite/database.js';
import { unloadable } from '../../src/sqlite/native-module.js';

const withCode = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('a SQLite module that can not be loaded', () => {
  test.each([
    [new Error('Could not locate the bindings file. Tried:\n → /a/build.node'), 'was not built'],
    [
      withCode(
        'was compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.',
        'ERR_DLOPEN_FAILED',
      ),
      'another version of Node.js',
    ],
    [withCode('libstdc++.so.6: cannot open shared object file\nmore', 'ERR_DLOPEN_FAILED'), 'libstdc++.so.6'],
  ])('is no bug and no damage, and the hint mends it', (error, words) => {
    const told = asArchiveError(error, 'index.db');
    expect(told).toMatchObject({ code: 'internal', message: expect.stringContaining(words) });
    expect(told).toMatchObject({ hint: expect.stringContaining('--allow-scripts=mailkeep,better-sqlite3') });
    expect(String(told)).not.toContain('\n');
  });

  test('other errors are left alone', () => {
    expect(unloadable(new Error('no such table'))).toBeNull();
    expect(unloadable('text')).toBeNull();
  });
});

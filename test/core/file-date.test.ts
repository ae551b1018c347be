import { expect, test } from 'vitest';
import { isDatedAs } from '../../src/core/mailbox/file-date.js';

const LAST_OF_EXT4 = 15_032_385_535;

test.each([
  ['the same', 1e9, 1e9, true],
  ['another', 1e9, 1e9 + 1, false],
  ['the first of 32 bits for one before', -0x8000_0000, -2_209_075_200, true],
  ['the first of 32 bits for one after', -0x8000_0000, -1, false],
  ['one after the first of 32 bits for one before', -0x7fff_ffff, -2_209_075_200, false],
  ['the last of 32 bits for one behind', 0x7fff_ffff, 4_102_444_800, true],
  ['the last of ext4 for one behind', LAST_OF_EXT4, 253_402_300_799, true],
  ['the last of ext4 for one before', LAST_OF_EXT4, 4_102_444_800, false],
  ['today for one that no file system of 32 bits can hold', 1_795_000_000, 4_102_444_800, false],
])('%s is taken for what it stands for', (_, modified, receivedAt, same) => {
  expect(isDatedAs(modified, receivedAt)).toBe(same);
});

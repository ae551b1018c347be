import { describe, expect, test } from 'vitest';
import { windowLimitOf, windowProblem } from '../../src/imap/window-limit.js';

describe('window limit', () => {
  test('a full window on Yahoo is not the whole mailbox, and says where the rest is', () => {
    const limit = windowLimitOf('imap.mail.yahoo.com');
    expect(windowProblem(10_000, limit)).toContain('export.imap.mail.yahoo.com');
    expect(windowProblem(9_999, limit)).toBeNull();
  });

  test.each(['export.imap.mail.yahoo.com', 'imap.example.org', 'imap.mail.yahoo.com.example.org'])(
    '%s has no window',
    (host) => {
      expect(windowProblem(1_000_000, windowLimitOf(host))).toBeNull();
    },
  );
});

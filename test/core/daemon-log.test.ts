import { expect, test } from 'vitest';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import { logObserver } from '../../src/core/daemon/daemon-log.js';
import type { LogLevel } from '../../src/core/log.js';

test('an account that another mailkeep works on for hours is one warning, not one every few seconds', () => {
  const lines: string[] = [];
  const heard = (level: LogLevel) => (message: string) => lines.push(`${level} ${message}`);
  const observer = logObserver({
    debug: heard('debug'),
    info: heard('info'),
    warn: heard('warn'),
    error: heard('error'),
  });
  const crashed = (account: string, code: string): DaemonEvent => ({
    kind: 'run-crashed',
    at: 1,
    account,
    error: { code, message: code, hint: null },
    nextRunAt: null,
  });
  for (const code of ['locked', 'locked', 'locked', 'io', 'locked']) observer.observe(crashed('a', code));
  observer.observe(crashed('b', 'locked'));
  expect(lines).toEqual([
    'warn a: locked',
    'debug a: locked',
    'debug a: locked',
    'error a: io',
    'warn a: locked',
    'warn b: locked',
  ]);
});

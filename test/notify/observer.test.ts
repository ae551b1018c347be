import { describe, expect, test } from 'vitest';
import { NOTHING_SAID } from '../../src/core/daemon/alerts.js';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import type { RunSignal } from '../../src/notify/notifier.js';
import { NotifyObserver } from '../../src/notify/observer.js';
import { errorOf, syncReport } from '../support/sync-report.js';

const account = 'personal';
const started: DaemonEvent = { kind: 'run-started', at: 0, account, cause: 'retry' };
const locked: DaemonEvent = { kind: 'run-crashed', at: 0, account, error: errorOf('locked'), nextRunAt: 10 };
const finished: DaemonEvent = {
  kind: 'run-finished',
  at: 0,
  account,
  report: syncReport({ account }),
  nextRunAt: 10,
};

async function pingsOf(events: readonly DaemonEvent[]): Promise<string[]> {
  const pings: string[] = [];
  const notifier = {
    name: 'ping',
    send: async ({ kind }: RunSignal) => {
      pings.push(kind);
    },
  };
  const observer = new NotifyObserver([{ id: '0', kind: 'runs', notifier }], {
    past: () => NOTHING_SAID,
    failureAfterMs: () => 0,
    onResult: () => undefined,
  });
  for (const event of events) observer.observe(event);
  await observer.close(1000);
  return pings;
}

describe('a dead man\u2019s switch', () => {
  test('hears of each run, and while another mailkeep works on the account of the first attempt only', async () => {
    expect(await pingsOf([started, locked, started, locked, started, finished, started])).toEqual([
      'start',
      'success',
      'start',
    ]);
  });
});

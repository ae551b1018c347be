import { describe, expect, test } from 'vitest';
import { NOTHING_SAID } from '../../src/core/daemon/alerts.js';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import type { RunSignal } from '../../src/notify/notifier.js';
import { NotifyObserver } from '../../src/notify/observer.js';
import { errorOf, syncReport } from '../support/sync-report.js';

const account = 'personal';
const begun: DaemonEvent = { kind: 'started', at: 0, accounts: [account] };
const started: DaemonEvent = { kind: 'run-started', at: 0, account, cause: 'retry' };
const locked: DaemonEvent = { kind: 'run-crashed', at: 0, account, error: errorOf('locked'), nextRunAt: 10 };
const finished: DaemonEvent = {
  kind: 'run-finished',
  at: 0,
  account,
  report: syncReport({ account }),
  nextRunAt: 10,
};

async function pingsOf(events: readonly DaemonEvent[], past = () => NOTHING_SAID): Promise<string[]> {
  const pings: string[] = [];
  const notifier = {
    name: 'ping',
    send: async ({ kind }: RunSignal) => {
      pings.push(kind);
    },
  };
  const observer = new NotifyObserver([{ id: '0', kind: 'runs', notifier }], {
    past,
    failureAfterMs: () => 0,
    onResult: () => undefined,
  });
  for (const event of events) observer.observe(event);
  await observer.close(1000);
  return pings;
}

describe('a dead man\u2019s switch', () => {
  test('hears of each run, and while another mailkeep works on the account of the first attempt only', async () => {
    expect(await pingsOf([begun, started, locked, started, locked, started, finished, started])).toEqual([
      'start',
      'success',
      'start',
    ]);
  });

  test('is not told of an account that is no more, and a new one begins with what its archive tells', async () => {
    const removed: DaemonEvent = {
      kind: 'run-crashed',
      at: 0,
      account: 'gone',
      error: errorOf('io'),
      nextRunAt: null,
    };
    const added: DaemonEvent = { ...started, account: 'new' };
    const reloaded: DaemonEvent = { kind: 'config-reloaded', at: 0, accounts: [account, 'new'] };
    const asked: string[] = [];
    const past = (name = '') => {
      asked.push(name);
      return NOTHING_SAID;
    };
    expect(await pingsOf([begun, added, reloaded, removed, started, finished], past)).toEqual([
      'start',
      'start',
      'success',
    ]);
    expect(asked).toEqual([account, 'new']);
  });
});

// The rules that promtool's lint has for metrics, held against all that the daemon can say.

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type AccountGauges, Metrics } from '../../src/http/metrics.js';
import { errorOf, syncReport } from '../support/sync-report.js';

const REPORT = syncReport({
  status: 'failed',
  durationMs: 1500,
  added: 3,
  adopted: 1,
  bytesDownloaded: 999,
  flagsChanged: 2,
  removed: 4,
  error: errorOf('unreachable'),
});

function gauges(account: string): AccountGauges {
  return {
    account,
    messages: 5,
    bytes: 6,
    removed: 7,
    mailboxes: 8,
    pending: 9,
    failed: 10,
    hold: true,
    stale: false,
    running: true,
    watching: 2,
    certificateEndsAt: 1_800_000_000_000,
    lastSuccessAt: 1_500_000_000_500,
    lastRunAt: null,
    nextRunAt: null,
  };
}

function metricsOf(accounts: () => readonly string[]) {
  return new Metrics({
    version: '1.2.3',
    accounts: () => accounts().map(gauges),
    queueLength: () => 1,
    configLoaded: () => true,
  });
}

function everything(): Metrics {
  const metrics = metricsOf(() => ['a', 'b']);
  metrics.observe({ kind: 'started', at: 1, accounts: ['a', 'b'] });
  metrics.observe({ kind: 'run-finished', at: 1, account: 'a', report: REPORT, nextRunAt: null });
  metrics.observe({
    kind: 'run-crashed',
    at: 1,
    account: 'b',
    error: errorOf('io'),
    nextRunAt: null,
  });
  metrics.observe({ kind: 'watch-state', at: 1, account: 'a', mailbox: 'INBOX', state: 'lost' });
  metrics.observe({ kind: 'damage-found', at: 1, account: 'a', missing: 1, corrupt: 2 });
  metrics.countNotification('webhook-1', 'sent');
  return metrics;
}

describe('the metrics', () => {
  test('keep to the rules: help, type, base units, _total for counters alone, no unit of another kind', async () => {
    const { text } = await everything().render();
    const families = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE (\S+) (\w+)$/gm)].map(
      ([, name, help, typed, type]) => ({ name: name!, help: help!, typed, type: type! }),
    );
    expect(families.length).toBeGreaterThan(25);
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
    expect(lint(families)).toEqual([]);
    const known = new Set(families.map(({ name }) => name));
    for (const sample of text.matchAll(/^(?!#)(\w+)(?:\{([^}]*)\})? \S+$/gm)) {
      expect(known).toContain(sample[1]!.replace(/_(bucket|sum|count)$/, ''));
      for (const label of (sample[2] ?? '').matchAll(/(\w+)="/g))
        expect([
          'account',
          'code',
          'status',
          'le',
          'notifier',
          'result',
          'version',
          'node_version',
        ]).toContain(label[1]);
    }
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  test.skipIf(!promtool)('promtool itself finds nothing (skipped where there is none)', async () => {
    const { text } = await everything().render();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  test('the rules find what breaks them', () => {
    const base = { help: 'Help.', type: 'gauge' };
    const name = (wrong: string, type = 'gauge') =>
      lint([{ ...base, name: wrong, typed: wrong, type }]).length;
    expect(name('mailkeep_good_bytes')).toBe(0);
    expect(name('other_good_bytes')).toBe(1);
    expect(name('mailkeep_things_total')).toBe(1);
    expect(name('mailkeep_things', 'counter')).toBe(1);
    expect(name('mailkeep_wait_milliseconds')).toBe(1);
    expect(name('mailkeep_camelCase')).toBe(1);
    expect(lint([{ name: 'mailkeep_x', help: '', typed: 'mailkeep_x', type: 'gauge' }])).toHaveLength(1);
  });

  test('count runs, octets and failures', async () => {
    const { text } = await everything().render();
    expect(text).toContain('mailkeep_sync_failures_total{account="a",code="unreachable"} 1\n');
    expect(text).toContain('mailkeep_sync_failures_total{account="b",code="io"} 1\n');
    expect(text).toContain('mailkeep_bytes_downloaded_total{account="a"} 999\n');
    expect(text).toContain('mailkeep_bytes_downloaded_total{account="b"} 0\n');
    expect(text).toContain('mailkeep_sync_duration_seconds_sum{account="a"} 1.5\n');
    expect(text).toContain('mailkeep_sync_last_success_timestamp_seconds{account="a"} 1500000000.5\n');
    expect(text).not.toContain('mailkeep_sync_next_run_timestamp_seconds{');
    expect(text).toContain('mailkeep_account_hold{account="b"} 1\n');
    expect(text).toContain('mailkeep_check_damaged_files{account="a"} 3\n');
  });

  test('an account that left the configuration leaves the metrics', async () => {
    let accounts = ['a', 'b'];
    const metrics = metricsOf(() => accounts);
    metrics.observe({ kind: 'started', at: 1, accounts });
    metrics.observe({ kind: 'run-finished', at: 1, account: 'b', report: REPORT, nextRunAt: null });
    expect((await metrics.render()).text).toContain('account="b"');
    metrics.observe({ kind: 'run-finished', at: 1, account: 'a', report: REPORT, nextRunAt: null });
    accounts = ['a'];
    metrics.observe({ kind: 'config-reloaded', at: 2, accounts });
    const { text } = await metrics.render();
    expect(text).not.toContain('account="b"');
    expect(text).toContain('mailkeep_sync_duration_seconds_count{account="a"} 1\n');
  });

  test('a run that was not begun, because another mailkeep had the account, is none', async () => {
    const metrics = metricsOf(() => ['a']);
    metrics.observe({ kind: 'started', at: 1, accounts: ['a'] });
    const error = errorOf('locked');
    metrics.observe({ kind: 'run-crashed', at: 1, account: 'a', error, nextRunAt: null });
    const { text } = await metrics.render();
    expect(text).not.toContain('locked');
    expect(text).not.toMatch(/sync_runs_total\{.*\} [1-9]/);
  });

  test('a run that was told to stop is no failure', async () => {
    const metrics = metricsOf(() => ['a']);
    const report = syncReport({ status: 'failed', error: errorOf('interrupted') });
    metrics.observe({ kind: 'run-finished', at: 1, account: 'a', report, nextRunAt: null });
    expect((await metrics.render()).text).not.toContain('sync_failures_total{');
  });
});

interface Family {
  readonly name: string;
  readonly help: string;
  readonly typed: string | undefined;
  readonly type: string;
}

const WRONG_UNITS =
  /_(milli|micro|nano)?(minutes|hours|days|milliseconds|ms|kilobytes|kb|megabytes|mb|octets|percent)(_|$)/;

function lint(families: readonly Family[]): string[] {
  return families.flatMap(({ name, help, typed, type }) => [
    ...(/^mailkeep_[a-z0-9_]+$/.test(name) ? [] : [`${name}: not mailkeep_ in small letters`]),
    ...(help.trim() === '' ? [`${name}: no help`] : []),
    ...(typed === name ? [] : [`${name}: its type is another's`]),
    ...((type === 'counter') === name.endsWith('_total') ? [] : [`${name}: ${type} and its ending`]),
    ...(WRONG_UNITS.test(name) ? [`${name}: no base unit`] : []),
    ...(/_(gauge|counter|histogram|summary|bucket|sum|count)$/.test(name)
      ? [`${name}: reserved ending`]
      : []),
  ]);
}

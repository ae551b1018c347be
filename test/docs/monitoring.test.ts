// What the docs say of metrics is what the daemon serves: page, alert rules and dashboard.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ALERT_EVENTS } from '../../src/core/daemon/alert.js';
import { Metrics } from '../../src/http/metrics.js';

const DOCS = resolve(import.meta.dirname, '../../docs');
const read = (file: string) => readFileSync(resolve(DOCS, file), 'utf8');

async function served(): Promise<Set<string>> {
  const metrics = new Metrics({
    version: '1',
    accounts: () => [],
    queueLength: () => 0,
    configLoaded: () => true,
  });
  const { text } = await metrics.render();
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
}

const named = (text: string) =>
  new Set([...text.matchAll(/\bmailkeep_[a-z0-9_]*[a-z0-9]\b(?!…)/g)].map(([name]) => name));

describe('the docs on monitoring', () => {
  test.each([
    ['monitoring.md', 20],
    ['monitoring/prometheus-alerts.yml', 8],
    ['monitoring/grafana-dashboard.json', 12],
  ])('%s names only metrics that are served', async (file, atLeast) => {
    const known = await served();
    const names = [...named(read(file))];
    expect(names.length).toBeGreaterThanOrEqual(atLeast);
    expect(names.filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([]);
  });

  test('monitoring.md names every metric but those of the process', async () => {
    const names = named(read('monitoring.md'));
    const missing = [...(await served())].filter(
      (name) => !names.has(name) && !name.startsWith('mailkeep_process_'),
    );
    expect(missing).toEqual([]);
  });

  test('monitoring.md explains every event', () => {
    for (const event of ALERT_EVENTS) expect(read('monitoring.md')).toContain(`| \`${event}\` |`);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  test.skipIf(!promtool)('promtool takes the alert rules (skipped where there is none)', () => {
    const file = resolve(DOCS, 'monitoring/prometheus-alerts.yml');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect(stdout + stderr).toMatch(/SUCCESS: \d+ rules found/);
    expect(status).toBe(0);
  });

  test('every alert rule says what to look at', () => {
    const { groups } = parse(read('monitoring/prometheus-alerts.yml')) as {
      groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) expect(rule.annotations.summary.length).toBeGreaterThan(10);
  });

  test('the dashboard has panels that do not overlap', () => {
    const { panels } = JSON.parse(read('monitoring/grafana-dashboard.json')) as {
      panels: { gridPos: { x: number; y: number; w: number; h: number } }[];
    };
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(panels.length).toBeGreaterThan(10);
    expect(new Set(cells).size).toBe(cells.length);
  });
});

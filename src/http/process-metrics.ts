/**
 * The process in numbers: memory, CPU, descriptors, version. Own ones, because those of prom-client have names
 * that break Prometheus' rules, and would stand outside `mailkeep_`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Counter, Gauge, type Registry } from 'prom-client';

export function describeProcess(registry: Registry, version: string): void {
  const live = (name: string, help: string, read: () => number) => {
    const gauge: Gauge = new Gauge({
      name: `mailkeep_${name}`,
      help,
      registers: [registry],
      collect: () => gauge.set(read()),
    });
  };
  const info = new Gauge({
    name: 'mailkeep_build_info',
    help: 'Always 1; the versions are the labels.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  });
  info.set({ version, node_version: process.versions.node }, 1);
  const startedAt = Date.now() / 1000 - process.uptime();
  live('process_start_time_seconds', 'When the process started.', () => startedAt);
  live('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  live('process_heap_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  live('process_open_fds', 'Open file descriptors.', openDescriptors);
  const most = mostDescriptors();
  if (most !== null) live('process_max_fds', 'Most file descriptors that may be open.', () => most);
  const cpu: Counter = new Counter({
    name: 'mailkeep_process_cpu_seconds_total',
    help: 'User and system CPU time of the process.',
    registers: [registry],
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1_000_000);
    },
  });
}

function openDescriptors(): number {
  try {
    // One of them is the folder that is being read.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return Number.NaN;
  }
}

function mostDescriptors(): number | null {
  try {
    const most = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return most === undefined ? null : Number(most);
  } catch {
    return null;
  }
}

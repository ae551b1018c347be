// One run of a program, measured from outside: wall clock of the whole process, CPU time of all its threads, and the
// most memory it ever held. CPU and memory come from /proc, read every few milliseconds until the process is gone, so
// they may miss what happened in the last reading's gap; the wall clock does not.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Sample {
  /** Wall clock from spawn to exit. */
  readonly seconds: number;
  /** User and system time of the process and its threads. */
  readonly cpuSeconds: number;
  /** Peak resident set in MB (10^6 octets); null where there is no /proc. */
  readonly peakMegabytes: number | null;
  readonly stdout: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Exit codes that count as done; default: 0. */
  readonly endsWith?: readonly number[];
}

const READ_EVERY_MS = 10;
/** USER_HZ, which Linux has fixed at 100 on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Throws with what the program said when it does not end as it should. `signal` ends the program. */
export function runMeasured(command: Command, signal?: AbortSignal): Promise<Sample> {
  const { program, args, folder, endsWith = [0] } = command;
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    let usage = { cpuSeconds: 0, peakMegabytes: null as number | null };
    const watch = setInterval(() => {
      usage = readUsage(child.pid) ?? usage;
    }, READ_EVERY_MS);
    let seconds = 0;
    child.once('exit', () => {
      seconds = (performance.now() - startedAt) / 1000;
      clearInterval(watch);
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8');
      child[stream].on('data', (text: string) => {
        said[stream] += text;
      });
    }
    child.once('error', (error) => {
      clearInterval(watch);
      reject(error);
    });
    child.once('close', (code, killedBy) => {
      if (code !== null && endsWith.includes(code)) resolve({ seconds, ...usage, stdout: said.stdout });
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code ?? killedBy}: ${tail(said)}`));
    });
  });
}

function tail({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `${stdout.slice(-1500)}\n${stderr.slice(-1500)}`;
}

function readUsage(pid: number | undefined): { cpuSeconds: number; peakMegabytes: number | null } | null {
  if (pid === undefined) return null;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const peak = /^VmHWM:\s*(\d+) kB/m.exec(status);
    // A zombie has no memory any more; its last figures stand.
    if (peak === null) return null;
    // The name in parentheses may hold spaces; the fields after it are fixed (proc(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return {
      cpuSeconds: ticks / TICKS_PER_SECOND,
      peakMegabytes: (Number(peak[1]) * 1024) / 1e6,
    };
  } catch {
    return null;
  }
}

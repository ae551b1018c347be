// A real systemd as the first process of its own namespaces (processes, mounts, cgroups): it sees this machine's
// files under an overlay, shares its loopback, and whatever it does is gone with it. Takes root.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PROJECT = resolve(import.meta.dirname, '../..');
const NAMESPACES = ['--pid', '--mount', '--uts', '--ipc', '--cgroup', '--fork', '--kill-child'];
const SYSTEMD = '/lib/systemd/systemd';

/** Nothing that looks at the machine's own devices, clock, network or kernel settings. */
const MASKED = [
  'getty.target',
  'proc-sys-fs-binfmt_misc.automount',
  'proc-sys-fs-binfmt_misc.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-binfmt.service',
  'systemd-journald-audit.socket',
  'systemd-logind.service',
  'systemd-modules-load.service',
  'systemd-networkd.service',
  'systemd-random-seed.service',
  'systemd-remount-fs.service',
  'systemd-resolved.service',
  'systemd-sysctl.service',
  'systemd-timesyncd.service',
  'systemd-tmpfiles-setup-dev.service',
  'systemd-udev-trigger.service',
  'systemd-udevd-control.socket',
  'systemd-udevd-kernel.socket',
  'systemd-udevd.service',
];

/** $1: an empty folder, $2: the project, $3: node. */
const BOOT = `
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
for folder in run tmp; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 tmp
rm -rf etc/systemd/system etc/fstab
mkdir -p etc/systemd/system etc/mailkeep usr/local/bin usr/local/lib/mailkeep
for unit in ${MASKED.join(' ')}; do ln -s /dev/null etc/systemd/system/$unit; done
printf '[Unit]\\nRequires=basic.target\\nAfter=basic.target\\nAllowIsolate=yes\\n' > etc/systemd/system/tested.target
# As npm install --global leaves it.
mkdir usr/local/lib/mailkeep/node_modules
mount --bind "$2/node_modules" usr/local/lib/mailkeep/node_modules
cp -r "$2/dist" "$2/package.json" usr/local/lib/mailkeep/
chmod 755 usr/local/lib/mailkeep/dist/main.js
ln -sf ../lib/mailkeep/dist/main.js usr/local/bin/mailkeep
rm -f usr/local/bin/node
cp "$3" usr/local/bin/node
chmod 755 usr/local/bin/node
cp "$2"/systemd/mailkeep.service "$2"/systemd/mailkeep-sync.* etc/systemd/system/
# Not chroot: user namespaces (PrivateUsers=) are refused there.
pivot_root . .
umount -l .
# What systemd mounts for a service in a child (its credentials) must arrive here.
mount --make-rshared /
exec env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
  ${SYSTEMD} --system --unit=tested.target --log-target=journal --show-status=no
`;

export class SystemdMachine {
  readonly #folder: string;
  readonly #child: ChildProcess;
  #pid = 0;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
  }

  /** Why there can't be one here; undefined when there can. */
  static whyNot(): string | undefined {
    if (process.getuid?.() !== 0) return 'it takes root';
    const probe =
      'test -x "$0" && mkdir -p /tmp && mount -t tmpfs tmpfs /tmp && mkdir /tmp/c && mount -t cgroup2 cgroup2 /tmp/c';
    const { status } = spawnSync('unshare', [...NAMESPACES, 'sh', '-c', probe, SYSTEMD]);
    return status === 0 ? undefined : 'it takes systemd, and namespaces that it may mount in';
  }

  static async start(): Promise<SystemdMachine> {
    const folder = mkdtempSync(join(tmpdir(), 'mailkeep-systemd-'));
    const boot = ['sh', '-c', BOOT, 'boot', folder, PROJECT, process.execPath];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...NAMESPACES, ...boot], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    const machine = new SystemdMachine(folder, child);
    const end = performance.now() + 30_000;
    for (;;) {
      await pause(50);
      machine.#pid ||= firstChild(child.pid!);
      if (machine.#pid !== 0) {
        const { stdout } = await machine.run('systemctl', 'is-system-running');
        if (/^(running|degraded)$/m.test(stdout)) return machine;
      }
      if (child.exitCode !== null || performance.now() > end) {
        await machine.stop();
        throw new Error(`systemd did not come up: ${said}`);
      }
    }
  }

  /** Runs a command beside the services. */
  run(...words: string[]): Promise<Said> {
    const inside = ['-t', String(this.#pid), '-p', '-m', '-u', '-i', '-C', '-r', '-w', ...words];
    return new Promise((done) => {
      execFile(
        'nsenter',
        inside,
        { env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin', LANG: 'C.UTF-8' } },
        (error, stdout, stderr) => {
          done({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
        },
      );
    });
  }

  /** A file of the machine, by its path from here. */
  path(file: string): string {
    return `/proc/${this.#pid}/root${file}`;
  }

  /** What `systemctl show` tells of a unit. */
  async show(unit: string): Promise<Readonly<Record<string, string>>> {
    const { stdout } = await this.run('systemctl', 'show', unit);
    return Object.fromEntries(
      stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
    );
  }

  /** Lines of the unit in the journal, as `<priority> <message>`. */
  async journal(unit: string): Promise<string[]> {
    const { stdout } = await this.run('journalctl', '--no-pager', '-o', 'json', '-u', unit);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { PRIORITY: string; MESSAGE: string; _SYSTEMD_UNIT?: string })
      .filter((entry) => entry._SYSTEMD_UNIT === unit)
      .map(({ PRIORITY, MESSAGE }) => `${PRIORITY} ${MESSAGE}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGKILL');
      // Not everything dies with unshare: the first process takes the others along.
      if (this.#pid !== 0) process.kill(this.#pid, 'SIGKILL');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function firstChild(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  } catch {
    return 0;
  }
}

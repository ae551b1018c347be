import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SystemdNotifier, watchdogInterval } from '../../src/systemd/notify.js';
import { NotifySocket, notifyMissing } from '../support/notify-socket.js';

const missing = notifyMissing();

describe(missing === null ? 'sd_notify' : `${missing} is needed: sd_notify`, () => {
  test.skipIf(missing !== null)(
    'every message arrives, in order, and a status that was overtaken is left out',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'mailkeep-notify-'));
      try {
        using socket = await NotifySocket.open(join(folder, 's'));
        const env = { NOTIFY_SOCKET: socket.path, PATH: process.env.PATH };
        const systemd = new SystemdNotifier({
          env,
          warn: (text) => expect.unreachable(text),
          monotonic: () => 42n,
        });
        systemd.ready();
        for (let n = 0; n < 20; n++) systemd.status(`line ${n}\nREADY=0`);
        systemd.reloading();
        systemd.stopping();
        await systemd.close(5000);
        await socket.messages.first('the last one', (text) => text === 'STOPPING=1');
        expect(socket.messages.all.slice(1)).toEqual([
          'READY=1',
          'STATUS=line 19 READY=0',
          'RELOADING=1\nMONOTONIC_USEC=42',
          'STOPPING=1',
        ]);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );

  test('without NOTIFY_SOCKET nothing is started', async () => {
    const systemd = new SystemdNotifier({
      env: { PATH: '/nowhere' },
      warn: (text) => expect.unreachable(text),
    });
    systemd.ready();
    systemd.status('idle');
    systemd.startWatchdog();
    await systemd.close(5000);
  });

  test('a program that cannot even be started is no end of the daemon', async () => {
    const warnings: string[] = [];
    // More than Linux hands to a program: execFile throws instead of calling back.
    const env = { NOTIFY_SOCKET: 'x'.repeat(200_000), PATH: process.env.PATH };
    const systemd = new SystemdNotifier({ env, warn: (text) => warnings.push(text) });
    systemd.ready();
    systemd.stopping();
    await systemd.close(5000);
    expect(warnings).toEqual(["systemd can't be told of the daemon's state: systemd-notify failed"]);
  });

  test('a missing program is said once and holds up nothing', async () => {
    const warnings: string[] = [];
    const env = { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' };
    const systemd = new SystemdNotifier({ env, warn: (text) => warnings.push(text) });
    systemd.ready();
    systemd.stopping();
    await systemd.close(5000);
    expect(warnings).toEqual([
      "systemd can't be told of the daemon's state: the program systemd-notify is missing",
    ]);
  });

  test('the watchdog is fed at half of its time, if it waits for this process', () => {
    expect(watchdogInterval({ WATCHDOG_USEC: '30000000' }, 7)).toBe(15_000);
    expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7)).toBe(15_000);
    expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7)).toBeNull();
    expect(watchdogInterval({}, 7)).toBeNull();
    expect(watchdogInterval({ WATCHDOG_USEC: 'x' }, 7)).toBeNull();
  });
});

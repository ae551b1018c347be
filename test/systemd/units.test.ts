// The unit files, as systemd itself reads them. ExecStart's program is not there on a test machine, so a copy
// names one that is.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const UNITS = resolve(import.meta.dirname, '../../systemd');
const HARDENED = ['mailkeep.service', 'mailkeep-sync.service'];
const MOST_EXPOSURE = 2.0;

const missing = spawnSync('systemd-analyze', ['--version']).status !== 0;

const folder = mkdtempSync(join(tmpdir(), 'mailkeep-units-'));
for (const unit of readdirSync(UNITS))
  writeFileSync(join(folder, unit), readUnit(unit).replaceAll('/usr/local/bin/mailkeep', '/bin/true'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(missing)(missing ? 'systemd-analyze is needed: systemd units' : 'systemd units', () => {
  test.each(['mailkeep.service', 'mailkeep-sync.service', 'mailkeep-sync.timer', 'mailkeep-user.service'])(
    '%s is what systemd understands',
    (unit) => {
      const user = unit.includes('user') ? ['--user'] : [];
      const { status, stdout, stderr } = analyze('verify', '--man=no', ...user, join(folder, unit));
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
    },
  );

  test.each(HARDENED)(`%s is exposed by at most ${MOST_EXPOSURE}`, (unit) => {
    const { stdout } = analyze('security', '--offline=true', '--no-pager', join(folder, unit));
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure)).toBeLessThanOrEqual(MOST_EXPOSURE);
  });

  test('a directive that systemd does not know would be found', () => {
    const wrong = join(folder, 'wrong.service');
    writeFileSync(wrong, readUnit('mailkeep.service').replace('NoNewPrivileges', 'NoNewPrivilege'));
    expect(analyze('verify', '--man=no', wrong).stderr).toContain('NoNewPrivilege');
  });
});

describe('the units', () => {
  test('do not start again what only a person can put right', () => {
    for (const unit of ['mailkeep.service', 'mailkeep-user.service'])
      expect(readUnit(unit)).toMatch(/^RestartPreventExitStatus=2 12$/m);
  });

  test('let the daemon speak through a child', () => {
    for (const unit of ['mailkeep.service', 'mailkeep-user.service'])
      expect(readUnit(unit)).toMatch(/^Type=notify\n(?:#.*\n)*NotifyAccess=all$/m);
  });

  test('are hardened alike', () => {
    const [first, second] = HARDENED.map((unit) =>
      readUnit(unit)
        .replace(/[\s\S]*(?=^ProtectSystem)/m, '')
        .replace(/^\[Install\][\s\S]*/m, '')
        .trim(),
    );
    expect(first!.length).toBeGreaterThan(500);
    expect(second).toBe(first);
  });
});

function readUnit(unit: string): string {
  return readFileSync(join(UNITS, unit), 'utf8');
}

function analyze(...words: string[]) {
  const env = { ...process.env, XDG_RUNTIME_DIR: folder, SYSTEMD_COLORS: '0' };
  return spawnSync('systemd-analyze', words, { encoding: 'utf8', env });
}

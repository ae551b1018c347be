// An archive on a disk that can't be written to, as a snapshot or a read-only mount is: what only reads it works.

import { cpSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allSubjects, inboxStage, numbered, subjects } from '../support/scripted-restore.js';
import { SmallDisk } from '../support/small-disk.js';
import { targetAccount } from './restore-stage.js';

type Stage = Awaited<ReturnType<typeof inboxStage>>;

function copyTo(disk: SmallDisk, { mailkeep }: Stage): void {
  cpSync(mailkeep.root, join(disk.folder, 'personal'), { recursive: true, preserveTimestamps: true });
}

/** From here on the archive is the copy on that disk. */
function configureOn(disk: SmallDisk, { mailkeep, source, target }: Stage): Promise<void> {
  return mailkeep.configure({
    port: source.port,
    user: 'alice',
    password: 'pass',
    top: { data_dir: disk.folder },
    others: [targetAccount('other', { port: target.port, password: 'pass' }, 'bob')],
  });
}

describe.skipIf(SmallDisk.whyNot() !== undefined)('an archive that can only be read', () => {
  test.each(['a whole index', 'changes in the write-ahead log'])(
    'is restored and exported, with %s',
    async (index) => {
      await using it = await inboxStage(numbered(6));
      using disk = SmallDisk.make(16);
      const { mailkeep, source, target } = it;
      if (index !== 'a whole index') {
        // Whoever keeps a database open keeps its log beside it.
        const { default: Database } = await import('better-sqlite3');
        const other = new Database(join(mailkeep.root, 'index.db'));
        other.prepare('SELECT count(*) FROM message').get();
        source.store('alice').inbox.append({ body: 'Subject: number 6\r\n\r\nx\r\n' });
        expect((await mailkeep.sync('personal')).code).toBe(0);
        copyTo(disk, it);
        other.close();
      } else copyTo(disk, it);
      const count = index === 'a whole index' ? 6 : 7;
      const before = readdirSync(join(disk.folder, 'personal')).sort();
      expect(before.includes('index.db-wal')).toBe(count === 7);
      disk.seal();
      await configureOn(disk, it);
      const run = await it.toOther('--verify');
      expect([run.code, run.report.restored]).toEqual([0, count]);
      expect(run.report.remarks.join()).toContain("restore.db can't be written to");
      expect(subjects(target)).toEqual(allSubjects(count));
      expect((await it.toOther()).report).toMatchObject({ restored: 0, present: count });
      const to = join(mailkeep.folder, 'out');
      const out = await mailkeep.run('export', 'personal', '--format', 'eml', '--to', to);
      expect([out.code, readdirSync(join(to, 'INBOX')).length]).toEqual([0, count]);
      const checked = await mailkeep.run('check', 'personal', '--read-data', '--json');
      expect([checked.code, JSON.parse(checked.stdout).accounts?.[0]]).toMatchObject([0, { files: count }]);
      const found = await mailkeep.run('search', 'number', '--account', 'personal', '--json');
      expect([found.code, found.stdout]).toEqual([
        1,
        expect.stringContaining("search.db can't be written to"),
      ]);
      expect(readdirSync(join(disk.folder, 'personal')).sort()).toEqual(before);
    },
  );

  test.each([64, 130])('on a disk with %i KB left is restored, noted down or not', async (kilobytes) => {
    await using it = await inboxStage(numbered(600));
    using disk = SmallDisk.make(8);
    const { target } = it;
    copyTo(disk, it);
    await configureOn(disk, it);
    const { bavail, bsize } = statfsSync(disk.folder);
    writeFileSync(join(disk.folder, 'ballast'), Buffer.alloc(bavail * bsize - kilobytes * 1024));
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.error]).toEqual([0, 600, null]);
    expect(run.report.remarks).toEqual([expect.stringMatching(/is not noted down, since no space left/)]);
    expect((await it.toOther()).report).toMatchObject({ restored: 0, present: 600, failed: 0 });
    expect(subjects(target)).toHaveLength(600);
  });

  test('because the disk is full is shown, restored and exported all the same', async () => {
    await using it = await inboxStage(numbered(6));
    using disk = SmallDisk.make(4);
    const { mailkeep, target } = it;
    const root = join(disk.folder, 'personal');
    copyTo(disk, it);
    await configureOn(disk, it);
    expect(() => writeFileSync(join(disk.folder, 'ballast'), Buffer.alloc(8 * 1024 * 1024))).toThrow(
      'ENOSPC',
    );

    const run = await it.toOther('--verify');
    expect([run.code, run.report.restored]).toEqual([0, 6]);
    expect(subjects(target)).toEqual(allSubjects(6));
    const to = join(mailkeep.folder, 'out');
    expect((await mailkeep.run('export', 'personal', '--format', 'eml', '--to', to)).code).toBe(0);
    for (const command of ['status', 'check'])
      expect([command, (await mailkeep.run(command, 'personal')).code]).toEqual([command, 0]);
    const found = await mailkeep.run('search', 'number', '--account', 'personal', '--json');
    expect([found.code, found.stdout]).toEqual([1, expect.stringContaining('disk_full')]);
    const rebuilt = await mailkeep.run('repair', 'personal', '--rebuild-index', '--json');
    expect([rebuilt.code, JSON.parse(rebuilt.stdout).error?.code]).toEqual([1, 'disk_full']);
    expect(readdirSync(root)).not.toContain('index.db.new');
  });
});

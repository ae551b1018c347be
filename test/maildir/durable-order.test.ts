// The order of a run's effects, as they were recorded: each file is synced before it gets its name, each
// folder after, and only then comes the row; the cursor's transaction is the one that has the rows.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../crash/crash-everywhere.js';
import { runOnce } from '../crash/one-run.js';
import { SCENARIOS, serverWith } from '../crash/scenarios.js';

test.each(SCENARIOS.map((scenario) => ({ scenario, name: scenario.name })))(
  'file, name, folder, row is the order of everything: $name',
  async ({ scenario }) => {
    const folder = temporaryFolder();
    try {
      const root = join(folder, 'archive');
      const steps = [...scenario.before, scenario.change];
      for (let count = 1; count <= steps.length; count++) {
        const mail = serverWith(steps.slice(0, count));
        const { effects } = await runOnce(root, {
          mail,
          tier: 'qresync',
          objectId: scenario.objectId ?? false,
        });
        inOrder(effects.names);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

const RECORDS =
  /^index\.(recordStored|recordAdopted|recordSettled|recordRetired|addKeywords|recordFolderMoved)$/;

function inOrder(names: readonly string[]): void {
  expect(names[0]).toBe('index.beginRun');
  expect(names.at(-1)).toBe('index.finishRun');
  let unsyncedFolders = new Set<string>();
  const unsyncedFiles = new Set<string>();
  for (const name of names) {
    const [, verb, path] = /^(\S+) ?(.*)$/.exec(name)!;
    if (verb === 'open' || verb === 'write' || verb === 'futimes') unsyncedFiles.add(path!);
    else if (verb === 'fsync') {
      unsyncedFiles.delete(path!);
      unsyncedFolders.delete(path!);
    } else if (verb === 'rename' || verb === 'link') {
      // A temporary file that got its name was synced; links are to files that have theirs.
      if (path!.includes('/cur/'))
        expect([...unsyncedFiles].filter((file) => isNamed(file, names, name))).toEqual([]);
      unsyncedFolders.add(path!.slice(0, path!.lastIndexOf('/')));
    } else if (verb === 'mkdir')
      unsyncedFolders.add(path!.includes('/') ? path!.slice(0, path!.lastIndexOf('/')) : '.');
    if (RECORDS.test(verb!)) {
      expect([...unsyncedFolders]).toEqual([]);
      unsyncedFolders = new Set();
    }
  }
}

/** Whether this temporary file is not removed later on: then it was the one renamed. */
function isNamed(file: string, names: readonly string[], rename: string): boolean {
  const rest = names.slice(names.indexOf(rename));
  return file.endsWith('.mailkeep') && !rest.includes(`unlink ${file}`) && !rest.includes(`fsync ${file}`);
}

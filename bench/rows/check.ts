// Reading every octet of an archive and comparing it with its hash, beside sha256sum over the same files on one core.

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MailkeepHome, SOURCE } from '../contestants.js';
import { megabytes, twenty } from '../data.js';
import { MAILKEEP, memoryGoal, type Row, ratioGoal } from '../row.js';

const SHA256SUM = 'sha256sum';

/** At least 70 % of its speed. */
const MOST_OF_ITS_TIME = 1 / 0.7;

export const checkReadData: Row = {
  name: 'check-read-data',
  needs: ['dovecot'],
  run: async (setting) => {
    const mail = await twenty(setting);
    const { port } = await setting.server();
    const own = setting.owned(await MailkeepHome.make({ port, user: mail.user }), (it) => it.remove());
    await setting.run(own.command('sync'));
    const list = join(own.folder, 'hashes');
    const files = await listFiles(join(own.folder, 'data', SOURCE, 'mail'), list);
    const series = await setting.compete([
      {
        who: MAILKEEP,
        command: () => own.command('check', '--read-data', '--json'),
        verify: async ({ stdout }) => {
          const { accounts } = JSON.parse(stdout) as { accounts: { files: number; read_data: boolean }[] };
          if (accounts[0]?.files !== files || !accounts[0].read_data)
            throw new Error(`${accounts[0]?.files} files were read instead of ${files}`);
          return undefined;
        },
      },
      {
        who: SHA256SUM,
        command: () => ({
          program: SHA256SUM,
          args: ['--check', '--quiet', '--strict', list],
          folder: own.folder,
        }),
      },
    ]);
    return {
      name: 'check-read-data',
      work: `every octet of ${files.toLocaleString('en')} files, ${megabytes(mail.octets)}`,
      series,
      goals: [...ratioGoal(series, SHA256SUM, MOST_OF_ITS_TIME), ...memoryGoal(series)],
    };
  },
};

/** In the form that sha256sum checks; the hash is the one in the name. Returns how many there are. */
async function listFiles(folder: string, list: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const lines = names.flatMap((name) => {
    const hash = /\.([0-9a-f]{64}),S=/.exec(name)?.[1];
    return hash === undefined ? [] : [`${hash}  ${join(folder, name)}\n`];
  });
  await writeFile(list, lines.join(''));
  return lines.length;
}
